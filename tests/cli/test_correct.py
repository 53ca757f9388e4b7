"""`monitor correct` and `monitor memory`: with a running monitor on real sockets, and without one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from monitor.bus.publisher import Publisher
from monitor.cli.main import main
from monitor.config.settings import MemoryConfig
from monitor.pipeline.corrector import Corrector
from monitor.pipeline.memory import make_memory
from monitor.scoring.corrections import Corrections
from monitor.storage.history import Asked, find, history_file
from monitor.storage.moments import OfEvent, memory_file
from tests.examples import health
from tests.publishing import eager_publisher, until
from tests.storage.moments.test_moments import moment

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def remembered() -> Path:
    """Return a memory of two barks that sound alike, and of a siren."""
    path = memory_file()
    assert path is not None
    memory = make_memory(path, MemoryConfig(), None)
    for at, (id_, class_, seed) in enumerate(
        [("bark-1", "dog_bark", 1), ("siren-1", "siren", 2), ("bark-2", "dog_bark", 1)]
    ):
        memory.queue.emit(OfEvent(id_, [moment(at, id_, class_, seed)]))
    memory.queue.close()
    return path


class Listening:
    """A monitor that goes by corrections, asked by commands of other threads."""

    def __init__(self, publisher: Publisher, path: Path) -> None:
        self.publisher = publisher
        self.memory = make_memory(path, MemoryConfig(), None)
        self.corrections = Corrections(("dog_bark", "siren"))
        self.corrector = Corrector(self.corrections, [], self.memory, lambda: datetime.now(UTC))
        publisher.emit(health())

    def command(self, *arguments: str) -> int:
        connection = ["--connect", self.publisher.endpoint, "--control", self.publisher.control_endpoint]
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(main, [*arguments, *connection])
            until(done.done, lambda: self.publisher.poll(lambda one: self.corrector.handle(one).reply))
        return done.result()


@pytest.fixture
def listening(remembered: Path) -> Iterator[Listening]:
    publisher = eager_publisher()
    made = Listening(publisher, remembered)
    yield made
    made.memory.queue.close()
    publisher.close()


def test_a_running_monitor_goes_by_what_is_said_at_once(listening: Listening, capsys: Capture) -> None:
    assert listening.command("correct", "bark-1", "wrong", "--was", "siren") == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "bark-1 was wrong, it was siren. The same sound is now told less readily as dog bark"
    )
    assert re.search(r" \(odds [\d.]+ times lower\), more readily as siren \(odds [\d.]+ times higher", said)
    assert (
        listening.corrections.effect("dog_bark", moment(seed=1).vector[np.newaxis].astype(np.float32)) < 0.0
    )
    assert listening.command("correct", "list") == 0
    assert "monitor correct (pid" in capsys.readouterr().out
    assert listening.command("correct", "bark-1", "undo") == 0
    assert capsys.readouterr().out == "Taken back: what was said of bark-1.\n"
    assert listening.command("correct", "list") == 0
    assert capsys.readouterr().out.startswith("Nothing was said of any event")


def test_what_a_running_monitor_refuses_is_one_sentence(listening: Listening, capsys: Capture) -> None:
    assert listening.command("correct", "miaow-1", "wrong") == 2
    assert capsys.readouterr().err.startswith("monitor: Nothing is remembered of an event 'miaow-1'")


def without_monitor(tmp_path: Path) -> list[str]:
    return ["--connect", f"ipc://{tmp_path}/nobody"]


def test_without_a_monitor_it_is_written_down_for_the_next_one(
    remembered: Path, home: Path, capsys: Capture
) -> None:
    nobody = without_monitor(home)
    assert main(["correct", "--last", "wrong", *nobody]) == 0
    assert capsys.readouterr().out.startswith("bark-2 was wrong. The same sound is now told less readily")
    assert main(["correct", "bark-1", "right", *nobody]) == 0
    assert main(["correct", "list", "--json", *nobody]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["event_id"], one["right"], one["effect"]) for one in told] == [
        ("bark-2", False, 0.0),  # what sounds the same was said to be right as well
        ("bark-1", True, 0.0),
    ]
    assert main(["correct", "bark-1", "undo", *nobody]) == 0
    history = history_file()
    assert history is not None
    changes = [(one.change.event_id, one.change.after) for one in find(history, Asked()).changes]
    assert changes == [("bark-2", False), ("bark-1", True), ("bark-1", None)]


def test_the_list_shows_an_id_whole_however_little_room_there_is(home: Path, capsys: Capture) -> None:
    id_, path = "usb-" + "0123456789" * 9, memory_file()
    assert path is not None
    memory = make_memory(path, MemoryConfig(), None)
    memory.queue.emit(OfEvent(id_, [moment(0, id_, "dog_bark", 1)]))
    memory.queue.close()
    assert main(["correct", id_, "wrong", "--was", "smoke alarm", *without_monitor(home)]) == 0
    capsys.readouterr()
    assert main(["correct", "list", *without_monitor(home)]) == 0
    assert id_ in capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bark-1"], "'bark-1' says nothing of an event"),
        (["last", "wrong"], "'last' is the id of no event; did you mean --last?"),
        (["bark-1", "perhaps"], "'bark-1 perhaps' says nothing of an event"),
        (["bark-1", "wrong", "--last"], "'bark-1 wrong' says nothing of an event"),
        (["bark-1", "right", "--was", "siren"], "--was says what an event was that is wrong"),
        (["miaow-1", "wrong"], "No monitor runs, and of its memory: Nothing is remembered of an event"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    remembered: Path, home: Path, capsys: Capture, words: list[str], said: str
) -> None:
    assert main(["correct", *words, *without_monitor(home)]) == 2
    assert capsys.readouterr().err.startswith(f"monitor: {said}")


def test_where_nothing_is_remembered_nothing_can_be_said(home: Path, capsys: Capture) -> None:
    assert main(["correct", "--last", "wrong", *without_monitor(home)]) == 2
    assert capsys.readouterr().err.startswith("monitor: No monitor runs, and nothing is remembered")
    assert main(["correct", "list", *without_monitor(home)]) == 0
    assert capsys.readouterr().out.startswith("Nothing was said of any event")


def test_the_memory_shows_how_much_it_has_and_forgets(remembered: Path, home: Path, capsys: Capture) -> None:
    assert main(["memory", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["keep"], shown["encrypted"], shown["corrections"]) == ("events", False, 0)
    assert [(one["source_id"], one["moments"], one["events"]) for one in shown["sources"]] == [("mic0", 3, 3)]
    nobody = without_monitor(home)
    assert main(["correct", "siren-1", "wrong", *nobody]) == 0
    capsys.readouterr()
    assert main(["memory", "forget", "--event", "siren-1", *nobody]) == 0
    assert capsys.readouterr().out == "Forgotten: 1 moments. What was said of 1 events is taken back.\n"
    assert main(["memory", "forget", *nobody]) == 2
    assert main(["memory", "forget", "--all", *nobody]) == 0
    capsys.readouterr()
    assert main(["memory", "show"]) == 0
    assert capsys.readouterr().out.startswith(
        "Nothing is remembered yet. It is on ([memory] keep = 'events', the default): `monitor run` keeps"
    )


def test_what_a_running_monitor_goes_by_is_forgotten_with_its_moments(listening: Listening) -> None:
    listening.command("correct", "siren-1", "wrong")
    listening.memory.queue.close()
    assert listening.command("memory", "forget", "--all") == 0
    assert listening.corrections.terms(moment(seed=2).vector.astype(np.float32)) is None


def test_the_memory_is_exported_as_arrays(remembered: Path, home: Path, capsys: Capture) -> None:
    file = home / "memory.npz"
    assert main(["memory", "export", str(file)]) == 0
    with np.load(file) as arrays:
        assert arrays["vectors"].shape == (3, 64)
        assert list(arrays["event_ids"]) == ["bark-1", "siren-1", "bark-2"]
        assert json.loads(str(arrays["scores"][0])) == {"siren": 0.9, "dog": 0.1}
    assert main(["memory", "export", str(file)]) == 2
    assert main(["memory", "export", str(file), "--force", "--model", "another"]) == 2
    assert "Say of which model: --model model-1" in capsys.readouterr().err


def test_a_new_key_encrypts_what_is_there(remembered: Path, home: Path, capsys: Capture) -> None:
    key, config = home / "key", home / "monitor.toml"
    assert main(["memory", "key", "new", str(key)]) == 0
    assert key.stat().st_mode & 0o077 == 0
    config.write_text(f'[memory]\nkey_file = "{key}"\n', "utf-8")
    assert main(["memory", "show", "--config", str(config)]) == 0
    assert ", encrypted; 0 events were corrected." in capsys.readouterr().out.replace("\n", " ")
    assert main(["memory", "show"]) == 2
    assert "is encrypted; say where its key is" in capsys.readouterr().err
    assert main(["correct", "list", *without_monitor(home), "--config", str(config)]) == 0
    assert main(["memory", "key", "new", str(key)]) == 2
