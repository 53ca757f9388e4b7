"""A small corpus made by code: tones with silence around them as events, noise as backgrounds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile

from monitor.corpus.layouts import Corpus, read_data

RATE = 16_000
TONES_HZ = {"siren": 700.0, "dog_bark": 400.0, "crow": 1500.0}
LEAD_S, TONE_S, CLIP_S = 0.5, 1.0, 2.0


def write_corpus(root: Path, overlays: bool = False) -> Corpus:
    """Write two recordings per event label and two backgrounds in each of the folds 3 and 4.

    With `overlays` also speech and music, of the pitch of no event.
    """
    rng = np.random.default_rng(0)
    rows = []
    for fold in (3, 4):
        for label, tone_hz in TONES_HZ.items():
            for take in range(2):
                t = np.arange(round(TONE_S * RATE)) / RATE
                samples = np.zeros(round(CLIP_S * RATE), np.float32)
                start = round(LEAD_S * RATE)
                samples[start : start + len(t)] = 0.1 * (take + 1) * np.sin(2 * np.pi * tone_hz * t)
                rows.append(_write(root, f"{label}{take}", fold, label, "event", samples))
        for take, seconds in enumerate((7, 12, 7)):
            noise = 0.02 * (take + 1) * rng.standard_normal(seconds * RATE).astype(np.float32)
            group = f"street{min(take, 1)}"  # the last two are one recording
            rows.append(_write(root, f"{group}_{take}", fold, "street", "background", noise, group))
        rows.append(_write(root, "faint", fold, "siren", "event", np.full(RATE, 1e-4, np.float32)))
    for kind, tone_hz in (("speech", 2200.0), ("music", 3000.0)) if overlays else ():
        t = np.arange(round(20 * RATE)) / RATE
        rows.append(
            _write(root, kind, 4, kind, kind, (0.05 * np.sin(2 * np.pi * tone_hz * t)).astype(np.float32))
        )
    with (root / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_data(root)


def _write(
    root: Path, name: str, fold: int, label: str, kind: str, samples: np.ndarray, group: str | None = None
) -> dict[str, str | float | int]:
    path = f"{name}_fold{fold}.wav"
    soundfile.write(root / path, samples, RATE, subtype="FLOAT")
    rms_db = 20.0 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) + 1e-9)
    return {
        "path": path, "canonical": label, "kind": kind, "fold5": fold, "group": f"{group or name}_{fold}",
        "duration_s": len(samples) / RATE, "rms_db": round(float(rms_db), 1),
    }  # fmt: skip
