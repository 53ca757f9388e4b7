"""How often the pattern of an alarm is found, and how often one is found in what is none.

    python -m tools.benchmark.rhythms --variants 20

Sounds made by code (tools/train/alarm_sounds.py, not those that the limits were chosen on) in pink noise at
several SNRs of the beeps. `--data` adds recordings: of alarms, and of clocks, ovens and telephones.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.corpus.clips import load, read_index
from monitor.detection.rhythm import rhythm_of
from tools.train.alarm_sounds import ALARMS, OTHERS, RATE, make

SNRS_DB = (20.0, 10.0, 0.0, -5.0)
NOT_ALARMS = ("alarm_clock", "microwave", "telephone_ring", "medical_alarm", "kettle", "beep")
_LEAST_S = 4.5


def pink(rng: np.random.Generator, length: int) -> NDArray[np.float64]:
    """Return noise of equal power in each octave, float64 (length,), RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.fft.rfftfreq(length, 1 / RATE), 30.0)), length)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def in_noise(sound: NDArray[np.float64], snr_db: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a sound whose audible part is `snr_db` over pink noise, float32 (n,)."""
    audible = sound[np.abs(sound) > 0.01 * np.abs(sound).max()]
    gain = 10 ** (snr_db / 20) / np.sqrt(np.mean(audible**2))
    return (0.02 * (gain * sound + pink(rng, len(sound)))).astype(np.float32)


def main() -> None:
    """Print tables of what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=12)
    parser.add_argument("--data", type=Path, help="index.csv of recordings")
    parser.add_argument("--folds", type=int, nargs="+", default=[4, 6])
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    print("| sound | " + " | ".join(f"{snr:g} dB" for snr in SNRS_DB) + " |\n|---|" + "---|" * len(SNRS_DB))
    for name in (*ALARMS, *OTHERS):
        cells = []
        for snr_db in SNRS_DB:
            found = Counter(
                _name(in_noise(make(name, variant).astype(np.float64), snr_db, rng), RATE)
                for variant in range(args.variants)
            )
            cells.append(", ".join(f"{what} {count}" for what, count in found.most_common()))
        print(f"| {name} ({args.variants}) | " + " | ".join(cells) + " |")
    if args.data is not None:
        _recordings(args.data, args.folds)


def _recordings(data: Path, folds: list[int]) -> None:
    found: dict[str, Counter[str]] = {}
    for clip in read_index(data):
        if clip.label in (*NOT_ALARMS, "fire_smoke_alarm") and clip.is_in(folds):
            samples = load(data.parent / clip.path, RATE)
            if len(samples) >= _LEAST_S * RATE:
                found.setdefault(clip.label, Counter())[_name(samples, RATE)] += 1
    print(f"\nRecordings of folds {folds}, of at least {_LEAST_S:g} s:")
    for name, counts in sorted(found.items()):
        print(f"{name} ({counts.total()}): {dict(counts)}")


def _name(samples: NDArray[np.float32], sample_rate: int) -> str:
    found = rhythm_of(samples, sample_rate)
    return "none" if found is None else found.name


if __name__ == "__main__":
    main()
