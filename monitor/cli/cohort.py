"""The `models cohort` verb: give a model's scores their meaning, from an index or from one's own hours."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from monitor.cli.arguments import AddVerb
from monitor.cli.values import positive, whole
from monitor.config.limits import COHORT_SOUNDS
from monitor.console import show, show_json
from monitor.errors import ConfigError, ModelError
from monitor.files.paths import user_path
from monitor.files.state_files import write_private


class CohortReport(msgspec.Struct, frozen=True):
    """What was built, and where it lies."""

    model: str
    """Identity of the model it belongs to."""
    file: str
    sounds: int
    kinds: int
    """Names of sounds; 0: nobody said what they are."""
    sounds_per_hour: float


def add_cohort(actions: Any, add_verb: AddVerb) -> None:
    """Add `cohort` to what `models` can do."""
    summary = "let a model hear ordinary sound, so that its thresholds are false alarms an hour"
    cohort = add_verb(actions, "cohort", _cohort, summary)
    cohort.add_argument("name", metavar="NAME", help="a model, or a folder with a slash in its name")
    what = cohort.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--from",
        dest="data",
        type=user_path,
        metavar="INDEX|DIR",
        help="a folder of your own recordings, some hours of ordinary days; or labelled clips, as for `eval`",
    )
    what.add_argument("--remove", action="store_true", help="delete the one that was built here")
    cohort.add_argument(
        "--folds", type=whole, default=(), metavar="N,M", help="of labelled clips (default: all)"
    )
    cohort.add_argument(
        "--most", type=int, default=0, metavar="N", help=f"sounds of it, {COHORT_SOUNDS} (default 3000)"
    )
    cohort.add_argument(
        "--sounds-per-hour",
        type=positive,
        metavar="X",
        help="as hard as an ordinary hour are X of its sounds (default: as many as fill an hour; of labelled "
        "clips, which are harder, what was measured)",
    )
    cohort.add_argument(
        "--out", type=user_path, metavar="FILE", help="write it there, to be pinned with a model"
    )
    cohort.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="the report as JSON")


def _cohort(arguments: argparse.Namespace) -> int:
    from monitor.config.settings import ModelConfig
    from monitor.encoders import load
    from monitor.models.cohort import own_cohort_file, pack

    if arguments.most and not COHORT_SOUNDS.holds(arguments.most):
        raise ConfigError(f"--most is {arguments.most}; valid: {COHORT_SOUNDS}.")
    encoder = load(ModelConfig(name=arguments.name, adapter="none"))
    path = arguments.out or own_cohort_file(encoder.info.identity)
    if path is None:
        raise ModelError("There is no home folder to keep a cohort in; set HOME or XDG_DATA_HOME, or --out.")
    if arguments.remove:
        return _remove(path, encoder.info.identity)
    from monitor.console import tell
    from monitor.corpus.layouts import read_data
    from monitor.evaluation.cohorts import MOST, CohortPlan, build_cohort, most_windows, without_unreadable
    from monitor.progress import progress

    corpus = without_unreadable(read_data(_existing(arguments.data)), tell)
    plan = CohortPlan(arguments.folds, arguments.most or MOST, arguments.sounds_per_hour)
    with progress("cohort", min(plan.most, most_windows(corpus, encoder))) as advance:
        cohort = build_cohort(encoder, corpus, plan, None, advance)
    _write(path, pack(cohort), private=arguments.out is None)
    report = CohortReport(
        encoder.info.identity,
        str(path),
        len(cohort.vectors),
        len(cohort.kinds),
        round(cohort.sounds_per_hour, 3),
    )
    if getattr(arguments, "json", False):
        show_json(msgspec.json.encode(report))
    else:
        names = f" of {report.kinds} kinds" if report.kinds else ""
        show(f"{report.sounds} sounds{names} in {path}")
        if arguments.out is None:
            show(f"`monitor run --model {arguments.name}` counts by it from now on.")
    return 0


def _existing(path: Path) -> Path:
    if not path.exists():
        raise ConfigError(f"There is no folder or index {path}; give a folder of your recordings.")
    return path


def _remove(path: Path, identity: str) -> int:
    try:
        path.unlink()
    except FileNotFoundError:
        raise ModelError(f"No cohort was built here for {identity}; {path} is not there.") from None
    except OSError as error:
        raise ModelError(f"Cannot remove {path}: {error.strerror}.") from None
    show(f"{path} is gone; the model counts by its own cohort again, if it has one.")
    return 0


def _write(path: Path, content: bytes, private: bool) -> None:
    """Write a file; one in the user's own folder at once, and for nobody else to read."""
    try:
        if not private:
            path.write_bytes(content)
            return
        write_private(path, content)
    except OSError as error:
        raise ModelError(f"Cannot write the cohort {path}: {error.strerror}.") from None
