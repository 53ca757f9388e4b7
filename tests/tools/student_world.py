"""A world small enough to train a student in: sounds made by code, and a teacher with random weights."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RATE = 32_000
FIELDS = [
    "path",
    "source",
    "label",
    "canonical",
    "kind",
    "fold",
    "source_id",
    "group",
    "fold5",
    "duration_s",
    "rms_db",
]
_INNER = (0, 24, 32, 32, 48, 48, 96, 80, 72, 72, 192, 272, 272, 384, 384)
_MAPS = (8, 8, 16, 16, 16, 16, 16, 32, 32, 32, 32, 48, 48, 64, 64, 64)
_KERNELS = (3, 3, 3, 5, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5)
_SQUEEZES = (0, 0, 0, 8, 16, 16, 0, 0, 0, 0, 48, 72, 72, 96, 96)


def make_world(folders: pytest.TempPathFactory) -> Path:
    """Return a new folder with sounds, a teacher and an empty folder `work`; one thread computes."""
    import torch

    torch.set_num_threads(1)
    folder = folders.mktemp("world")
    write_sounds(folder)
    write_teacher(folder)
    (folder / "work").mkdir()
    return folder


def write_sounds(data: Path) -> None:
    """Write eight clips of 1 to 3 s to learn from, two of a held-out source, two of each fold to report.

    The first of those to learn from, and of the held-out ones, are backgrounds; one is of 6 s.
    """
    import soundfile as sf

    rng = np.random.default_rng(5)
    lines = []
    kinds = [("ours", 1)] * 8 + [("opensfx", 2)] * 2 + [("ours", 4)] * 2 + [("theirs", 6)] * 2
    for at, (source, fold) in enumerate(kinds):
        length = (6 if at == 9 else int(rng.integers(1, 4))) * RATE
        pitch = rng.uniform(200, 3000)
        sound = 0.3 * np.sin(2 * np.pi * pitch * np.arange(length) / RATE) + 0.05 * rng.normal(size=length)
        sf.write(data / f"{at}.wav", sound, RATE)
        line = {"path": f"{at}.wav", "source": source, "group": f"train {at}", "fold5": fold, "rms_db": -15}
        line["kind"] = "background" if at in (0, 8) else "event"
        lines.append({key: line.get(key, "dog_bark") for key in FIELDS})
    with (data / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(lines)


def write_teacher(folder: Path) -> None:
    """Write random weights in the teacher's layout."""
    import torch

    torch.manual_seed(3)
    state: dict[str, Any] = {}

    def conv(name: str, outputs: int, inputs: int, kernel: int = 1) -> None:
        state[f"{name}.0.weight"] = torch.randn(outputs, inputs, kernel, kernel) / (inputs * kernel**2) ** 0.5
        state.update({f"{name}.1.{key}": torch.ones(outputs) for key in ("weight", "running_var")})
        state.update({f"{name}.1.{key}": torch.zeros(outputs) for key in ("bias", "running_mean")})

    def linear(name: str, outputs: int, inputs: int) -> None:
        state[f"{name}.weight"] = torch.randn(outputs, inputs) / inputs**0.5
        state[f"{name}.bias"] = torch.zeros(outputs)

    conv("features.0", 8, 1, 3)
    for at, (inner, kernel, squeeze) in enumerate(zip(_INNER, _KERNELS, _SQUEEZES, strict=True)):
        name, part = f"features.{at + 1}.block", 0
        if inner:
            conv(f"{name}.0", inner, _MAPS[at])
            part = 1
        conv(f"{name}.{part}", inner or _MAPS[at], 1, kernel)
        if squeeze:
            part += 1
            linear(f"{name}.{part}.conc_se_layers.0.fc1", squeeze, inner)
            linear(f"{name}.{part}.conc_se_layers.0.fc2", inner, squeeze)
        conv(f"{name}.{part + 1}", _MAPS[at + 1], inner or _MAPS[at])
    conv("features.16", 384, 64)
    linear("classifier.2", 512, 384)
    linear("classifier.5", 527, 512)
    torch.save(state, folder / "mn04_as_mAP_432.pt")
