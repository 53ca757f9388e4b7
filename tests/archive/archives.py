"""Small archives of made sound, and the command that hears them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.sources import demo_sounds
from monitor.start import python_module

CLASSES = "siren,dog_bark,smoke_alarm"
_RATE = demo_sounds.SAMPLE_RATE


def scene(seconds: float, seed: int) -> NDArray[np.float32]:
    """Return float32 (n,) at the rate of the demo: wind, with sounds in it."""
    rng = np.random.default_rng(seed)
    sound = 0.05 * demo_sounds.wind(rng, round(seconds * _RATE)).astype(np.float32)
    makers = (demo_sounds.siren, demo_sounds.dog_bark, demo_sounds.smoke_alarm)
    for at, start in enumerate(range(_RATE, len(sound), 8 * _RATE)):
        made = makers[(at + seed) % 3](rng)[: len(sound) - start]
        sound[start : start + len(made)] += 0.4 * made.astype(np.float32)
    return np.asarray(np.clip(sound, -1.0, 1.0), np.float32)


def write_archive(folder: Path, count: int = 4, seconds: float = 15.0) -> list[Path]:
    """Write recordings of several kinds, one of them stereo; return them by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(count):
        sound = scene(seconds, at)
        suffix = (".wav", ".flac", ".ogg", ".wav")[at % 4]
        channels = np.stack([sound, 0.5 * sound], axis=1) if at % 4 == 3 else sound
        soundfile.write(folder / f"take-{at:02d}{suffix}", channels, _RATE)
    return sorted(folder.iterdir())


def environment(folder: Path) -> dict[str, str]:
    """Return an environment whose state and cache lie below `folder`."""
    places = {name: str(folder / name) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    return {**os.environ, **places}


def monitor(*arguments: object, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program in `cwd`; `more` is added to the environment."""
    return subprocess.run(
        python_module("monitor", *map(str, arguments)), cwd=cwd, env={**environment(cwd), **more},
        capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip


def begin(*arguments: object, cwd: Path) -> subprocess.Popen[bytes]:
    """Begin the program in `cwd`, in a group of its own."""
    return subprocess.Popen(
        python_module("monitor", *map(str, arguments)), cwd=cwd, env=environment(cwd),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def rows(out: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table of a scan."""
    import pyarrow.parquet

    found: list[dict[str, Any]] = pyarrow.parquet.read_table(out / f"{name}.parquet").to_pylist()
    return found


def part_rows(out: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table of all parts, in the order of recordings and windows."""
    found = [row for part in sorted((out / "parts").glob("0*")) for row in rows(part, name)]
    return sorted(found, key=lambda row: (row["file_id"], row.get("start", 0)))


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what `--json` printed."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found
