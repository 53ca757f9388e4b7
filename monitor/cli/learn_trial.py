"""`monitor learn test NAME`: how a monitor would score a taught sound, live or in files."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import msgspec

from monitor.assemble import start_monitor
from monitor.bus.messages import Event, Health, PublishedRecord, ScoresMessage
from monitor.cli.learn_recording import Screen
from monitor.config.by_class import by_class
from monitor.config.settings import Config
from monitor.console import show, show_json
from monitor.encoders import Encoder, load
from monitor.errors import ConfigError, OwnSoundError
from monitor.learning.listed import Listed, listed_with, read_class
from monitor.learning.recordings import sound_files
from monitor.names import as_words
from monitor.progress import steps
from monitor.sinks import Measurement
from monitor.sinks.fanout import Fanout
from monitor.sources import Source
from monitor.sources.file import FileSource
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source
from monitor.storage import own_sounds


class Detection(msgspec.Struct, frozen=True):
    """Once that it would be told."""

    at_s: float
    score: float


class TrialReport(msgspec.Struct, frozen=True):
    """How a class was scored in one file, or live."""

    source: str
    highest_score: float
    at_s: float
    """Where, seconds since the begin."""
    threshold: float
    heard: tuple[Detection, ...]


class _Watch:
    """A sink that follows one class."""

    def __init__(self, name: str, see: Callable[[float, float], None]) -> None:
        self._name = name
        self._see = see
        self.best, self.at_s, self.threshold = 0.0, 0.0, 0.0
        self.heard: list[Detection] = []

    def takes(self, kind: type[Measurement]) -> bool:
        """Tell whether it takes measurements of this kind: scores."""
        return kind is ScoresMessage

    def emit(self, record: PublishedRecord) -> None:
        """Take note of scores, thresholds and events of the class."""
        match record:
            case ScoresMessage():
                score = record.scores.get(self._name, 0.0)
                if score > self.best:
                    self.best, self.at_s = score, record.start / record.sample_rate
                self._see(score, self.threshold)
            case Health():
                rules = {one.class_: one.onset_threshold for one in record.classes}
                self.threshold = rules.get(self._name, 0.0)
            case Event(type="onset", class_=self._name):
                self.heard.append(Detection(round(record.onset_sample / record.sample_rate, 2), record.score))

    def close(self) -> None:
        """Nothing is kept open."""


def try_taught(arguments: argparse.Namespace, config: Config) -> int:
    """Show how a taught class is scored."""
    prompt = read_class(arguments.name, config)
    if arguments.files and arguments.sources:
        raise ConfigError("FILE and --mic or --source do not go together; give one of them.")
    with steps() as say:
        say(f"loading the model {config.model.name}")
        encoder = load(config.model)
    if own_sounds.load(prompt.name, encoder.info.identity, encoder.dim) is None:
        raise OwnSoundError(
            f"Nothing is taught as {prompt.name!r} to the model {encoder.info.identity}; "
            f"`monitor learn list` shows what is, and `monitor learn {prompt.name}` teaches it."
        )
    listed = listed_with(prompt, encoder, config)
    if arguments.files:
        reports = [
            _over(FileSource(path, fast=True), listed, encoder, arguments, str(path))
            for path in sound_files(arguments.files)
        ]
    else:
        reports = [_live(listed, encoder, arguments)]
    if arguments.json:
        show_json(msgspec.json.encode(reports))
    for report in [] if arguments.json else reports:
        show(_in_words(report))
    return 0


def _live(listed: Listed, encoder: Encoder, arguments: argparse.Namespace) -> TrialReport:
    specs = arguments.sources or listed.config.capture.sources
    source = make_source(specs[0], SourceOptions(fast=True, capture=listed.config.capture))
    if not arguments.json:
        called = as_words(listed.prompt.label or listed.prompt.name)
        show(f"Make the sound of {called}; Ctrl-C ends it.")
    return _over(source, listed, encoder, arguments, source.name)


def _over(
    source: Source, listed: Listed, encoder: Encoder, arguments: argparse.Namespace, name: str
) -> TrialReport:
    """Run a monitor over a source that tells nobody, and return what it made of the class."""
    screen = Screen(arguments.json or not source.live)
    watch = _Watch(listed.prompt.name, screen.score)
    required = msgspec.structs.replace(listed.config.capture, require=True)
    config = msgspec.structs.replace(by_class(listed.config, listed.classes, strict=False), capture=required)
    monitor = start_monitor([source], encoder, listed.classes, Fanout([watch]), config)
    try:
        with screen.opened():
            told = 0
            while monitor.scheduler.step():
                for found in watch.heard[told:] if source.live and not arguments.json else ():
                    screen.say(f"HEARD at {found.at_s:.1f} s, score {found.score:.2f}")
                told = len(watch.heard)
                if arguments.duration_s and monitor.scheduler.stop_after(arguments.duration_s):
                    break
    except KeyboardInterrupt:
        if not source.live:
            raise
    finally:
        monitor.scheduler.end("stopped")
        monitor.stop()
    if monitor.error is not None:
        raise monitor.error
    return TrialReport(
        name, round(watch.best, 3), round(watch.at_s, 2), round(watch.threshold, 3), tuple(watch.heard)
    )


def _in_words(report: TrialReport) -> str:
    threshold = f"threshold {report.threshold:.2f}, as in `monitor run` without --classes"
    if not report.heard:
        return (
            f"{report.source}: not heard; highest score {report.highest_score:.2f} at {report.at_s:.1f} s, "
            f"{threshold}"
        )
    times = ", ".join(f"{one.at_s:.1f} s ({one.score:.2f})" for one in report.heard)
    return f"{report.source}: heard at {times}, {threshold}"
