"""Whether the monitor can hear, as users learn it: from lines, JSON, the log, and in Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.vmic import SAMPLE_RATE, VirtualMicrophones

pytestmark = pytest.mark.timeout(120)

RATE = 16_000
RUN = [sys.executable, "-m", "monitor", "run", "--headless", "--classes", "siren,dog_bark"]
LISTENER = """
import sys, monitor
for found in monitor.subscribe(sys.argv[1], hearing=True):
    change = getattr(found, "hearing_change", None)
    if change is not None:
        print(change.before, change.before_s, change.hearing, change.number, flush=True)
"""


def noise(seconds: float, dbfs: float, rate: int = RATE) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=round(seconds * rate)) * 10.0 ** (dbfs / 20.0)


def siren(seconds: float, dbfs: float) -> NDArray[np.float64]:
    times = np.arange(round(seconds * RATE)) / RATE
    wail = np.sin(2 * np.pi * np.cumsum(900.0 + 400.0 * np.sin(np.pi * times)) / RATE)
    return np.asarray(wail * np.sqrt(2.0) * 10.0 ** (dbfs / 20.0))


def toggling(seconds: float) -> NDArray[np.float64]:
    return np.random.default_rng(0).integers(0, 2, round(seconds * RATE)) / 128.0


def run(path: Path, sound: NDArray[np.float64], *options: str, as_json: bool = True) -> list[Any]:
    """Return what `monitor run` prints of a file with this sound: records, or lines."""
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    form = ["--json"] if as_json else []
    command = [*RUN, *form, "--source", str(path), "--fast", "--bind", "none", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=100)
    return [json.loads(line) if as_json else line for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (noise(8.0, -95.0), "silent"),
        (noise(8.0, -88.0), "silent"),
        (toggling(8.0), "silent"),
        (toggling(8.0) + 0.25, "silent"),
        (np.clip(siren(8.0, 12.0), -1.0, 1.0), "overloaded"),
        (siren(8.0, -20.0) + noise(8.0, -20.0), "noisy"),
        (siren(8.0, -35.0) + noise(8.0, -35.0), "noisy"),
    ],
    ids=["dead", "nearly dead", "last bit", "last bit on an offset", "clipped", "0 dB", "0 dB, farther away"],
)
def test_what_keeps_a_monitor_from_hearing_is_told_once_and_within_five_seconds(
    sound: NDArray[np.float64], kind: str, tmp_path: Path
) -> None:
    records = run(tmp_path / "x.wav", np.concatenate((noise(6.0, -65.0), sound)))
    troubles = [record for record in records if record["type"] == "trouble"]
    assert [trouble["kind"] for trouble in troubles] == [kind]
    assert 6.0 <= troubles[0]["position_s"] <= 11.0
    assert troubles[0]["before"] == "good"
    assert troubles[0]["before_s"] == pytest.approx(troubles[0]["position_s"], abs=0.3)


CHANGING = np.concatenate(
    (noise(8.0, -60.0), np.zeros(5 * RATE), noise(8.0, -60.0), noise(8.0, -25.0), noise(8.0, -60.0))
)


def test_each_change_is_one_line_of_the_log_with_what_was_before_and_for_how_long(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run(tmp_path / "x.wav", CHANGING, "--log", str(log))
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    changes = [line["hearing_change"] for line in lines if line.get("hearing_change")]
    told = [change for at, change in enumerate(changes) if change not in changes[:at]]
    assert changes == told
    assert [change["number"] for change in changes] == [1, 2, 3, 4, 5]
    assert [change["before"] for change in changes] == ["good", "too_quiet", "good", "noisy", "good"]
    assert [change["hearing"] for change in changes] == ["too_quiet", "good", "noisy", "good", "deaf"]
    assert all((change["reason"] is None) == (change["hearing"] == "good") for change in changes)
    lasted = [change["before_s"] for change in changes]
    assert lasted == pytest.approx([10.0, 3.0, 10.0, 7.0, 7.0], abs=2.5)
    assert sum(lasted) == pytest.approx(37.0, abs=0.5)


def test_each_change_is_one_line_for_a_person(tmp_path: Path) -> None:
    lines = [line for line in run(tmp_path / "x.wav", CHANGING, as_json=False) if "health" in line]
    told = [
        next(word for word in ("SILENT", "NOISY", "back", "listening", "ended") if word in line)
        for line in lines
    ]
    assert told == ["listening", "SILENT", "back", "NOISY", "back", "ended"]
    assert "is heard again after 3." in lines[2]
    assert "is heard well again after" in lines[4]


def test_a_microphone_that_dies_is_told_in_another_process(vmic: VirtualMicrophones, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/events"
    listener = subprocess.Popen([sys.executable, "-c", LISTENER, endpoint], stdout=subprocess.PIPE, text=True)
    command = [*RUN, "--mic", "attic", "--bind", endpoint]
    monitor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert listener.stdout is not None
        first = listener.stdout.readline().split()  # nothing is played: zeros
        assert (first[0], first[2], first[3]) == ("good", "too_quiet", "1")
        living, dead = noise(4.0, -40.0, SAMPLE_RATE), noise(6.0, -88.0, SAMPLE_RATE)
        vmic.play("attic", np.concatenate((living, dead)).astype(np.float32))
        back, again = (listener.stdout.readline().split() for _ in range(2))
        assert (back[0], back[2], back[3]) == ("too_quiet", "good", "2")
        assert (again[0], again[2], again[3]) == ("good", "too_quiet", "3")
        assert 4.0 <= float(again[1]) <= 9.0  # and so it was noticed within five seconds
    finally:
        for process in (listener, monitor):
            process.terminate()
            process.communicate()
