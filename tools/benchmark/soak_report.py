"""Figures and curves of a soak: what a monitor took and told, hour by hour.

python -m tools.benchmark.soak_report DAY [--draw FILE]     # of `soak_day`, as a table in Markdown and curves
python -m tools.benchmark.soak_report HOUR [--draw FILE]    # of `soak --out`
"""

from __future__ import annotations

import argparse
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from tools.benchmark import made_day
from tools.benchmark.made_day import Planned

_EARLY_S, _LATE_S = 0.5, 4.0
"""An onset so long before a planned alarm, or after its end, is of it."""
_SAME_HOURS = (1, 23)
_LOUD = "loud_sound"


class HourOfDay(msgspec.Struct):
    """What was told in one hour."""

    number: int
    planned: int = 0
    told: int = 0
    false: int = 0
    """Onsets of listed classes at which nothing was planned."""
    loud: int = 0
    """Loud sounds that nothing recognised: no false alarms."""
    missed: list[str] = []
    """Planned alarms that were not told."""


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file of JSON lines; one that is being written is left out."""
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(msgspec.json.decode(line))
        except msgspec.DecodeError:
            break
    return found


def without_gaps(events: list[dict[str, Any]], samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events whose onsets count what was heard alone: where a source was lost, its sound waited.

    Where a gap began is known to the next of `samples`.
    """
    ends = [sample["health"]["captured"] for sample in samples]
    gaps = [sample["health"]["gap"] for sample in samples]
    found = []
    for one in events:
        if one["kind"] == "event":
            gap = gaps[min(bisect_left(ends, one["onset_sample"]), len(gaps) - 1)]
            found.append({**one, "onset_sample": one["onset_sample"] - gap})
    return found


def alarms_told(events: list[dict[str, Any]], planned: list[Planned], hours: float) -> list[HourOfDay]:
    """Return per hour which alarms were told, and what else was."""
    found = [HourOfDay(number) for number in range(int(hours + 0.999))]
    onsets = [
        (one["onset_sample"] / one["sample_rate"], one["class"])
        for one in events
        if one["kind"] == "event" and one["type"] == "onset" and one["onset_sample"] >= 0
    ]
    free = sorted(onset for onset in onsets if onset[0] < hours * made_day.HOUR_S)
    for alarm in (one for one in planned if one.offset_s + _LATE_S < hours * made_day.HOUR_S):
        hour = found[int(alarm.onset_s // made_day.HOUR_S)]
        of_it = [
            one
            for one in free
            if one[1] == alarm.class_name and -_EARLY_S <= one[0] - alarm.onset_s <= _length(alarm)
        ]
        hour.planned += 1
        hour.told += bool(of_it)
        if not of_it:
            at_s = alarm.onset_s % made_day.HOUR_S
            hour.missed.append(f"{alarm.class_name} at {int(at_s // 60)} min, {alarm.over_db:.0f} dB")
        free = [one for one in free if one not in of_it]
    for onset_s, class_name in free:
        hour = found[int(onset_s // made_day.HOUR_S)]
        hour.loud += class_name == _LOUD
        hour.false += class_name != _LOUD
    return found


def _length(alarm: Planned) -> float:
    return alarm.offset_s - alarm.onset_s + _LATE_S


def table(hours: list[HourOfDay], samples: list[dict[str, Any]]) -> str:
    """Return the hours of a day as a table."""
    head = "| hour | what it is | told | false alarms | loud sounds | siren's threshold | memory, MiB |"
    rows = [head, "|---|---|---|---|---|---|---|"]
    for one in hours:
        last = [sample for sample in samples if sample["hour"] <= one.number + 1][-1]
        threshold = last["health"]["classes"][0]["onset_threshold"]
        rows.append(
            f"| {one.number} | {made_day.kind_of(one.number)} | {one.told} of {one.planned} | {one.false} | "
            f"{one.loud} | {threshold:.2f} | {last['taken']['resident_mib']:.0f} |"
        )
    return "\n".join(rows)


def summary(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how what was taken went from a settled beginning to the end."""
    settled = [one for one in samples if one["hour"] >= min(1.0, samples[-1]["hour"] / 10.0)]
    found: dict[str, Any] = {"hours": round(samples[-1]["hour"], 2), "samples": len(samples)}
    for name in ("resident_mib", "descriptors", "threads", "processes"):
        values = [one["taken"][name] for one in settled]
        found[name] = {"first": values[0], "least": min(values), "most": max(values), "last": values[-1]}
    for kind, first, last in _disk(settled):
        found[f"{kind}, kB"] = {"first": round(first / 1e3, 1), "last": round(last / 1e3, 1)}
    health = samples[-1]["health"]
    found["counters"] = {
        name: health[name]
        for name in (
            "captured",
            "analysed",
            "pending",
            "gap",
            "skipped",
            "overwritten",
            "overflow",
            "reopened",
        )
    }
    return found


def _disk(samples: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    first, last = (_by_kind(sample["disk"]) for sample in (samples[0], samples[-1]))
    return [(kind, first[kind], last[kind]) for kind in sorted(last)]


def _by_kind(disk: dict[str, int]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for name, size in disk.items():
        path = Path(name)
        stem = path.name.split(".")[0] if path.suffix.startswith((".db", ".sqlite")) else path.parent.name
        kinds[stem if stem not in {"", "."} else path.name] += size
    return kinds


def draw(samples: list[dict[str, Any]], hours: list[HourOfDay], path: Path) -> None:
    """Draw the curves."""
    from matplotlib import pyplot

    at = [sample["hour"] for sample in samples]
    panels = 4 if hours else 2
    figure, axes = pyplot.subplots(panels, 1, figsize=(7.0, 1.7 * panels), sharex=True)
    axes[0].plot(at, [sample["taken"]["resident_mib"] for sample in samples], label="memory, MiB")
    axes[0].set_ylim(bottom=0.0)
    for name in ("descriptors", "threads"):
        axes[0].plot(at, [sample["taken"][name] for sample in samples], label=name)
    for kind in sorted(_by_kind(samples[-1]["disk"])):
        sizes = [_by_kind(sample["disk"])[kind] / 1e6 for sample in samples]
        axes[1].plot(at, sizes, label=f"{kind}, MB")
    if hours:
        names = [one["class"] for one in samples[-1]["health"]["classes"]]
        for place, name in enumerate(names[:3]):
            values = [sample["health"]["classes"][place]["onset_threshold"] for sample in samples]
            axes[2].plot(at, values, label=f"threshold, {name}")
        middles = [one.number + 0.5 for one in hours]
        axes[3].bar(middles, [one.planned for one in hours], color="0.85", label="planned alarms")
        axes[3].bar(middles, [one.told for one in hours], width=0.5, label="told")
        axes[3].plot(middles, [one.false for one in hours], "r.-", label="false alarms")
    for axis in axes:
        axis.legend(fontsize=6, ncols=4, loc="best")
        axis.tick_params(labelsize=7)
    axes[-1].set_xlabel("hour", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=90)


def main() -> None:
    """Print the figures; draw them if asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draw", type=Path, metavar="FILE", help="curves, as .png or .svg")
    chosen = parser.parse_args()
    samples = lines_of(chosen.folder / "samples.jsonl")
    events = chosen.folder / "events.jsonl"
    hours: list[HourOfDay] = []
    if events.exists():
        last = samples[-1]["health"]
        length = (last["captured"] - last["gap"]) / last["sample_rate"] / made_day.HOUR_S
        told = without_gaps(lines_of(events), samples)
        hours = alarms_told(told, made_day.planned_alarms(length), length)
        print(table(hours, samples))
        print(
            "\n".join(f"hour {one.number}: not told: {', '.join(one.missed)}" for one in hours if one.missed)
        )
    print(msgspec.json.format(msgspec.json.encode(summary(samples))).decode())
    if chosen.draw is not None:
        draw(samples, hours, chosen.draw)


if __name__ == "__main__":
    main()
