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

from monitor.bus.messages import BackgroundProfile
from monitor.errors import BackgroundError
from monitor.records import BackgroundState
from monitor.storage import backgrounds
from tests.examples import NOON, background

KEY = ("mic0", "embedded-3fa2")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "monitor" / "backgrounds"


def write(values: dict[str, Any] | bytes) -> None:
    """Put something else into the file of the example's background."""
    backgrounds.save(background(), NOON)
    content = values if isinstance(values, bytes) else json.dumps(values).encode()
    backgrounds.background_file(*KEY).write_bytes(content)


def good(**changes: Any) -> dict[str, Any]:
    backgrounds.save(background(), NOON)
    return {**json.loads(backgrounds.background_file(*KEY).read_bytes()), **changes}


def test_what_was_saved_is_what_is_loaded() -> None:
    saved = backgrounds.save(background(), NOON)
    assert backgrounds.load(*KEY) == saved
    assert (saved.source_name, saved.saved, saved.windows, saved.likeness) == (
        "USB microphone",
        NOON,
        40,
        0.5,
    )
    np.testing.assert_array_equal(saved.vector(4), np.array([0.3, 0.4, 0.0, 0.0], np.float32))


def test_the_folder_and_the_file_are_for_their_owner_only_and_nothing_else_is_left(home: Path) -> None:
    backgrounds.save(background(), NOON)
    backgrounds.save(background(), NOON + timedelta(hours=1))
    assert [path.name for path in home.iterdir()] == ["mic0@embedded-3fa2.json"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE(backgrounds.background_file(*KEY).stat().st_mode) == 0o600
    loaded = backgrounds.load(*KEY)
    assert loaded is not None
    assert loaded.saved == NOON + timedelta(hours=1)


def test_without_a_state_folder_of_ones_own_backgrounds_are_under_the_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert backgrounds.backgrounds_folder() == Path.home() / ".local/state/monitor/backgrounds"


def test_what_an_earlier_version_kept_is_moved_once_and_nothing_is_lost(home: Path) -> None:
    former = home.with_name("rooms")
    saved = backgrounds.save(background(), NOON)
    home.rename(former)
    assert backgrounds.load(*KEY) == saved
    assert not former.exists()
    assert [path.name for path in home.iterdir()] == ["mic0@embedded-3fa2.json"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_where_both_versions_kept_a_source_the_newer_is_read_and_the_older_is_not_deleted(home: Path) -> None:
    former = home.with_name("rooms")
    backgrounds.save(background("attic"), NOON)
    home.rename(former)
    home.mkdir()
    (home / "mic0@embedded-3fa2.json").write_text("newer")
    (former / "mic0@embedded-3fa2.json").write_text("older")
    assert [one.source_id for one in backgrounds.stored_backgrounds()[0]] == ["attic"]
    assert (home / "mic0@embedded-3fa2.json").read_text() == "newer"
    assert [path.read_text() for path in former.iterdir()] == ["older"]


def test_a_background_that_is_not_known_well_enough_is_refused(home: Path) -> None:
    learning = BackgroundState(ready=False, age_s=0.0, windows=7, needed=20)
    with pytest.raises(BackgroundError, match="7 of 20 windows"):
        backgrounds.save(msgspec.structs.replace(background(), state=learning), NOON)
    assert not home.exists()


def test_what_is_not_stored_is_none() -> None:
    assert backgrounds.load(*KEY) is None
    assert backgrounds.remember(*KEY, 4) == backgrounds.Memory(None)
    assert backgrounds.stored_backgrounds() == ([], [])
    assert backgrounds.remove(None) == []


names = st.text(max_size=300)


@given(source=names, model=names, other=names)
def test_any_name_gives_a_file_in_the_folder_and_different_names_different_files(
    source: str, model: str, other: str
) -> None:
    path = backgrounds.background_file(source, model)
    assert path.parent == backgrounds.backgrounds_folder()
    assert len(path.name.encode()) <= 255
    assert not path.name.startswith(".")
    assert (backgrounds.background_file(other, model) == path) == (other == source)
    assert (backgrounds.background_file(source, other) == path) == (other == model)


def test_a_background_of_another_model_is_refused_and_a_run_goes_on_without_it() -> None:
    write(good(model="clap-77"))
    with pytest.raises(BackgroundError, match="as the model clap-77 hears it"):
        backgrounds.load(*KEY)
    memory = backgrounds.remember(*KEY, 4)
    assert memory.mean is None
    assert "clap-77" in memory.note
    assert memory.note.endswith("This run learns the background again.")


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
def test_a_background_that_cannot_be_used_is_told_of_and_ends_no_run(
    changes: dict[str, Any], says: str
) -> None:
    write(good(**changes))
    memory = backgrounds.remember(*KEY, 4)
    assert memory.mean is None
    assert says in memory.note
    assert str(backgrounds.background_file(*KEY)) in memory.note


@given(content=st.one_of(st.binary(max_size=60), st.just(b"[" * 100_000)))
def test_arbitrary_bytes_are_no_background(content: bytes) -> None:
    write(content)
    assert "damaged" in backgrounds.remember(*KEY, 4).note
    found, (fault,) = backgrounds.stored_backgrounds()
    assert found == []
    assert "damaged" in fault


def test_a_file_that_cannot_be_read_ends_no_run() -> None:
    backgrounds.background_file(*KEY).mkdir(parents=True)
    assert "cannot be read" in backgrounds.remember(*KEY, 4).note


def test_text_of_a_file_cannot_steer_a_terminal() -> None:
    write(good(source_name="\x1b]0;owned\x07"))
    assert "\x1b" not in backgrounds.remember(*KEY, 4).note


def test_a_folder_that_cannot_be_written_is_named(home: Path) -> None:
    home.parent.write_text("a file where the folder should be")
    with pytest.raises(BackgroundError, match=r"Cannot write .*mic0@embedded-3fa2\.json: "):
        backgrounds.save(background(), NOON)


def test_a_run_is_told_when_its_background_was_saved() -> None:
    backgrounds.save(background(), NOON)
    memory = backgrounds.remember(*KEY, 4)
    assert memory.mean is not None
    assert memory.note == f"USB microphone begins with its background as saved on {backgrounds.when(NOON)}."


def of(source_id: str, model: str) -> BackgroundProfile:
    return msgspec.structs.replace(background(), source_id=source_id, model=model)


def test_backgrounds_are_removed_for_one_source_and_all_its_models_or_all() -> None:
    for source_id, model in [("a", "m"), ("a", "n"), ("a-b", "m"), ("c", "m")]:
        backgrounds.save(of(source_id, model), NOON)
    assert backgrounds.remove(["a"]) == ["a@m.json", "a@n.json"]
    assert [one.source_id for one in backgrounds.stored_backgrounds()[0]] == ["a-b", "c"]
    assert backgrounds.remove(None) == ["a-b@m.json", "c@m.json"]
