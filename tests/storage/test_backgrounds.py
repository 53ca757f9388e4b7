from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import RoomError
from monitor.records import BackgroundState, Room
from monitor.storage import backgrounds as rooms
from tests.examples import NOON, room

KEY = ("mic0", "embedded-3fa2")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "monitor" / "rooms"


def write(values: dict[str, Any] | bytes) -> None:
    """Put something else into the file of the example's room."""
    rooms.save(room(), NOON)
    content = values if isinstance(values, bytes) else json.dumps(values).encode()
    rooms.room_file(*KEY).write_bytes(content)


def good(**changes: Any) -> dict[str, Any]:
    rooms.save(room(), NOON)
    return {**json.loads(rooms.room_file(*KEY).read_bytes()), **changes}


def test_what_was_saved_is_what_is_loaded() -> None:
    saved = rooms.save(room(), NOON)
    assert rooms.load(*KEY) == saved
    assert (saved.source_name, saved.saved, saved.windows, saved.likeness) == (
        "USB microphone",
        NOON,
        40,
        0.5,
    )
    np.testing.assert_array_equal(saved.vector(4), np.array([0.3, 0.4, 0.0, 0.0], np.float32))


def test_the_folder_and_the_file_are_for_their_owner_only_and_nothing_else_is_left(home: Path) -> None:
    rooms.save(room(), NOON)
    rooms.save(room(), NOON + timedelta(hours=1))
    assert [path.name for path in home.iterdir()] == ["mic0@embedded-3fa2.json"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE(rooms.room_file(*KEY).stat().st_mode) == 0o600
    loaded = rooms.load(*KEY)
    assert loaded is not None
    assert loaded.saved == NOON + timedelta(hours=1)


def test_without_a_state_folder_of_ones_own_rooms_are_under_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert rooms.rooms_folder() == Path.home() / ".local/state/monitor/rooms"


def test_a_room_that_is_not_known_well_enough_is_refused(home: Path) -> None:
    learning = BackgroundState(ready=False, age_s=0.0, windows=7, needed=20)
    with pytest.raises(RoomError, match="7 of 20 windows"):
        rooms.save(msgspec.structs.replace(room(), state=learning), NOON)
    assert not home.exists()


def test_what_is_not_stored_is_none() -> None:
    assert rooms.load(*KEY) is None
    assert rooms.remember(*KEY, 4) == rooms.Memory(None)
    assert rooms.stored_rooms() == ([], [])
    assert rooms.remove(None) == []


names = st.text(max_size=300)


@given(source=names, model=names, other=names)
def test_any_name_gives_a_file_in_the_folder_and_different_names_different_files(
    source: str, model: str, other: str
) -> None:
    path = rooms.room_file(source, model)
    assert path.parent == rooms.rooms_folder()
    assert len(path.name.encode()) <= 255
    assert not path.name.startswith(".")
    assert (rooms.room_file(other, model) == path) == (other == source)
    assert (rooms.room_file(source, other) == path) == (other == model)


def test_a_room_of_another_model_is_refused_and_a_run_goes_on_without_it() -> None:
    write(good(model="clap-77"))
    with pytest.raises(RoomError, match="as the model clap-77 hears it"):
        rooms.load(*KEY)
    memory = rooms.remember(*KEY, 4)
    assert memory.mean is None
    assert "clap-77" in memory.note
    assert memory.note.endswith("This run learns the room anew.")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mean": [0.1, 0.2]}, "it has 2 dimensions, and the model has 4"),
        ({"mean": [0.0] * 4}, "not the mean of anything"),
        ({"mean": [3.0, 0.0, 0.0, 0.0]}, "not the mean of anything"),
        ({"mean": [1e308] * 4}, "not the mean of anything"),
        ({"version": 2}, "version 2"),
        ({"mean": "loud"}, "damaged"),
        ({"saved": "2026-11-21T12:00:00"}, "damaged"),
    ],
    ids=str,
)
def test_a_room_that_cannot_be_used_is_told_of_and_ends_no_run(changes: dict[str, Any], says: str) -> None:
    write(good(**changes))
    memory = rooms.remember(*KEY, 4)
    assert memory.mean is None
    assert says in memory.note
    assert str(rooms.room_file(*KEY)) in memory.note


@given(content=st.one_of(st.binary(max_size=60), st.just(b"[" * 100_000)))
def test_arbitrary_bytes_are_no_room(content: bytes) -> None:
    write(content)
    assert "damaged" in rooms.remember(*KEY, 4).note
    found, (fault,) = rooms.stored_rooms()
    assert found == []
    assert "damaged" in fault


def test_a_file_that_cannot_be_read_ends_no_run() -> None:
    rooms.room_file(*KEY).mkdir(parents=True)
    assert "cannot be read" in rooms.remember(*KEY, 4).note


def test_text_of_a_file_cannot_steer_a_terminal() -> None:
    write(good(source_name="\x1b]0;owned\x07"))
    assert "\x1b" not in rooms.remember(*KEY, 4).note


def test_a_folder_that_cannot_be_written_is_named(home: Path) -> None:
    home.parent.write_text("a file where the folder should be")
    with pytest.raises(RoomError, match=r"Cannot write .*mic0@embedded-3fa2\.json: "):
        rooms.save(room(), NOON)


def test_a_run_is_told_when_its_room_was_saved() -> None:
    rooms.save(room(), NOON)
    memory = rooms.remember(*KEY, 4)
    assert memory.mean is not None
    assert memory.note == f"USB microphone begins with its room as saved on {rooms.when(NOON)}."


def of(source_id: str, model: str) -> Room:
    return msgspec.structs.replace(room(), source_id=source_id, model=model)


def test_rooms_are_removed_for_one_source_and_all_its_models_or_all() -> None:
    for source_id, model in [("a", "m"), ("a", "n"), ("a-b", "m"), ("c", "m")]:
        rooms.save(of(source_id, model), NOON)
    assert rooms.remove(["a"]) == ["a@m.json", "a@n.json"]
    assert [one.source_id for one in rooms.stored_rooms()[0]] == ["a-b", "c"]
    assert rooms.remove(None) == ["a-b@m.json", "c@m.json"]
