"""The `calibrate` verb: a microphone hears a sound calibrator, and its levels are dBA from then on."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb
from monitor.cli.values import number
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json, tell
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.sources import Source
    from monitor.storage.level_calibrations import LevelCalibration

_LOWEST_DB, _HIGHEST_DB = 40.0, 140.0


def add_calibrate(verbs: Any, add_verb: AddVerb) -> None:
    """Add `calibrate` to the verbs of the program."""
    summary = "let a microphone hear a sound calibrator (1 kHz), so that levels are dBA"
    calibrate = add_verb(verbs, "calibrate", _calibrate, summary)
    whose = calibrate.add_mutually_exclusive_group()
    whose.add_argument(
        "--mic",
        dest="source",
        type="mic:{}".format,
        metavar="X",
        help="index, name or id (`monitor devices`)",
    )
    whose.add_argument(
        "--source", metavar="S", help="another source, as in `monitor run`; default: the one it hears"
    )
    calibrate.add_argument(
        "--level", type=_level, default=94.0, metavar="DB", help="what the calibrator says it is; default: 94"
    )
    doing = calibrate.add_mutually_exclusive_group()
    doing.add_argument(
        "--from",
        dest="recording",
        type=user_path,
        metavar="FILE",
        help="a recording of it made with that microphone",
    )
    doing.add_argument("--show", action="store_true", help="list the calibrations that are kept")
    doing.add_argument("--remove", action="store_true", help="forget that of the microphone: dBFS again")
    calibrate.add_argument("--config", type=user_path, metavar="FILE", help="the settings that it runs with")
    calibrate.add_argument("--json", action="store_true", help="JSON on standard output")


def _level(text: str) -> float:
    value = number(text)
    if not _LOWEST_DB <= value <= _HIGHEST_DB:
        raise argparse.ArgumentTypeError(
            f"{text} dB is no calibrator's level; valid: {_LOWEST_DB:g} to {_HIGHEST_DB:g}, mostly 94 or 114"
        )
    return value


def _calibrate(arguments: argparse.Namespace) -> int:
    if arguments.show:
        return _show(arguments)
    config = load_config(arguments.config, os.environ)
    source = _source(arguments.source, config)
    return _remove(source, arguments) if arguments.remove else _measure(source, config, arguments)


def _measure(source: Source, config: Config, arguments: argparse.Namespace) -> int:
    from monitor.doctor.calibrator import hear_calibrator
    from monitor.progress import steps
    from monitor.sources.file import FileSource
    from monitor.storage.level_calibrations import LevelCalibration, keep_level

    heard = source if arguments.recording is None else FileSource(arguments.recording, fast=True)
    source_id = None if heard is source else _id_of(source)  # first of all: it may name nothing
    with steps() as say:
        tone = hear_calibrator(heard, config, say)
    calibration = LevelCalibration(
        source_id=source_id or _id_of(source),
        source_name=source.name,
        offset_db=round(arguments.level - tone.level_dbfs, 2),
        level_db=arguments.level,
        measured_dbfs=round(tone.level_dbfs, 2),
        frequency_hz=round(tone.frequency_hz, 1),
        calibrated_at=datetime.now(UTC),
    )
    path = keep_level(calibration)
    if arguments.json:
        show_json(msgspec.json.encode(calibration))
    else:
        show(
            f"{_in_words(calibration)}\nKept in {path}; a monitor that runs uses it once it is started again."
        )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from monitor.storage.level_calibrations import stored_levels

    stored = stored_levels()
    for note in (one.note for one in stored if one.note):
        tell(note)
    found = [one.calibration for one in stored if one.calibration is not None]
    if arguments.json:
        show_json(msgspec.json.encode(found))
    elif not found:
        show("No microphone is calibrated; `monitor calibrate` does it, with a sound calibrator.")
    for one in [] if arguments.json else found:
        show(f"{_in_words(one)} {one.calibrated_at.astimezone():%Y-%m-%d %H:%M}.")
    return 0


def _remove(source: Source, arguments: argparse.Namespace) -> int:
    from monitor.storage.level_calibrations import remove_level

    source_id = _id_of(source)
    gone = remove_level(source_id)
    if not gone:
        raise ConfigError(f"There is no calibration of {source_id}; `monitor calibrate --show` lists all.")
    if arguments.json:
        show_json(msgspec.json.encode({"removed": source_id}))
    else:
        show(
            f"Removed the calibration of {source_id}; its levels are dBFS once the monitor is started again."
        )
    return 0


def _in_words(found: LevelCalibration) -> str:
    return (
        f"{found.source_name} (id {found.source_id}): {found.frequency_hz:.0f} Hz at "
        f"{found.measured_dbfs:.1f} dBFS is {found.level_db:g} dB, "
        f"so {found.offset_db:+.1f} dB to a level in dBFS."
    )


def _source(spec: str | None, config: Config) -> Source:
    from monitor.sources.options import SourceOptions
    from monitor.sources.schemes import make_source

    specs = config.capture.sources if spec is None else (spec,)
    if len(specs) > 1:
        raise ConfigError(f"Say which of {', '.join(specs)} is calibrated, with --mic X or --source S.")
    return make_source(specs[0], SourceOptions(fast=True, capture=config.capture))


def _id_of(source: Source) -> str:
    """Return what a run calls the source; a microphone that was not opened is looked up."""
    from monitor.pipeline.stream_descriptions import stream_id
    from monitor.sources.devices import find
    from monitor.sources.microphone import Microphone, list_devices
    from monitor.storage.level_calibrations import stored_level

    known = not isinstance(source, Microphone) or source.sample_rate or stored_level(source.id).calibration
    if not known and isinstance(source, Microphone):
        source.choose(find(list_devices(), source.spec), set())
    return stream_id(source)
