"""The whole line as users have it: a microphone, `monitor run` in one process, a subscriber in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from monitor.sources.demo import demo_scene
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

CLASSES = "siren,dog_bark"
SUBSCRIBER = """
import sys, monitor
for event in monitor.subscribe(sys.argv[1]):
    print(event.type, event.class_, event.onset_sample / event.sample_rate, flush=True)
"""


def scene_until_first_siren_ends() -> tuple[NDArray[np.float32], float]:
    """The demo scene at 48 kHz up to a while after its first siren, and when that begins, seconds."""
    scene = demo_scene()
    siren = next(event for event in scene.events if event.class_name == "siren")
    stop = round((siren.offset_s + 4.0) * scene.sample_rate)
    resampled = soxr.resample(scene.samples[:stop], scene.sample_rate, SAMPLE_RATE)
    return np.asarray(resampled, np.float32), siren.onset_s


def start_monitor(*arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "monitor",
        "run",
        "--headless",
        "--json",
        "--classes",
        CLASSES,
        *arguments,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def events(lines: str) -> list[dict[str, Any]]:
    """Return the messages of events, without those of trouble."""
    return [record for record in map(json.loads, lines.splitlines()) if record["type"] != "trouble"]


def onsets(lines: str) -> list[dict[str, Any]]:
    return [event for event in events(lines) if event["type"] == "onset"]


def test_a_siren_in_a_microphone_reaches_another_process_and_the_same_file_gives_the_same_event(
    vmic: VirtualMicrophones, tmp_path: Path
) -> None:
    samples, _ = scene_until_first_siren_ends()
    endpoint = f"ipc://{tmp_path}/events"
    subscriber = subprocess.Popen(
        [sys.executable, "-c", SUBSCRIBER, endpoint], stdout=subprocess.PIPE, text=True
    )
    listening = start_monitor("--mic", "attic", "--bind", endpoint)
    try:
        vmic.play("attic", samples)
        heard = until_a_siren(subscriber)
    finally:
        listening.terminate()
        live, _ = listening.communicate(timeout=60)
        subscriber.kill()
        subscriber.communicate()
    assert listening.returncode == 0
    assert [(event["type"], event["class"]) for event in events(live)][: len(heard)] == heard
    event = onsets(live)[-1]
    assert 0.0 < event["latency_s"]["capture_to_publish"] < 2.0

    wav = tmp_path / "street.wav"
    soundfile.write(wav, samples, SAMPLE_RATE, subtype="FLOAT")
    replayed = start_monitor("--source", f"file:{wav}", "--fast", "--bind", "none")
    out, _ = replayed.communicate(timeout=60)
    assert [event["class"] for event in onsets(out)] == [event["class"] for event in onsets(live)]
    assert spacing_s(out) == pytest.approx(spacing_s(live), abs=0.6)


def until_a_siren(subscriber: subprocess.Popen[str]) -> list[tuple[str, str]]:
    """What the subscriber prints up to the onset of a siren."""
    assert subscriber.stdout is not None
    heard: list[tuple[str, str]] = []
    while heard[-1:] != [("onset", "siren")]:
        line = subscriber.stdout.readline().split()
        assert line, f"the subscriber ended after {heard}"
        heard.append((line[0], line[1]))
    return heard


def spacing_s(lines: str) -> list[float]:
    """Seconds from the first onset to each onset: the same whenever the microphone began."""
    times = [event["onset_sample"] / event["sample_rate"] for event in onsets(lines)]
    return [time - times[0] for time in times]


def test_a_file_gives_the_same_events_bit_for_bit_each_time(tmp_path: Path) -> None:
    samples, onset_s = scene_until_first_siren_ends()
    wav = tmp_path / "street.wav"
    soundfile.write(wav, samples, SAMPLE_RATE, subtype="FLOAT")

    def play() -> list[tuple[Any, ...]]:
        process = start_monitor("--source", f"file:{wav}", "--fast", "--bind", "none")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        return [
            (e["type"], e["class"], e["onset_sample"], e["offset_sample"], e["score"], e["sample_rate"])
            for e in map(json.loads, out.splitlines())
        ]

    first = play()
    assert first == play()
    sirens = [event[2] / event[5] for event in first if event[:2] == ("onset", "siren")]
    assert sirens == pytest.approx([onset_s], abs=2.0)


def test_a_microphone_that_is_lost_neither_ends_nor_delays_another_of_the_same_run(
    two_vmics: VirtualMicrophones, tmp_path: Path
) -> None:
    samples, _ = scene_until_first_siren_ends()
    endpoint = f"ipc://{tmp_path}/events"
    subscriber = subprocess.Popen(
        [sys.executable, "-c", SUBSCRIBER, endpoint], stdout=subprocess.PIPE, text=True
    )
    listening = start_monitor("--mic", "kitchen_left", "--mic", "kitchen_right", "--bind", endpoint)
    try:
        with Subscriber(endpoint, ("health/",)) as healths:
            until_state(healths, "kitchen_left", "silent")
            until_state(healths, "kitchen_right", "silent")
            two_vmics.play("kitchen_right", samples)
            two_vmics.stall("kitchen_left")
            until_state(healths, "kitchen_left", "lost")
            until_a_siren(subscriber)
            right = until_state(healths, "kitchen_right", "running")
            assert until_state(healths, "kitchen_left", "lost").source_name == "kitchen_left"
    finally:
        listening.terminate()
        out, _ = listening.communicate(timeout=60)
        subscriber.kill()
        subscriber.communicate()
    assert listening.returncode == 0
    assert (right.skipped, right.overwritten) == (0, 0)
    siren = onsets(out)[-1]
    assert (siren["class"], siren["source_name"]) == ("siren", "kitchen_right")
    assert 0.0 < siren["latency_s"]["capture_to_publish"] < 2.0


def test_a_background_is_learnt_drawn_saved_and_known_at_the_start_of_the_next_run(
    short_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("MONITOR_BACKGROUND_READY_S", "1")
    endpoint = f"ipc://{short_folder}/events"
    with demo(endpoint) as first:
        until_known(endpoint)
        shown, saved = background("show", endpoint), background("save", endpoint)
    assert "sounds like" in shown
    assert "well: " in shown
    assert saved.startswith("Saved: the background of ")
    (stored,) = (tmp_path / "monitor" / "backgrounds").iterdir()

    monkeypatch.setenv("MONITOR_BACKGROUND_READY_S", "600")  # more than is ever heard here
    monkeypatch.setenv("MONITOR_BACKGROUND_MEMORY_S", "3600")
    with demo(endpoint) as second:
        until_known(endpoint)
        forgotten, again = background("forget", endpoint), background("show", endpoint)
    assert f"Removed: {stored.name}\n" in forgotten
    assert not stored.exists()
    assert "not yet: " in again
    assert ["begins with its background as saved on" in run.communicate()[1] for run in (first, second)] == [
        False,
        True,
    ]


@contextmanager
def demo(endpoint: str) -> Iterator[subprocess.Popen[str]]:
    """A run of the demo in real time; its standard error can be read after its end."""
    command = [sys.executable, "-m", "monitor", "run", "--headless", "--json", "--source", "demo"]
    process = subprocess.Popen(
        [*command, "--classes", "siren", "--bind", endpoint],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def background(action: str, endpoint: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "monitor", "background", action, "--connect", endpoint]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def until_known(endpoint: str) -> None:
    """Return once the monitor knows the background of its source."""
    with Subscriber(endpoint, ("health/",)) as subscriber:
        while True:
            message = subscriber.receive(timeout_s=60.0)
            assert message is not None, "the background never was known"
            if isinstance(message.record, Health) and message.record.background.ready:
                return


def until_state(subscriber: Subscriber, name: str, state: str) -> Health:
    """The first report from now on that the microphone called `name` is in `state`."""
    while True:
        message = subscriber.receive(timeout_s=60.0)
        assert message is not None, f"{name} never was {state}"
        record = message.record
        if isinstance(record, Health) and (record.source_name, record.state) == (name, state):
            return record
