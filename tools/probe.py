"""How well a tower names validation windows: followed during training, never trained on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from corpus import SAMPLE_RATE, Audio, Clip, loudest_window, mix
from numpy.typing import NDArray
from torch import Tensor
from towers import AudioTower, MelPower, log_mel

PROBE_PROMPT = "the sound of {}"
PROBE_SNRS_DB = (None, 10.0, 0.0)


@dataclass(frozen=True)
class Probe:
    """Validation windows, and the class each belongs to."""

    mels: list[Tensor]
    """One (n, frames, N_MELS) for each of PROBE_SNRS_DB."""
    classes: list[str]
    truth: Tensor
    """int64 (n,), index into classes."""


def make_probe(clips: list[Clip], audio: Audio) -> Probe:
    """Mix the validation events with validation backgrounds, as waveforms."""
    held = [clip for clip in clips if clip.split == "validation" and clip.rms_db > -55]
    counts = Counter(clip.canonical for clip in held if clip.kind == "event")
    classes = sorted(name for name, count in counts.items() if count >= 2)
    events = [clip for clip in held if clip.kind == "event" and clip.canonical in classes]
    backgrounds: dict[str, list[Clip]] = {}
    for clip in held:
        if clip.kind == "background":
            backgrounds.setdefault(clip.canonical, []).append(clip)
    rng, front = np.random.default_rng(11), MelPower()
    scenes = sorted(backgrounds)
    windows: list[list[NDArray[np.float32]]] = [[] for _ in PROBE_SNRS_DB]
    for clip in events:
        pool = backgrounds[scenes[rng.integers(len(scenes))]]
        background = np.resize(audio.clip(pool[rng.integers(len(pool))].row), SAMPLE_RATE * 30)[
            : 2 * SAMPLE_RATE
        ]
        event = loudest_window(audio.clip(clip.row))
        for found, snr_db in zip(windows, PROBE_SNRS_DB, strict=True):
            found.append(event if snr_db is None else mix(event, background, snr_db))
    mels = [log_mel(front(torch.from_numpy(np.stack(found)))) for found in windows]
    truth = torch.tensor([classes.index(clip.canonical) for clip in events])
    return Probe(mels, classes, truth)


def measure(tower: AudioTower, probe: Probe, texts: Tensor, unseen: set[str]) -> list[float]:
    """Measure top-1 for each condition, then clean the mean over classes, and over those never learnt."""
    tower.eval()
    rights = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for mels in probe.mels:
            points = torch.cat([tower(part)[2] for part in torch.split(mels, 128)])
            rights.append((points.float() @ texts.T).argmax(dim=1) == probe.truth)
    clean = rights[0].float()
    recalls = [float(clean[probe.truth == index].mean()) for index in range(len(probe.classes))]
    new = [recall for recall, name in zip(recalls, probe.classes, strict=True) if name in unseen]
    return [
        *(float(right.float().mean()) for right in rights),
        float(np.mean(recalls)),
        float(np.mean(new or [0])),
    ]
