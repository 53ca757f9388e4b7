"""Streams in a network, from servers that are killed, freeze, change what they send or refuse."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceAbsent, SourceDamaged, SourceError, SourceLost
from monitor.records import Block
from monitor.sources.capture import Capture
from monitor.sources.demo import demo_scene
from monitor.sources.network import NetworkStream
from monitor.sources.network_address import parse_address
from tests.sources.fakes import RecordingRing
from tests.sources.servers import Camera, WebServer, encoded, in_real_time, paced, tone_of, wav_feed

pytest.importorskip("av")

RATE = 16_000
LOGIN = "ann:tiger/1"
TONE = tone_of(440.0, 60.0, RATE)
RUN = [sys.executable, "-m", "monitor", "run", "--headless", "--json", "--bind", "none", "--classes", "siren"]


def stream(server: WebServer | Camera, path: str, login: str = "") -> NetworkStream:
    kind = "rtsp" if isinstance(server, Camera) else "http"
    before = f"{login.replace('/', '%2F')}@" if login else ""
    return NetworkStream(parse_address(f"{kind}://{before}127.0.0.1:{server.port}{path}", {}))


def listen(source: NetworkStream, seconds: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the first channel of the next `seconds`."""
    parts, length = [], 0.0
    while length < seconds:
        block = source.read(1.0)
        if block is not None:
            parts.append(block.samples[:, 0])
            length += len(block.samples) / source.sample_rate
    return np.concatenate(parts)


def pitch_hz(samples: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


@contextmanager
def transferred(source: NetworkStream) -> Iterator[tuple[Capture, RecordingRing]]:
    """A running capture thread, as the monitor has it."""
    ring = RecordingRing()
    capture = Capture(source, ring, RATE, CaptureConfig(reopen_every_s=0.1), wait=False)
    capture.start()
    try:
        yield capture, ring
    finally:
        capture.stop()


def until(condition: Callable[[], bool], limit_s: float = 30.0) -> float:
    """Wait for `condition`; return how many seconds that took."""
    begun_s, over = time.monotonic(), threading.Event()
    while not condition():
        assert time.monotonic() - begun_s < limit_s
        over.wait(0.02)
    return time.monotonic() - begun_s


def camera(port: int = 0, rate: int = RATE, login: str = "") -> Camera:
    return Camera(lambda: in_real_time(tone_of(440.0, 60.0, rate), rate), rate, port, login)


@pytest.mark.parametrize(
    ("container", "codec"), [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")]
)
def test_a_web_stream_is_heard(container: str, codec: str) -> None:
    data = encoded(tone_of(440.0, 20.0, 48_000), 48_000, container, codec)
    with WebServer({"/live": lambda: paced(data, 20.0)}) as server:
        source = stream(server, "/live?token=secret")
        source.open()
        heard = listen(source, 2.0)
        source.close()
    assert pitch_hz(heard[len(heard) // 2 :], source.sample_rate) == pytest.approx(440.0, abs=5.0)
    assert (source.name, source.id) == (
        f"http://127.0.0.1:{server.port}/live",
        f"127-0-0-1-{server.port}-live",
    )
    assert "token=secret" in server.asked[0]


def commands_of_children() -> Iterator[bytes]:
    """Yield the command lines of the processes that this one has started, and of those they have."""
    waiting = [str(os.getpid())]
    while waiting:
        for listed in Path("/proc", waiting.pop()).glob("task/*/children"):
            for pid in listed.read_text("utf-8").split():
                waiting.append(pid)
                yield Path("/proc", pid, "cmdline").read_bytes()


def test_a_camera_is_heard_after_a_login_of_which_no_process_shows_a_word() -> None:
    with camera(login=LOGIN) as server:
        source = stream(server, "/stream1", LOGIN)
        source.open()
        commands = list(commands_of_children())
        heard = listen(source, 1.0)
        source.close()
    assert pitch_hz(heard, RATE) == pytest.approx(440.0, abs=5.0)
    assert any(b"network_reader" in command for command in commands) or not commands
    assert not any(b"tiger" in command for command in commands)


@pytest.mark.parametrize("kind", ["rtsp", "http"])
def test_a_wrong_password_is_refused_without_being_told(kind: str) -> None:
    server = camera(login=LOGIN) if kind == "rtsp" else WebServer({"/x": wav_feed(TONE, RATE)}, login=LOGIN)
    with server:
        source = stream(server, "/x", "ann:wrong-tiger")
        with pytest.raises(SourceError, match="refuses to be heard") as refused:
            source.open()
    assert "tiger" not in str(refused.value)
    assert not isinstance(refused.value, SourceAbsent)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"<html><body>Welcome</body></html>", "no sound"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n", "no sound"),
    ],
    ids=["a page", "a playlist of files"],
)
def test_what_is_no_sound_is_refused(page: bytes, said: str) -> None:
    with WebServer({"/x": page}) as server, pytest.raises(SourceError, match=said):
        stream(server, "/x").open()


def test_a_path_that_is_not_there_yet_may_come() -> None:
    with WebServer({}) as server, pytest.raises(SourceAbsent, match="404"):
        stream(server, "/x").open()


def hold(connection: Any) -> None:
    """Say nothing, and do not hang up."""
    connection.recv(1)
    threading.Event().wait(30.0)


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with WebServer({"/x": b""}) as server:
        server.answer = hold  # type: ignore[method-assign]
        address = parse_address(f"http://127.0.0.1:{server.port}/x", {})
        begun_s = time.monotonic()
        with pytest.raises(SourceAbsent, match="did not send any sound within 2 s"):
            NetworkStream(address, open_limit_s=2.0).open()
        assert time.monotonic() - begun_s < 10.0


def test_a_frozen_server_is_noticed_within_five_seconds_and_a_new_one_is_found_by_itself() -> None:
    server = camera()
    with transferred(stream(server, "/stream1")) as (capture, ring):
        ring.wait_position(RATE)
        server.go_on.clear()
        assert until(lambda: capture.status.state == "lost") < 5.0
        assert "No sound arrives" in (capture.status.reason or "")
        server.kill()
        with camera(server.port):
            until(lambda: capture.status.state == "running")
            assert capture.status.reopened >= 1
        until(lambda: capture.status.state == "lost")


def test_a_stall_within_a_stream_loses_nothing() -> None:
    with camera() as server, transferred(stream(server, "/stream1")) as (capture, ring):
        ring.wait_position(RATE)
        server.go_on.clear()
        until(lambda: capture.status.state == "lost")
        server.go_on.set()
        until(lambda: capture.status.state == "running")
        until(lambda: ring.position > 6 * RATE)
        assert ring.gaps == []


def test_a_server_that_comes_back_at_another_rate_is_followed_and_that_is_told() -> None:
    server = camera()
    with transferred(stream(server, "/stream1")) as (capture, ring):
        ring.wait_position(RATE)
        server.kill()
        until(lambda: capture.status.state == "lost")
        with camera(server.port, 48_000):
            until(lambda: capture.status.state == "running")
            assert capture.status.device_sample_rate == 48_000
            assert "from pcm_s16be at 16000 Hz" in (capture.status.warning or "")
            at = ring.position
            ring.wait_position(at + RATE)
        assert pitch_hz(ring.samples[-RATE // 2 :], RATE) == pytest.approx(440.0, abs=5.0)


def test_a_rate_that_changes_within_a_stream_is_followed() -> None:
    parts = [encoded(tone_of(440.0, 3.0, rate), rate, "MP3", "MPEG_LAYER_III") for rate in (44_100, 22_050)]

    def feed() -> Iterator[bytes]:
        for part in parts:
            yield from paced(part, 3.0)
        threading.Event().wait(30.0)

    with WebServer({"/x": feed}) as server, transferred(stream(server, "/x")) as (capture, ring):
        until(lambda: capture.status.device_sample_rate == 22_050)
        ring.wait_position(round(4.5 * RATE))
        assert "from mp3float at 44100 Hz" in (capture.status.warning or "")
        sound = ring.samples
        assert pitch_hz(sound[-RATE // 2 :], RATE) == pytest.approx(440.0, abs=5.0)


def test_a_recording_is_heard_once_at_its_pace() -> None:
    data = encoded(TONE[: 2 * RATE], RATE, "WAV", "PCM_16")
    with WebServer({"/x.wav": data}) as server, closing(stream(server, "/x.wav")) as source:
        source.open()
        assert len(listen(source, 2.0)) == 2 * RATE
        with pytest.raises(EOFError):
            listen(source, 60.0)


def test_a_recording_that_breaks_off_is_not_begun_again() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as whole:
        whole.setparams((1, 2, RATE, 0, "NONE", ""))
        whole.writeframes((TONE[: 20 * RATE] * 32767).astype("<i2").tobytes())

    with WebServer({"/x.wav": file.getvalue()}) as server:

        def cut(connection: Any) -> None:
            connection.recv(4096)
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(file.getvalue())
            connection.sendall(head + file.getvalue()[: 4 * RATE])

        server.answer = cut  # type: ignore[method-assign]
        with closing(stream(server, "/x.wav")) as source:
            source.open()
            with pytest.raises(SourceDamaged, match="is a recording of 20 s and broke off"):
                listen(source, 60.0)


def test_what_a_server_had_kept_is_caught_up_with_at_four_times_its_pace() -> None:
    with WebServer({"/x": wav_feed(TONE, RATE, kept_s=8.0)}) as server:
        source = stream(server, "/x")
        source.open()
        begun_s = time.monotonic()
        blocks: list[Block] = []
        while sum(len(block.samples) for block in blocks) < 10 * RATE:
            block = source.read(1.0)
            blocks += [] if block is None else [block]
        source.close()
        assert 1.5 < time.monotonic() - begun_s < 8.0  # at its own pace it would be ten
        assert abs(blocks[-1].captured_s - time.monotonic()) < 1.0


def test_a_closed_stream_says_so() -> None:
    with pytest.raises(SourceLost, match="is closed"):
        NetworkStream(parse_address("rtsp://127.0.0.1/x", {})).read(0.1)


def siren() -> np.ndarray[Any, np.dtype[np.float32]]:
    scene = demo_scene()
    begin_s = next(event for event in scene.events if event.class_name == "siren").onset_s - 2.5
    start, stop = (round(seconds * scene.sample_rate) for seconds in (begin_s, begin_s + 9.0))
    return np.asarray(scene.samples[start:stop], np.float32)


def test_the_monitor_waits_for_a_camera_hears_a_siren_in_it_and_says_when_it_is_silent_and_gone(
    tmp_path: Path,
) -> None:
    sound = np.concatenate((siren(), np.zeros(4 * demo_scene().sample_rate, np.float32)))
    with camera() as spare:
        port = spare.port
    command = [
        *RUN,
        "--source",
        f"rtsp://${{LOGIN}}@127.0.0.1:{port}/stream1",
        "--log",
        str(tmp_path / "log"),
    ]
    environment = {**os.environ, "LOGIN": "ann:tiger"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as run:
        assert run.stdout is not None
        lines: list[dict[str, Any]] = []
        with_kind(run.stdout, lines, "lost")
        with Camera(
            lambda: in_real_time(sound, demo_scene().sample_rate), demo_scene().sample_rate, port, "ann:tiger"
        ):
            with_kind(run.stdout, lines, "silent")
        with_kind(run.stdout, lines, "lost")
        run.terminate()
        rest, said = run.communicate(timeout=60)
    assert run.returncode == 0
    assert [line["class"] for line in lines if line["type"] == "onset"] == ["siren"]
    everything = json.dumps(lines).encode() + rest + said + (tmp_path / "log").read_bytes()
    assert b"tiger" not in everything
    assert b"rtsp://127.0.0.1" in everything


def with_kind(pipe: Any, lines: list[dict[str, Any]], kind: str) -> None:
    """Read lines until there is trouble of this kind."""
    while not (lines and lines[-1].get("kind") == kind):
        line = pipe.readline()
        assert line, lines
        lines.append(json.loads(line))


def test_a_server_that_is_required_and_not_there_ends_the_run_with_one_sentence() -> None:
    with camera() as spare:
        port = spare.port
    command = [*RUN, "--require", "--source", f"http://ann:tiger@127.0.0.1:{port}/x?key=tiger"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    text = (done.stdout + done.stderr).decode()
    assert "cannot be reached (connection refused)" in text
    assert "tiger" not in text
    assert "Traceback" not in text
