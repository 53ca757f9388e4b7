"""What a window costs for lists of ever more classes, and what starting with them takes.

    python -m tools.benchmark.class_counts
    python -m tools.benchmark.class_counts --classes 10,100 --json

One source hears the demo street once for each list, as fast as it can, on one thread; all in processor time.
The classes are names of sounds, then the same from afar (`monitor/vocabulary/sound_names.toml`).
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import product

import msgspec
from tqdm import tqdm

from monitor.assemble import make_stages
from monitor.bench.stages import CAPTURE, PATTERNS, REST, measure_stages
from monitor.config.settings import load_config
from monitor.console import show
from monitor.encoders import Encoder, load
from monitor.scoring.prompts import parse_classes
from monitor.vocabulary.word_lists import read_names

COUNTS = "1,2,5,10,20,50,100,200,500"
HEAD = """| classes | scores | detector, thresholds | the model | all else | all | % of a core | start |
|---|---|---|---|---|---|---|---|""".splitlines()


class ClassCost(msgspec.Struct, frozen=True):
    """What a list of classes costs."""

    classes: int
    scores_ms: float
    """A window, the median, as all of these."""
    detector_ms: float
    model_ms: float
    else_ms: float
    """All but capture and patterns of alarms, which no list makes longer."""
    share: float
    """Of one core, of all that a window needs."""
    start_s: float
    """Until texts are embedded and stages made."""

    @property
    def all_ms(self) -> float:
        """Return the sum."""
        return self.scores_ms + self.detector_ms + self.model_ms + self.else_ms


def names(count: int) -> list[str]:
    """Return the names of `count` different classes."""
    found = [before + name for before, name in product(("", "distant "), read_names().sounds)]
    if count > len(found):
        raise SystemExit(f"There are names for {len(found)} classes, not for {count}.")
    return found[:count]


def measure(encoder: Encoder, count: int) -> ClassCost:
    """Return what `count` classes cost."""
    config = load_config(None, {}, {})
    classes = parse_classes(",".join(name.replace(" ", "_") for name in names(count)))
    begun_s = time.thread_time()
    make_stages(encoder, classes, config)
    start_s = time.thread_time() - begun_s
    costs = {one.name: one for one in measure_stages(encoder, classes, config).stages}
    counted = [one for name, one in costs.items() if name not in {CAPTURE, PATTERNS}]
    rest_ms = (
        costs["levels and spectrogram"].median_ms + costs["windows"].median_ms + costs["background"].median_ms
    )
    return ClassCost(
        count,
        costs["scores"].median_ms,
        costs["detector"].median_ms,
        costs["model"].median_ms,
        rest_ms + costs[REST].median_ms,
        sum(one.share for one in counted),
        start_s,
    )


def line(cost: ClassCost) -> str:
    """Return one line of the table."""
    parts = (cost.scores_ms, cost.detector_ms, cost.model_ms, cost.else_ms, cost.all_ms)
    shown = " | ".join(f"{ms:.2f}" for ms in parts)
    return f"| {cost.classes} | {shown} | {cost.share:.1%} | {cost.start_s:.2f} s |"


def main() -> None:
    """Measure each list and print a table, or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classes", default=COUNTS, help=f"how many, separated by commas ({COUNTS})")
    parser.add_argument("--json", action="store_true", help="print figures instead of a table")
    options = parser.parse_args()
    encoder = load(load_config(None, {}, {}).model)
    counts = [int(count) for count in options.classes.split(",")]
    costs = [measure(encoder, count) for count in tqdm(counts, disable=not sys.stderr.isatty())]
    if options.json:
        show(msgspec.json.format(msgspec.json.encode(costs)).decode())
    else:
        show("\n".join([*HEAD, *map(line, costs)]))


if __name__ == "__main__":
    main()
