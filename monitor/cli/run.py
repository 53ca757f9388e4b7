"""`monitor run`: a started monitor, its sinks, and whoever watches it, until something ends it."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

import msgspec

from monitor.assemble import Monitor, SourceOptions, make_source, start_monitor
from monitor.bus.publisher import Publisher
from monitor.cli.interface import Interface
from monitor.cli.progress import WordsProgress
from monitor.cli.stopping import asked_to_stop, held
from monitor.cli.word_report import refuse_unknown, unknown_words
from monitor.config.by_class import by_class
from monitor.config.settings import Config
from monitor.console import tell
from monitor.encoders import load
from monitor.errors import ConfigError, MonitorError, ProgramError
from monitor.scoring.prompts import parse_classes
from monitor.sinks import Sink
from monitor.sinks.lines import LineSink, TroubleSink
from monitor.sources.raw import RawFormat
from monitor.storage.thresholds import keep_all

_EXIT_LINES_LOST = 1
_AFTER_END_S = 0.1


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for beside the configuration."""

    sources: tuple[str, ...]
    """At least one: `mic:X`, `file:PATH`, `-` or `demo`."""
    classes: str | None
    """As typed; None takes the configuration's."""
    fast: bool
    raw: RawFormat
    """What raw samples on standard input look like."""
    follow: bool
    """Go on reading files as they grow."""
    headless: bool
    as_json: bool
    near_misses: bool
    duration_s: float | None
    strict: bool = False
    """Refuse words that the model does not know, instead of telling."""


class Outputs(msgspec.Struct, frozen=True):
    """Where a run's records go."""

    publisher: Publisher | None
    lines: LineSink | None
    trouble: TroubleSink | None
    """Tells of a lost or silent source on standard error where standard output is for JSON."""

    @property
    def sinks(self) -> list[Sink]:
        """All there are."""
        return [sink for sink in (self.publisher, self.lines, self.trouble) if sink is not None]


def run(options: RunOptions, config: Config, interface: Interface | None = None) -> int:
    """Listen until the sources, the user, a reader or the time ends it; return the exit code.

    An `interface` that is open already shows how it begins, and then what is heard.

    Raises
    ------
    MonitorError
        Something asked for cannot be had, or a source turned out to be damaged; all of it that was sound has
        been heard then.
    """
    stopped = threading.Event()
    with contextlib.ExitStack() as stack:
        with held():
            outputs = _open_outputs(options, config, stopped)
            for sink in outputs.sinks:
                stack.callback(sink.close)
        spare = LineSink(sys.stdout, as_json=False, near_misses=options.near_misses)
        stack.callback(spare.close)
        if interface is not None:
            _attach(interface, outputs.publisher)
        monitor = _start(options, config, outputs, interface)
        stack.callback(monitor.stop)
        stack.enter_context(_end_told(outputs.lines))
        for note in monitor.notes:
            _tell(note, interface)
        stack.enter_context(asked_to_stop(stopped))
        try:
            _turn(monitor, outputs, interface, stopped, options.duration_s)
            if interface is not None and interface.failed:
                outputs = _with_lines(monitor, outputs, interface, spare)
                _turn(monitor, outputs, None, stopped, options.duration_s)
        except Exception:
            monitor.pipelines.end("failed")
            raise
        monitor.pipelines.end("stopped")
        monitor.stop()
        for sentence in keep_all(monitor.keepers, time.monotonic(), last=True):
            tell(sentence)
        if monitor.error is not None:
            raise monitor.error
        if (unheard := monitor.pipelines.unheard) is not None:
            raise ProgramError(unheard)
    return _EXIT_LINES_LOST if outputs.lines is not None and outputs.lines.dropped else 0


@contextlib.contextmanager
def _end_told(lines: LineSink | None) -> Iterator[None]:
    """Let a program that reads JSON know too what ends the run."""
    try:
        yield
    except MonitorError as error:
        if lines is not None:
            lines.refuse(error)
        raise


def _open_outputs(options: RunOptions, config: Config, stopped: threading.Event) -> Outputs:
    """Open what is asked for; a file read at once waits for a slow reader of its lines, and loses none."""
    publish = config.publish
    return Outputs(
        Publisher(publish.bind, publish.high_water_mark, publish.control or None)
        if publish.bind != "none"
        else None,
        LineSink(
            sys.stdout,
            options.as_json,
            options.near_misses,
            wait=(lambda: not stopped.is_set()) if options.fast else None,
        )
        if options.headless
        else None,
        TroubleSink(sys.stderr) if options.as_json else None,
    )


def _attach(interface: Interface, publisher: Publisher | None) -> None:
    if publisher is None:
        raise ConfigError("The interface reads what is published; leave out --bind none, or add --headless.")
    interface.attach(publisher.endpoint, publisher.control_endpoint)


def _start(options: RunOptions, config: Config, outputs: Outputs, interface: Interface | None) -> Monitor:
    text = ",".join(config.prompts.classes) if options.classes is None else options.classes
    classes = parse_classes(text, config.prompts.aliases)
    config = by_class(config, classes, strict=options.classes is None)
    if options.sources.count("-") > 1:
        raise ConfigError("Standard input (-) can be one source only; give the other as file:PATH.")
    sources = [
        make_source(spec, SourceOptions(options.fast, options.follow, options.raw), config.capture)
        for spec in options.sources
    ]
    if interface is not None:
        interface.doing(f"loading the model {config.model.name}")
    encoder = load(config.model, WordsProgress(sys.stderr) if interface is None else interface.progress)
    unknown = unknown_words(classes, encoder, config.model)
    if options.strict:
        refuse_unknown(unknown)
    for sentence in unknown:
        _tell(sentence, interface)
        if outputs.lines is not None:
            outputs.lines.warn("unknown_word", sentence)
    if interface is not None:
        interface.doing(f"opening {', '.join(source.name for source in sources)}")
    return start_monitor(sources, encoder, classes, outputs.sinks, config, lambda: load(config.model))


def _with_lines(monitor: Monitor, outputs: Outputs, interface: Interface, spare: LineSink) -> Outputs:
    """Go on without the interface, which failed: events are printed on the terminal that it has left."""
    interface.restore()
    monitor.sinks.add(spare)
    tell(f"{interface.how_it_ended} The monitor goes on with lines: Ctrl-C ends it, `monitor tui` shows it.")
    return msgspec.structs.replace(outputs, lines=spare)


def _turn(
    monitor: Monitor,
    outputs: Outputs,
    interface: Interface | None,
    stopped: threading.Event,
    duration_s: float | None,
) -> None:
    """Turn the pipelines; after their end go on answering for as long as the interface is open."""
    pipelines = monitor.pipelines
    told = False
    while not (stopped.is_set() or _unwatched(outputs.lines, interface)):
        running = pipelines.step()
        if not running and interface is None:
            return
        if not running:
            time.sleep(_AFTER_END_S)
        if outputs.publisher is not None:
            outputs.publisher.poll(pipelines.handle)
        if not told and outputs.lines is not None and outputs.lines.trouble:
            told = True
            rest = "" if outputs.publisher is None else " Events are still published."
            tell(outputs.lines.trouble + rest)
        for sentence in (*monitor.sinks.news(), *keep_all(monitor.keepers, time.monotonic())):
            tell(sentence)
        if duration_s is not None and pipelines.stop_after(duration_s):
            return


def _tell(sentence: str, interface: Interface | None = None) -> None:
    """Say something about the run itself, in the interface or on standard error; no record carries it."""
    if interface is None:
        tell(sentence)
    else:
        interface.note(sentence)


def _unwatched(lines: LineSink | None, interface: Interface | None) -> bool:
    return (lines is not None and lines.closed) or (interface is not None and interface.ended)
