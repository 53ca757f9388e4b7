"""Sound in a pipe, as users pipe it: real processes, at the pace of real programs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from monitor.sources.demo import demo_scene

RATE = 16_000
RUN = [sys.executable, "-m", "monitor", "run", "--headless", "--json", "--bind", "none", "--classes", "siren"]
Feed = Iterator[tuple[float, bytes]]
"""After how many seconds which bytes are written."""


@pytest.fixture(scope="module")
def siren() -> NDArray[np.float32]:
    """Nine seconds at 16 kHz with a siren from the third on."""
    scene = demo_scene()
    begin_s = next(event for event in scene.events if event.class_name == "siren").onset_s - 2.5
    start, stop = (round(seconds * scene.sample_rate) for seconds in (begin_s, begin_s + 9.0))
    return np.asarray(soxr.resample(scene.samples[start:stop], scene.sample_rate, RATE), np.float32)


def pcm(samples: NDArray[np.float32]) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def bursts(data: bytes, length_s: float, rate: float = 1.0) -> Feed:
    """Write `length_s` seconds of 16-bit sound at once, and `rate` seconds of it a second."""
    step = round(length_s * RATE) * 2
    for start in range(0, len(data), step):
        yield (length_s / rate if start else 0.0), data[start : start + step]


def run(feed: Feed, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run the monitor on what `feed` pipes into it; return exit code, records and standard error."""
    command = [*RUN, "--source", "-", *options]
    with subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        writer = threading.Thread(target=write, args=(process.stdin, feed, process.poll))
        writer.start()
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
        writer.join()
    return process.wait(20), [json.loads(line) for line in out.splitlines()], err.decode()


def write(pipe: IO[bytes] | None, feed: Feed, ended: Callable[[], int | None]) -> None:
    assert pipe is not None
    over = threading.Event()
    try:
        for wait_s, data in feed:
            over.wait(wait_s)
            if ended() is not None:
                return
            pipe.write(data)
            pipe.flush()
        pipe.close()
    except BrokenPipeError:
        pass


def sirens(records: list[dict[str, Any]]) -> list[float]:
    """Seconds from the first sample to the onset of each siren."""
    return [one["onset_sample"] / one["sample_rate"] for one in records if one["type"] == "onset"]


def troubles(records: list[dict[str, Any]]) -> list[str]:
    return [record["kind"] for record in records if record["type"] == "trouble"]


@pytest.mark.parametrize(
    "length_s", [0.1, 2.0, 100.0], ids=["steadily", "in bursts", "as fast as it is read"]
)
def test_whatever_the_pipe_delivers_is_heard_once_and_nothing_is_passed_over(
    siren: NDArray[np.float32], length_s: float
) -> None:
    begin_s = time.monotonic()
    code, records, err = run(bursts(pcm(siren), length_s))
    assert (code, err) == (0, "")
    assert sirens(records) == pytest.approx([2.5], abs=1.5)
    assert troubles(records) == ["ended"]
    if length_s == 100.0:
        assert time.monotonic() - begin_s > 3.0  # the last four of nine seconds came at their own pace


def test_sound_at_another_rate_than_was_said_is_told_as_a_record(siren: NDArray[np.float32]) -> None:
    code, records, _ = run(bursts(pcm(siren) * 12, 0.1, rate=3.0), "--duration", "20")
    assert code == 0
    (warning,) = [record for record in records if record.get("kind") == "warning"]
    assert warning["text"].startswith("Sound arrives at ")
    assert 1.3 < float(warning["text"].split()[3]) < 3.4  # a busy machine delivers less than three times
    assert warning["text"].endswith("times the stated rate of 16000 Hz; is --pcm-rate right?")
    assert warning["source_id"] == "stdin"


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "matroska"])
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_container_in_a_pipe_gives_the_events_of_the_same_file(
    siren: NDArray[np.float32], tmp_path: Path, kind: str
) -> None:
    soundfile.write(tmp_path / "siren.wav", siren, RATE)
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "siren.wav"), "-f", kind, "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    (tmp_path / "made").write_bytes(data)
    code, piped, _ = run(iter([(0.0, data)]), "--fast")
    file = subprocess.run(
        [*RUN, "--source", f"file:{tmp_path / 'made'}", "--fast"], capture_output=True, check=True
    )
    assert code == 0
    assert sirens(piped) == pytest.approx([2.5], abs=1.5)
    assert heard(piped) == heard([json.loads(line) for line in file.stdout.splitlines()])


def heard(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    kept = [record for record in records if record["type"] != "trouble"]
    return [(one["type"], one["onset_sample"], one["offset_sample"], one["score"]) for one in kept]


def test_damage_is_a_record_a_sentence_and_an_exit_code(siren: NDArray[np.float32], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "siren.wav", siren, RATE)
    data = (tmp_path / "siren.wav").read_bytes()
    code, records, err = run(iter([(0.0, data[: len(data) // 2])]), "--fast")
    sentence = (
        "Standard input is damaged: its header promises 9.00 s, 4.50 s of sound are there and were analysed. "
        "Copy or record it again."
    )
    assert (code, err) == (2, f"monitor: {sentence}\n")
    assert (records[-1]["kind"], records[-1]["text"]) == ("damaged", sentence)


@pytest.mark.parametrize("data", [b"#EXTM3U\n#EXT-X-VERSION:3\n", b"\x89PNG\r\n\x1a\n" + bytes(9000)])
def test_what_is_no_sound_is_refused_before_anything_is_heard(data: bytes) -> None:
    code, records, err = run(iter([(0.0, data)]))
    assert (code, records) == (2, [])
    assert err.startswith("monitor: Standard input is ")
    assert err.count("\n") == 1


def test_a_growing_file_is_followed_and_read_on_as_it_grows(
    siren: NDArray[np.float32], tmp_path: Path
) -> None:
    path = tmp_path / "growing.wav"
    soundfile.write(path, siren, RATE)
    data = path.read_bytes()
    path.write_bytes(data[:44])  # the size in its header is that of the end already; another test has 0
    command = [*RUN, "--source", f"file:{path}", "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        with path.open("ab") as file:
            write(file, bursts(data[44:] + bytes(2 * RATE * 4), 0.5, rate=2.0), process.poll)
        onset = next(record for record in map(json.loads, process.stdout) if record["type"] == "onset")
        path.unlink()
        process.stdout.read()
        assert process.wait(20) == 0
    assert onset["class"] == "siren"
