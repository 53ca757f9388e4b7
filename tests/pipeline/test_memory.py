"""The memory of a run: whose moments are written, and what is told where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.settings import Config, MemoryConfig
from monitor.pipeline.memory import make_memory, make_moment_keeper, open_memory
from monitor.pipeline.reporter import Stream
from monitor.sinks.fanout import Fanout
from monitor.storage.moments import OfEvent, memory_file, open_moments
from monitor.storage.moments.sealing import new_key, seal_of
from tests.storage.moments.test_moments import moment

MICROPHONE = Stream("mic0", "USB microphone", 16_000, "model-1", True, "run")
FILE = Stream("street", "street.wav", 16_000, "model-1", False, "run")
DEMO = Stream("demo", "demo", 16_000, "model-1", True, "run")


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_what_a_file_or_code_brings_is_not_remembered() -> None:
    assert open_memory(Config(), [FILE, DEMO]) == (None, ())
    memory, notes = open_memory(Config(), [FILE, MICROPHONE])
    assert memory is not None
    assert notes == ()
    assert make_moment_keeper(MICROPHONE, memory, Config()).lasting
    assert not make_moment_keeper(FILE, memory, Config()).lasting
    assert not make_moment_keeper(MICROPHONE, memory, Config(memory=MemoryConfig(keep="none"))).lasting
    memory.queue.close()
    assert not memory.path.exists(), "there is no file before there is something to keep"


def test_without_its_key_a_run_goes_on_and_remembers_nothing() -> None:
    path = memory_file()
    assert path is not None
    sealed = make_memory(path, MemoryConfig(), seal_of(MemoryConfig(key_env="K"), {"K": new_key()}))
    sealed.queue.emit(OfEvent("", [moment()]))
    sealed.queue.close()
    memory, (note,) = open_memory(Config(), [MICROPHONE])
    assert memory is None
    assert note.startswith("Nothing is remembered in this run. The memory ")
    assert "is encrypted" in note
    memory, (note,) = open_memory(Config(memory=MemoryConfig(key_file="/nowhere/key")), [MICROPHONE])
    assert memory is None
    assert "cannot be read" in note


def test_where_it_cannot_be_written_that_is_told_once_and_counted(state: Path) -> None:
    (state / "monitor").write_text("no folder")
    memory, _ = open_memory(Config(), [MICROPHONE])
    assert memory is not None
    fanout = Fanout([])
    fanout.count(memory.queue)
    for _ in range(3):
        memory.queue.emit(OfEvent("", [moment()]))
    fanout.close()
    assert fanout.undelivered == 3
    (news,) = fanout.news()
    assert news.startswith(f"The memory {memory.path} cannot be written: ")


def test_what_waits_is_written_before_the_end() -> None:
    memory, _ = open_memory(Config(), [MICROPHONE])
    assert memory is not None
    for number in range(50):
        memory.queue.emit(OfEvent(str(number), [moment(number, str(number))]))
    memory.queue.close()
    with open_moments(memory.path) as moments:
        assert moments is not None
        assert [one.events for one in moments.overview()] == [50]
