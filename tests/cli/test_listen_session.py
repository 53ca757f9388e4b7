from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import zmq

from monitor.bus.client import ABSENT_AFTER_S, Watch
from monitor.bus.codec import encode_json
from monitor.bus.publisher import Publisher
from monitor.cli.listen_session import listen
from monitor.errors import PublishError
from monitor.waiting import readable
from tests.examples import event, health, near_miss
from tests.publishing import PATIENCE_S, agree, eager_publisher, until

ROOT = Path(__file__).parents[2]
COMMAND = """import signal, sys
from monitor.cli.listen_session import listen
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it as ignored
sys.exit(listen(sys.argv[1], True, sys.stdout))"""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = eager_publisher()
    yield made
    made.close()


class Listening:
    """A `listen` in a thread, whose output is a pipe that the test reads and hangs up."""

    def __init__(self, endpoint: str, as_json: bool, near_misses: bool = False) -> None:
        self._read_fd, write_fd = os.pipe()
        self._out = os.fdopen(write_fd, "w")
        self.err = io.StringIO()
        self.seen = b""
        self._pool = ThreadPoolExecutor(1)
        self.result: Future[int] = self._pool.submit(
            listen, endpoint, as_json, self._out, near_misses, PATIENCE_S, self.err
        )

    def look(self) -> None:
        if readable(self._read_fd, 0.01):
            self.seen += os.read(self._read_fd, 1 << 16)

    def hang_up(self, publisher: Publisher) -> int:
        """Stop reading, and return the exit code."""
        os.close(self._read_fd)
        until(self.result.done, lambda: publisher.poll(agree))
        self._out.close()
        self._pool.shutdown()
        return self.result.result()


def sleep() -> None:
    """Let others run between two turns."""
    time.sleep(0.01)


def turn(publisher: Publisher, listening: Listening) -> None:
    publisher.poll(agree)
    listening.look()


def test_what_sounds_already_comes_first_and_then_what_happens(publisher: Publisher) -> None:
    publisher.emit(event("onset"))
    publisher.emit(event("update"))
    listening = Listening(publisher.endpoint, as_json=True)
    until(lambda: listening.seen.count(b"\n") == 1, lambda: turn(publisher, listening))
    publisher.emit(event("offset"))
    until(lambda: listening.seen.count(b"\n") == 2, lambda: turn(publisher, listening))
    assert listening.seen.splitlines() == [encode_json(event("update")), encode_json(event("offset"))]
    assert listening.hang_up(publisher) == 0


def test_whoever_joins_many_sources_is_told_of_alike_ones_in_one_line_in_order(publisher: Publisher) -> None:
    names = ["bed 10", "bed 9", "Attic", *(f"door {number}" for number in range(20, 0, -1))]
    for name in names:
        publisher.emit(msgspec.structs.replace(health(), source_id=name.replace(" ", "-"), source_name=name))
    other = msgspec.structs.replace(health().classes[0], class_="siren", label="", muted=False)
    publisher.emit(msgspec.structs.replace(health(), source_id="yard", source_name="yard", classes=[other]))
    publisher.emit(msgspec.structs.replace(health("lost"), source_id="cellar", source_name="cellar"))
    publisher.emit(event("onset"))
    listening = Listening(publisher.endpoint, as_json=False)
    until(lambda: b"onset" in listening.seen, lambda: turn(publisher, listening))
    _, alike, yard, lost, _ = listening.seen.decode().splitlines()
    assert "to 23 sources: Attic, bed 9, bed 10, door 1, door 2, door 3, door 4 and 16 more; all for" in alike
    assert "listening to yard for siren" in yard
    assert "LOST: cellar" in lost
    assert listening.hang_up(publisher) == 0


def test_whoever_joins_late_is_told_which_of_several_sources_hears_what(publisher: Publisher) -> None:
    cellar = msgspec.structs.replace(health(), source_id="cellar", source_name="the cellar")
    for record in (health(), cellar, event("onset")):
        publisher.emit(record)
    listening = Listening(publisher.endpoint, as_json=False)
    until(lambda: b"onset" in listening.seen, lambda: turn(publisher, listening))
    lines = listening.seen.decode().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["date", "health", "onset"]
    assert "listening to the cellar, USB microphone for" in lines[1]
    assert "USB microphone: may be a dog bark" in lines[2]
    assert listening.hang_up(publisher) == 0


def test_with_json_health_is_told_in_words_on_the_other_stream_and_as_records(
    publisher: Publisher,
) -> None:
    listening = Listening(publisher.endpoint, as_json=True)
    until(lambda: "LOST" in listening.err.getvalue(), lambda: announce(publisher, listening))
    assert listening.hang_up(publisher) == 0
    told = [json.loads(line) for line in listening.seen.splitlines()]
    assert ("trouble", "lost") in [(record["type"], record["kind"]) for record in told]


def announce(publisher: Publisher, listening: Listening) -> None:
    publisher.emit(health("lost", "nothing arrives"))
    turn(publisher, listening)


def test_a_person_gets_health_and_near_misses_in_one_stream(publisher: Publisher) -> None:
    listening = Listening(publisher.endpoint, as_json=False, near_misses=True)
    until(lambda: b"LOST" in listening.seen, lambda: announce(publisher, listening))
    publisher.emit(near_miss())
    until(lambda: b"nearly  dog bark" in listening.seen, lambda: turn(publisher, listening))
    assert listening.hang_up(publisher) == 0
    assert listening.err.getvalue() == ""


def test_it_ends_when_its_time_is_over_and_has_said_that_nobody_was_there() -> None:
    err = io.StringIO()
    endpoint = "ipc://@monitor-test-nobody"
    assert listen(endpoint, False, io.StringIO(), duration_s=ABSENT_AFTER_S + 0.3, err=err) == 0
    assert err.getvalue() == f"Nobody publishes on {endpoint} yet; waiting. Start one with: monitor run\n"


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(PublishError):
        listen("tcp://10.0.0.1:5557", False, io.StringIO())


def test_a_connection_is_commented_on_where_it_changes() -> None:
    watch = Watch("tcp://here:1", started_s=0.0)

    def notes(now_s: float, alive: bool, lost: int = 0, restarts: int = 0) -> list[str]:
        return [note.sentence for note in watch.notes(now_s, alive, lost, restarts, malformed=0)]

    assert notes(1.0, alive=True) == []
    assert notes(2.0, alive=True, lost=3) == ["Messages missed: 3, in all 3."]
    assert notes(3.0, alive=True, lost=3) == []
    (gone,) = notes(6.0, alive=False, lost=3)
    assert gone.startswith("The monitor on tcp://here:1 is gone")
    assert notes(7.0, alive=False, lost=3) == []
    assert notes(8.0, alive=True, lost=4, restarts=1) == [
        "The monitor on tcp://here:1 is there.",
        "The monitor was restarted.",
        "Messages missed: 1, in all 4.",
    ]


def test_what_is_not_understood_is_told_when_it_begins_and_when_nothing_else_comes_any_more() -> None:
    watch = Watch("tcp://here:1", started_s=0.0)

    def notes(now_s: float, alive: bool, malformed: int) -> list[str]:
        return [note.sentence for note in watch.notes(now_s, alive, 0, 0, malformed)]

    def told(malformed: int) -> list[str]:
        return [f"Messages not understood: {malformed} (another version of monitor?)."]

    assert notes(0.5, alive=False, malformed=2) == told(2)
    assert notes(2.0, alive=False, malformed=9) == []  # not: nobody publishes
    assert notes(3.0, alive=True, malformed=9) == []
    assert notes(4.0, alive=True, malformed=10) == []
    assert notes(8.0, alive=False, malformed=14) == told(14)  # not: it is gone
    assert notes(9.0, alive=False, malformed=20) == []


def test_another_version_of_monitor_is_not_taken_for_nobody() -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as stranger:
        port = stranger.bind_to_random_port("tcp://127.0.0.1")
        err = io.StringIO()
        with ThreadPoolExecutor(1) as pool:
            endpoint = f"tcp://127.0.0.1:{port}"
            listening = pool.submit(
                listen, endpoint, False, io.StringIO(), duration_s=ABSENT_AFTER_S + 0.3, err=err
            )
            header = b'{"version":2,"epoch":"a","sequence":1,"time":"2026-11-21T12:00:00Z"}'

            def turn_on() -> None:
                stranger.send_multipart([b"heartbeat/", header, b"{}"])
                sleep()

            until(listening.done, turn_on)
    said = err.getvalue().splitlines()
    assert [line.endswith("(another version of monitor?).") for line in said] == [True]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_lines_that_a_full_disk_lost_are_told_once_and_are_exit_code_1(publisher: Publisher) -> None:
    publisher.emit(event("onset"))
    err = io.StringIO()
    with Path("/dev/full").open("w", encoding="utf-8") as full, ThreadPoolExecutor(1) as pool:
        listening = pool.submit(listen, publisher.endpoint, True, full, duration_s=1.0, err=err)

        def turn_on() -> None:
            publisher.emit(event("update"))
            publisher.poll(agree)
            sleep()

        until(listening.done, turn_on)
    assert listening.result() == 1
    assert err.getvalue() == "Lines cannot be written: No space left on device.\n"


def started(publisher: Publisher) -> subprocess.Popen[bytes]:
    """A `listen` in another process that has joined: it has printed what sounds already."""
    publisher.emit(event("onset"))
    child = subprocess.Popen(
        [sys.executable, "-c", COMMAND, publisher.endpoint],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    out = child.stdout
    until(lambda: readable(out, 0.01), lambda: publisher.poll(agree))
    assert out.readline() == encode_json(event("onset")) + b"\n"
    return child


def test_ctrl_c_ends_it_cleanly(publisher: Publisher) -> None:
    with started(publisher) as child:
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE_S)
        assert (child.returncode, err) == (0, b"")


def test_a_reader_that_wanted_one_line_ends_it_cleanly(publisher: Publisher) -> None:
    with started(publisher) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()  # `| head -1`
        until(lambda: child.poll() is not None, lambda: publisher.poll(agree))
        assert (child.returncode, child.stderr.read()) == (0, b"")
