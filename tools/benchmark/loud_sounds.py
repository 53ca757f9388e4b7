"""Count how often `loud_sound` and NOISY would be told where nothing is to be found: the most they can be.

    python -m tools.benchmark.loud_sounds --data ../shared/data --folds 1,2,3 --hours 3

Nothing is recognised here, so that every loud sound counts. Of two kinds of sound: streams of backgrounds
with speech and music over them (`synthesis/negatives.py`), and every recording of a background, of speech and
of music that is at least `LEAST_S` long, as it is.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import DetectorConfig, LevelConfig
from monitor.console import show
from monitor.corpus.clips import load
from monitor.corpus.layouts import Corpus, read_data
from monitor.detection.detector import Detector
from monitor.detection.loud_sounds import LoudSounds
from monitor.evaluation.synthesis.negatives import build_negatives
from monitor.evaluation.synthesis.streams import StreamSpec
from monitor.records import Span, WindowScores
from monitor.stream.level import LevelMeter

RATE = 16_000
HOP_LEN, WINDOW_LEN = RATE // 4, 2 * RATE
LEAST_S = 15.0
THRESHOLDS_DB = (20.0, 25.0, 30.0, 35.0)
ALARMS = ("siren", "smoke_alarm", "fire_alarm", "doorbell", "door_knock", "crying_baby", "dog", "car_horn")


class Found(msgspec.Struct):
    """What was counted."""

    hours: float = 0.0
    noisy: int = 0
    loud: Counter[float] = msgspec.field(default_factory=Counter)
    """By threshold, dB."""


def listen(samples: NDArray[np.float32], found: Found) -> None:
    """Hear one recording."""
    configs = [DetectorConfig(loud_sound_db=least_db) for least_db in THRESHOLDS_DB]
    meter = LevelMeter(RATE, LevelConfig())
    watches = [LoudSounds(config, RATE, LevelConfig().tick_s) for config in configs]
    nothing = Detector((), configs[0], RATE, WINDOW_LEN, HOP_LEN)
    was_noisy = False
    for start in range(0, len(samples) - HOP_LEN, HOP_LEN):
        stop = start + HOP_LEN
        ticks = meter.push(Span(start, samples[start:stop], False, 0.0))
        score = WindowScores(max(0, stop - WINDOW_LEN), stop, {}, "", 0.0)
        for config, watch in zip(configs, watches, strict=True):
            for tick in ticks:
                watch.hear(tick)
            told = watch.judge(score, nothing)
            found.loud[config.loud_sound_db] += sum(one.change.type == "onset" for one in told)
        found.noisy += meter.noisy and not was_noisy
        was_noisy = meter.noisy
    found.hours += len(samples) / RATE / 3600.0


def recordings(corpus: Corpus, folds: tuple[int, ...]) -> Iterable[NDArray[np.float32]]:
    """Give what is long enough, as it is."""
    for clip in corpus.clips:
        if clip.kind != "event" and clip.is_in(folds):
            samples = load(corpus.find(clip.path), RATE)
            if len(samples) >= LEAST_S * RATE:
                yield samples


def main() -> None:
    """Print the counts as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folds", default="1,2,3")
    parser.add_argument("--hours", type=float, default=3.0)
    options = parser.parse_args()
    corpus, folds = read_data(options.data), tuple(map(int, options.folds.split(",")))
    spec = StreamSpec(classes=ALARMS, folds=folds, n_streams=1, snr_db=0.0, sample_rate=RATE)
    streams = (one.samples for one in build_negatives(corpus, spec, options.hours))
    for kind, sounds in (("streams", streams), ("recordings", recordings(corpus, folds))):
        found = Found()
        for samples in sounds:
            listen(samples, found)
        loud = ", ".join(f"{found.loud[db] / found.hours:.1f} from {db:.0f} dB" for db in THRESHOLDS_DB)
        show(f"{kind}, {found.hours:.2f} h: loud an hour {loud}; NOISY {found.noisy / found.hours:.1f} times")


if __name__ == "__main__":
    main()
