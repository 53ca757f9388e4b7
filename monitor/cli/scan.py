"""The `scan` verb: archives of recordings, heard as fast as the machine can, kept as tables."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb, Flags
from monitor.cli.setting_flags import add_alarms, add_model
from monitor.cli.values import count_up_to, within
from monitor.config.limits import HOP_S, SCAN_WORKERS
from monitor.config.settings import Config, ScanConfig, load_config
from monitor.console import show, show_json, tell
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.start import EXIT_INTERRUPTED
from monitor.text import sanitise

if TYPE_CHECKING:
    from monitor.archive.scan import Asked, Outcome
    from monitor.encoders import Encoder, EncoderInfo
    from monitor.progress import SoundProgress
    from monitor.records import ClassPrompt

EXIT_SOME_FAILED = 1
_ERRORS_SHOWN = 5
"""So many recordings that failed or are damaged are told of with their sentence; all are in the table."""


def add_scan(verbs: Any, add_verb: AddVerb) -> None:
    """Add `scan` to the verbs of the program."""
    scan = add_verb(verbs, "scan", _scan, "hear an archive of recordings, and keep events and embeddings")
    scan.add_argument(
        "recordings",
        nargs="+",
        metavar="DIR|s3://…|@LIST",
        help="folders, sound files, s3://BUCKET/PREFIX, or @FILE with a path a line (@-: standard input)",
    )
    scan.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    scan.add_argument(
        "--classes", metavar="A,B", help='words to listen for: siren,dog_bark,alarm="smoke alarm beeping"'
    )
    add_model(scan.add_argument_group("model"))
    add_alarms(scan.add_argument_group("alarms"))
    _add_writing(scan.add_argument_group("what is written"))
    _add_work(scan.add_argument_group("how it is done"))


def _add_writing(group: Flags) -> None:
    group.add_argument(
        "--out",
        type=user_path,
        required=True,
        metavar="FOLDER",
        help="where the tables go (docs/scan.md); a scan that was stopped goes on there",
    )
    group.add_argument("--scores", action="store_true", help="keep the score of every window too")
    group.add_argument(
        "--keep",
        choices=["float16", "int8", "none"],
        help=f"how embeddings are kept for `monitor search`; default: {ScanConfig().keep}",
    )
    group.add_argument("--json", action="store_true", help="a summary as JSON on standard output")


def _add_work(group: Flags) -> None:
    group.add_argument(
        "--hop",
        type=within(HOP_S),
        metavar="S",
        help=f"seconds between windows; default: {ScanConfig().hop_s:g}",
    )
    group.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="processes of this machine, or Ray (a cluster: RAY_ADDRESS); default: local",
    )
    group.add_argument(
        "--workers",
        type=count_up_to(round(SCAN_WORKERS.high)),
        metavar="N",
        help="processes side by side; default: one a core",
    )
    group.add_argument("--retry", action="store_true", help="hear again what failed in an earlier run")


def _scan(arguments: argparse.Namespace) -> int:
    from monitor.archive.arrow import load_arrow
    from monitor.archive.listing import find_recordings
    from monitor.cli.stopping import asked_to_stop

    config = load_config(arguments.config, os.environ, _settings_of(arguments))
    load_arrow()  # before anything that takes long
    found = find_recordings(arguments.recordings)
    classes, config, info = _prepared(arguments.classes, config)
    asked = _asked(arguments, found, config, classes, info)
    stopped = threading.Event()
    with asked_to_stop(stopped):
        outcome = _run(asked, stopped)
    _report(outcome, arguments)
    if not outcome.complete:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if outcome.failed or outcome.damaged else 0


def _settings_of(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    from monitor.cli.arguments import model_flag

    flags = model_flag(arguments)
    given = {"hop_s": arguments.hop, "workers": arguments.workers, "keep": arguments.keep}
    flags["scan"] = {name: value for name, value in given.items() if value is not None}
    if arguments.false_alarms is not None:
        flags["calibration"] = {"false_alarms_per_hour": arguments.false_alarms}
    if arguments.urgent is not None:
        flags["detector"] = {"urgent": arguments.urgent}
    return flags


def _prepared(text: str | None, config: Config) -> tuple[tuple[ClassPrompt, ...], Config, EncoderInfo]:
    """Return the classes as a live run has them, the configuration at the hop of archives, and the model."""
    from monitor.assemble import hop_len
    from monitor.cli.word_report import unknown_words
    from monitor.config.by_class import by_class
    from monitor.encoders import load
    from monitor.pipeline.taught_classes import listened_for
    from monitor.progress import WordsProgress
    from monitor.storage.own_sounds import taught_sounds

    taught = taught_sounds()[0]
    classes = listened_for(text, config, taught)
    config = by_class(config, classes, strict=text is None)
    window = msgspec.structs.replace(config.window, hop_s=config.scan.hop_s)
    config = msgspec.structs.replace(config, window=window)
    encoder = load(config.model, WordsProgress(sys.stderr))
    _refuse_long_hop(config, encoder)
    hop_len(encoder, config)  # refuses what else does not go with the model's window
    known = {one.sound.name for one in taught if one.model == encoder.info.identity}
    unknown = unknown_words([one for one in classes if one.name not in known], encoder, config.model)
    for sentence in unknown.sentences:
        tell(sentence)
    told = (msgspec.structs.replace(one, unknown=one.name in unknown.names) for one in classes)
    return tuple(told), config, encoder.info


def _refuse_long_hop(config: Config, encoder: Encoder) -> None:
    window_s = encoder.window_len / encoder.sample_rate
    if config.scan.hop_s > window_s:
        raise ConfigError(
            f"--hop (or hop_s in [scan]) is {config.scan.hop_s:g}; valid: {HOP_S.low:g} to {window_s:g}, the "
            "model's window: what lies between two windows would not be heard."
        )


def _asked(
    arguments: argparse.Namespace, found: Any, config: Config, classes: Any, info: EncoderInfo
) -> Asked:
    from monitor.archive.scan import Asked

    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; name a folder, new or of a scan that shall go on.")
    return Asked(
        folder=out, recordings=found, config=config, classes=classes, info=info, engine=arguments.engine,
        scores=arguments.scores, retry=arguments.retry,
    )  # fmt: skip


def _run(asked: Asked, stopped: threading.Event) -> Outcome:
    from monitor.archive.scan import Watch, scan
    from monitor.progress import SoundProgress

    with contextlib.ExitStack() as stack:
        shown: list[SoundProgress] = []

        def begin(size: int, left: int, there: int) -> None:
            if there:
                tell(f"{_recordings(there)} of before need not be heard again; {left} left.")
            shown.append(stack.enter_context(SoundProgress(size)))

        watch = Watch(begin, lambda step: shown[0].step(step.sound_s, step.size), stopped.is_set)
        return scan(asked, watch)


def _report(outcome: Outcome, arguments: argparse.Namespace) -> None:
    from monitor.progress import duration

    heard = outcome.heard
    speed = heard.sound_s / outcome.took_s if outcome.took_s else 0.0
    speed_cpu = heard.sound_s / heard.cpu_s if heard.cpu_s else 0.0
    if arguments.json:
        more = {"times_real_time": round(speed, 1), "times_real_time_per_cpu": round(speed_cpu, 1)}
        show_json(msgspec.json.encode({**msgspec.to_builtins(outcome), **more, "out": str(arguments.out)}))
        return
    pace = f"{speed:.0f} times real time, {speed_cpu:.0f} for each second of CPU"
    said = (
        f"Heard {_recordings(heard.files - heard.failed)}, {duration(heard.sound_s)} of sound, in "
        f"{duration(outcome.took_s)} ({pace}); {heard.events} event{'' if heard.events == 1 else 's'}."
    )
    if outcome.complete and not heard.files:
        said = "Nothing was left to hear."
    end = "" if outcome.complete else " Stopped; the same command goes on."
    show(f"{said}{_wrong(outcome, arguments.out)}{end} Tables are in {arguments.out}.")


def _recordings(number: int) -> str:
    return "1 recording" if number == 1 else f"{number} recordings"


def _wrong(outcome: Outcome, out: Path) -> str:
    """Return how many recordings of the tables have errors, and tell of the first why."""
    kinds = {"failed": outcome.failed, "damaged": outcome.damaged}
    said = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    if not said:
        return ""
    from monitor.archive.merging import read_part

    errors = read_part(out, "errors", ["sentence"]).column("sentence").to_pylist()
    for sentence in errors[:_ERRORS_SHOWN]:
        tell(sanitise(str(sentence)))
    again = "; --retry hears what failed again" if outcome.failed else ""
    return f" In the tables: {said}; why is in {out / 'errors.parquet'}{again}."
