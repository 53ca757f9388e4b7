"""The `bench` verb: what a monitor costs on this computer, and how many microphones it can hear."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb, model_flag
from monitor.cli.setting_flags import add_model
from monitor.cli.values import positive
from monitor.config.limits import HOP_S
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json, show_table
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.bench.report import Report


def add_bench(verbs: Any, add_verb: AddVerb) -> None:
    """Add `bench` to the verbs of the program."""
    bench = add_verb(
        verbs, "bench", _bench, "what a monitor costs here, and how many microphones it can hear"
    )
    add_model(bench)
    bench.add_argument("--hop", type=positive, metavar="S", help=f"seconds from window to window, {HOP_S}")
    bench.add_argument("--mic", metavar="NAME", help="hear this microphone instead of a street made by code")
    bench.add_argument("--quick", action="store_true", help="a quarter of a minute instead of one or two")
    bench.add_argument("--json", action="store_true", help="one JSON object on standard output")


def _bench(arguments: argparse.Namespace) -> int:
    if sys.platform != "linux":
        raise ConfigError("bench reads what Linux counts of each process; no other system will do.")
    found = _measure(arguments)
    if arguments.json:
        show_json(msgspec.json.encode(found))
    else:
        _show(found)
    return 0


def _measure(arguments: argparse.Namespace) -> Report:
    from monitor.bench.live import CLASSES, FULL, QUICK, measure_live
    from monitor.bench.report import report
    from monitor.bench.stages import measure_stages
    from monitor.encoders import load
    from monitor.progress import steps
    from monitor.scoring.prompts import parse_classes

    config = _config(arguments)
    encoder, classes = load(config.model), parse_classes(CLASSES, {})
    with steps() as say:
        say(f"each stage by itself, with model {encoder.info.name}")
        stages = measure_stages(encoder, classes, config)
        live = measure_live(config, QUICK if arguments.quick else FULL, arguments.mic, say)
    cores = len(os.sched_getaffinity(0))
    return report(encoder.info.name, cores, arguments.mic or "demo street", stages, live)


def _config(arguments: argparse.Namespace) -> Config:
    """Return the settings as they come, but model and hop: nobody is to be told of the street."""
    hop = {} if arguments.hop is None else {"window": {"hop_s": arguments.hop}}
    return load_config(None, {}, model_flag(arguments) | hop)


def _show(found: Report) -> None:
    from rich.table import Table

    show_table(_stages(Table(box=None, pad_edge=False), found))
    show("")
    show_table(_whole(Table(box=None, pad_edge=False, show_header=False), found))
    show(f"\n{found.sentence}")


def _stages(table: Table, found: Report) -> Table:
    table.add_column("stage", no_wrap=True)
    for title in ("ms a window, median", "95 %", "% of a core"):
        table.add_column(title, justify="right")
    for one in found.stages.stages:
        table.add_row(one.name, f"{one.median_ms:.2f}", f"{one.p95_ms:.2f}", f"{100 * one.share:.2f}")
    return table


def _whole(table: Table, found: Report) -> Table:
    live = found.live
    begun = sorted(live.started_s)
    told = f"{live.told} of {live.sounds} sounds of the street were told" if live.sounds else ""
    rows = {
        f"a whole monitor of {found.source}": f"{100 * live.share:.1f} % of a core, "
        f"{live.wakeups_per_s:.0f} waits a second, {live.resident_mib:.0f} MiB, over {live.heard_s:.0f} s",
        "from its start until it hears": f"{begun[len(begun) // 2]:.1f} s, the median of {len(begun)}",
        "told": told,
    }
    for one in found.latencies:
        rows[one.what] = f"{one.p50_s:.2f} s, 95 %: {one.p95_s:.2f}, 99 %: {one.p99_s:.2f} (n = {one.n})"
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    return table
