"""How often the pattern of an alarm, a telephone, an oven or a flat battery is found, and in what is none.

    python -m tools.benchmark.rhythms --variants 12 --data INDEX.csv --folds 4 6 --hours 2

Sounds made by code (tools/train/alarm_sounds.py, not those that the limits were chosen on) in pink noise at
several SNRs of the beeps. `--data` adds recordings: of alarms, and of clocks, ovens and telephones; and how
often hours of recordings without any of them, one after another, are taken for one.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.corpus.clips import load, read_index
from monitor.detection.cadence import cadence_of
from monitor.detection.chirps import CHIRPS
from monitor.detection.rhythm import PATTERNS, is_alarm, rhythm_of
from monitor.evaluation.metrics.event_metrics import poisson_rate
from monitor.pipeline.rhythm_watch import RhythmWatch
from monitor.records import LevelReading, Span
from tools.train.alarm_sounds import ALARMS, OTHERS, RATE, make

SNRS_DB = (20.0, 10.0, 0.0, -5.0)
NOT_ALARMS = ("alarm_clock", "microwave", "telephone_ring", "medical_alarm", "kettle", "beep")
_BEEPING = ("alarm", "telephone", "phone", "siren", "microwave", "beep")
"""Words of labels that are not among the hours without any."""
_LEAST_S = 4.5
_PERIODS_S = (30.0, 43.0, 60.0, 36.0, 51.0, 22.0)
"""From one chirp for a battery to the next."""
_LOOK_S = 13.5


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


def made(name: str, variant: int) -> NDArray[np.float64]:
    """Return a sound of `alarm_sounds`, or one that is put together of them, float64 (n,)."""
    if name == END_BEEPS:  # three to five beeps, the first after a second, and then none
        one = make("microwave beeps", variant).astype(np.float64)
        on = np.abs(one) > 0.05 * np.abs(one).max()
        begins = np.flatnonzero(np.diff(on.astype(int), prepend=0) == 1)
        apart = begins[np.diff(begins, prepend=-RATE) > RATE // 3]
        one[apart[3 + variant % 3] - RATE // 100 :] = 0.0
        return np.concatenate([np.zeros(RATE), one])[: len(one)]
    if name == BATTERY:
        period_s = _PERIODS_S[variant % len(_PERIODS_S)]
        chirp = make("low-battery chirp", variant)[: RATE // 2]
        sound = np.zeros(round((CHIRPS + 0.2) * period_s * RATE))
        for at in np.arange(CHIRPS) * period_s + 0.1 * period_s:
            sound[round(at * RATE) : round(at * RATE) + len(chirp)] = chirp
        return sound
    return make(name, variant).astype(np.float64)


END_BEEPS, BATTERY = "microwave, at its end", "low-battery chirps"


def main() -> None:
    """Print tables of what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=12)
    parser.add_argument("--data", type=Path, help="index.csv of recordings")
    parser.add_argument("--folds", type=int, nargs="+", default=[4, 6])
    parser.add_argument("--hours", type=float, default=0.0, help="of recordings without any beeps")
    args = parser.parse_args()
    if args.variants:
        _table(args.variants)
    if args.data is not None:
        _recordings(args.data, args.folds)
        if args.hours:
            _hours(args.data, args.folds, args.hours)


def _table(variants: int) -> None:
    rng = np.random.default_rng(0)
    print("| sound | " + " | ".join(f"{snr:g} dB" for snr in SNRS_DB) + " |\n|---|" + "---|" * len(SNRS_DB))
    for name in (*ALARMS, *OTHERS, END_BEEPS, BATTERY):
        cells = []
        sounds = [made(name, variant) for variant in range(variants)]
        heard = _battery if name == BATTERY else _name
        for snr_db in SNRS_DB:
            found = Counter(heard(in_noise(sound, snr_db, rng)) for sound in sounds)
            cells.append(", ".join(f"{what} {count}" for what, count in found.most_common()))
        print(f"| {name} ({variants}) | " + " | ".join(cells) + " |", flush=True)


def _recordings(data: Path, folds: list[int]) -> None:
    found: dict[str, Counter[str]] = {}
    for clip in read_index(data):
        if clip.label in (*NOT_ALARMS, "fire_smoke_alarm") and clip.is_in(folds):
            samples = load(data.parent / clip.path, RATE)
            if len(samples) >= _LEAST_S * RATE:
                found.setdefault(clip.label, Counter())[_name(samples)] += 1
    print(f"\nRecordings of folds {folds}, of at least {_LEAST_S:g} s:")
    for name, counts in sorted(found.items()):
        print(f"{name} ({counts.total()}): {dict(counts)}")


def _hours(data: Path, folds: list[int], hours: float) -> None:
    """Hear recordings one after another, in an order that chance gives, and count what is taken for what."""
    watch, counts, heard_s, told = RhythmWatch(RATE, {}, low_battery=True), Counter[str](), 0, ""
    recent = np.zeros(0, np.float32)
    for second in _seconds(data, folds):
        watch.hear(Span(heard_s * RATE, second, False, 0.0))
        counts.update(
            one.change.class_ for one in watch.chirps(_level(heard_s)) if one.change.type == "onset"
        )
        recent = np.concatenate([recent, second])[-round(_LOOK_S * RATE) :]
        heard_s += 1
        found = rhythm_of(recent, RATE)
        alarm = found.name if found is not None and is_alarm(found) else ""
        cadence = cadence_of(recent, RATE) if heard_s % 4 == 0 else None
        name = alarm or (cadence.name if cadence is not None else told if heard_s % 4 else "")
        counts[name] += bool(name) and name != told
        told = name
        if heard_s >= hours * 3600:
            break
    print(f"\n{heard_s / 3600:.2f} hours of folds {folds} without any:")
    for name in (*PATTERNS, "alarm_low_battery", "telephone", "appliance"):
        rate = poisson_rate(counts[name], heard_s / 3600)
        print(f"{name}: {counts[name]}, {rate.value:.2f} an hour [{rate.low:.2f}, {rate.high:.2f}]")


def _seconds(data: Path, folds: list[int]) -> Iterator[NDArray[np.float32]]:
    clips = [one for one in read_index(data) if one.is_in(folds)]
    clips = [one for one in clips if not any(word in one.label for word in _BEEPING)]
    for place in np.random.default_rng(0).permutation(len(clips)):
        samples = load(data.parent / clips[place].path, RATE)
        yield from samples[: len(samples) // RATE * RATE].reshape(-1, RATE)


def _level(second: int) -> LevelReading:
    return LevelReading((second + 1) * RATE, -40.0, -30.0, -60.0, 20.0, "normal", [])


def _name(samples: NDArray[np.float32]) -> str:
    found = rhythm_of(samples, RATE)
    if found is None or found.name not in PATTERNS:
        found = cadence_of(samples, RATE) or found
    return "none" if found is None else found.name


def _battery(samples: NDArray[np.float32]) -> str:
    watch, told = RhythmWatch(RATE, {}, low_battery=True), False
    for second, start in enumerate(range(0, len(samples) - RATE, RATE)):
        watch.hear(Span(start, samples[start : start + RATE], False, 0.0))
        told |= bool(watch.chirps(_level(second)))
    return "battery" if told else "none"


if __name__ == "__main__":
    main()
