"""`monitor run`: a started monitor, its sinks, and whoever watches it, until something ends it."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from monitor.assemble import Monitor, make_sources, open_sinks, start_monitor
from monitor.bus.messages import Trouble
from monitor.bus.publisher import Publisher
from monitor.cli.interface import Interface
from monitor.cli.run_reload import Origin, Reloading, marked
from monitor.cli.stopping import asked_to_reload, asked_to_stop, held
from monitor.cli.word_report import refuse_unknown, unknown_words
from monitor.config.by_class import by_class
from monitor.config.fleet import places
from monitor.config.settings import Config
from monitor.console import tell
from monitor.diary import Level
from monitor.encoders import load
from monitor.errors import ConfigError, MonitorError, ProgramError
from monitor.names import folded_words
from monitor.pipeline.earlier_runs import keep_all
from monitor.pipeline.taught_classes import listened_for, unlistened_note
from monitor.progress import WordsProgress
from monitor.records import ClassPrompt
from monitor.sinks import Sink
from monitor.sinks.fanout import Fanout
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.troubles import trouble_of
from monitor.sources.options import SourceOptions
from monitor.storage.own_sounds import taught_sounds
from monitor.wording import together

if TYPE_CHECKING:
    from monitor.cli.web_page import WebPage

_EXIT_RECORDS_LOST = 1
_AFTER_END_S = 0.1
_STEP_S = 0.3
"""How long a step waits at most: so late may a request be answered and a lost source be noticed."""


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for beside the configuration."""

    sources: tuple[str, ...]
    """At least one, as `make_source` takes them."""
    reading: SourceOptions
    """How sources are read."""
    sinks: SinkOptions
    """Where records go."""
    classes: str | None
    """As typed; None takes the configuration's."""
    duration_s: float | None
    urgent: tuple[str, ...] | None = None
    """As `--urgent` names them."""
    strict: bool = False
    """Refuse words that the model does not know, instead of telling."""


def run(
    options: RunOptions,
    config: Config,
    interface: Interface | None = None,
    page: WebPage | None = None,
    read: Callable[[], Config] | None = None,
) -> int:
    """Listen until the sources, the user, a reader or the time ends it; return the exit code.

    An `interface` that is open already shows how it begins, and then what is heard; so does a web `page`.
    `read` reads the configuration again, where somebody asks for that; None: it stays.

    Raises
    ------
    MonitorError
        Something asked for cannot be had, or a source turned out to be damaged; all of it that was sound has
        been heard then.
    """
    stopped = threading.Event()
    sinks = Fanout([])
    with contextlib.ExitStack() as stack:
        with held():
            opened = open_sinks(config, _waiting(options, stopped))
            stack.enter_context(_closed_at_the_end(sinks))
            for sink in opened.values():
                sinks.add(sink)
        _debug(f"Records go to: {', '.join(opened)}.", interface)
        if interface is not None:
            _attach(interface, opened.get("bus"))
        if page is not None:
            _serve(page, opened.get("bus"), interface)
        monitor = _start(options, config, sinks, interface, page)
        stack.callback(monitor.stop)
        _follow_tests(monitor, opened.get("bus"))
        stack.enter_context(_end_told(sinks))
        for note in monitor.notes:
            _tell(note, interface)
        waiting = _waiting(options, stopped)
        origin = Origin(read or (lambda: config), options.classes, waiting, options.strict)
        reloading = Reloading(origin, config, monitor, sinks, opened, partial(_say, interface))
        stack.enter_context(asked_to_stop(stopped))
        stack.enter_context(asked_to_reload(reloading.ask))
        stack.callback(reloading.close)
        try:
            _run_until_ended(monitor, interface, stopped, options.duration_s, reloading, page)
            if interface is not None and interface.failed and not stopped.is_set():
                _go_on_with_lines(sinks, interface, options, config)
                _run_until_ended(monitor, None, stopped, options.duration_s, reloading, page)
        except Exception:
            monitor.scheduler.end("failed")
            raise
        monitor.scheduler.end("stopped")
        monitor.stop()
        for sentence in keep_all(monitor.earlier, time.monotonic(), last=True):
            tell(sentence, "warning")
        if monitor.error is not None:
            raise monitor.error
        if (unheard := monitor.scheduler.unheard) is not None:
            raise ProgramError(unheard)
    return _EXIT_RECORDS_LOST if sinks.dropped else 0


def _waiting(options: RunOptions, stopped: threading.Event) -> SinkOptions:
    """Let a file that is read at once wait for a slow reader of its lines: it loses none."""
    wait = (lambda: not stopped.is_set()) if options.reading.fast else None
    return msgspec.structs.replace(options.sinks, wait=wait)


@contextlib.contextmanager
def _closed_at_the_end(sinks: Fanout) -> Iterator[None]:
    """Close `sinks`, and tell what they could not pass on."""
    try:
        yield
    finally:
        sinks.close()
        for sentence in sinks.news():
            tell(sentence, "warning")


@contextlib.contextmanager
def _end_told(sinks: Fanout) -> Iterator[None]:
    """Let a program that reads JSON know too what ends the run."""
    try:
        yield
    except MonitorError as error:
        sinks.tell(trouble_of(error, datetime.now(UTC)))
        raise


def _follow_tests(monitor: Monitor, bus: Sink | None) -> None:
    """Let self-tests follow their alarm to a subscriber, where anything is published."""
    if isinstance(bus, Publisher):
        tell(f"Published on {bus.endpoint}, asked on {bus.control_endpoint}.", "debug")
        monitor.scheduler.self_tests.published_at(bus.endpoint)


def _attach(interface: Interface, bus: Sink | None) -> None:
    if not isinstance(bus, Publisher):
        raise ConfigError("The interface reads what is published; leave out --bind none, or add --headless.")
    interface.attach(bus.endpoint, bus.control_endpoint)


def _serve(page: WebPage, bus: Sink | None, interface: Interface | None) -> None:
    if not isinstance(bus, Publisher):
        raise ConfigError("The web page reads what is published; leave out --bind none, or --web.")
    for sentence in page.attach(bus.endpoint, bus.control_endpoint):
        _tell(sentence, interface)


def _start(
    options: RunOptions, config: Config, sinks: Fanout, interface: Interface | None, page: WebPage | None
) -> Monitor:
    taught = taught_sounds()[0]
    classes: Sequence[ClassPrompt] = listened_for(options.classes, config, taught)
    for sentence in unlistened_note(classes, taught) if options.classes is None else ():
        _tell(sentence, interface)
    strict = options.classes is None
    heard = places(config, classes, strict)
    config = by_class(config, classes, strict)
    _refuse_unlisted(options.urgent, classes)
    reading = msgspec.structs.replace(options.reading, capture=config.capture)
    sources = make_sources(options.sources, reading)
    for shown in (interface, page):
        if shown is not None:
            shown.doing(f"loading the model {config.model.name}")
    begun_s = time.monotonic()
    encoder = load(config.model, WordsProgress(sys.stderr) if interface is None else interface.progress)
    _debug(f"The model {encoder.info.identity} was loaded in {time.monotonic() - begun_s:.2f} s.", interface)
    known = {one.sound.name for one in taught if one.model == encoder.info.identity}
    unknown = unknown_words([one for one in classes if one.name not in known], encoder, config.model)
    if options.strict:
        refuse_unknown(unknown.sentences)
    classes = marked(classes, unknown.names)
    heard = [msgspec.structs.replace(one, classes=marked(one.classes, unknown.names)) for one in heard]
    for sentence in unknown.sentences:
        _tell(sentence, interface, "warning")
        sinks.tell(Trouble(kind="unknown_word", time=datetime.now(UTC), text=sentence))
    for shown in (interface, page):
        if shown is not None:
            shown.doing(f"opening {together([source.name for source in sources])}")
    _debug(f"Listening to {together([source.name for source in sources])}.", interface)
    return start_monitor(sources, encoder, classes, sinks, config, lambda: load(config.model), heard)


def _refuse_unlisted(urgent: Sequence[str] | None, classes: Sequence[ClassPrompt]) -> None:
    """Refuse `--urgent` of what is not listened for: that alarm would never come."""
    listed = {folded_words(one.label or one.name): one for one in classes}
    for name in urgent or ():
        if folded_words(name) not in listed:
            valid = ", ".join(one.label or one.name for one in classes)
            raise ConfigError(f"--urgent {name} is not listened for; add it to the classes: {valid}.")


def _go_on_with_lines(sinks: Fanout, interface: Interface, options: RunOptions, config: Config) -> None:
    """Go on without the interface, which failed: events are printed on the terminal that it has left.

    That may be gone too; the monitor goes on for those who read what it publishes.
    """
    interface.restore()
    lines = msgspec.structs.replace(options.sinks, headless=True)
    for sink in open_sinks(config, lines, ["lines"]).values():
        sinks.add(sink, watched=False)
    on = "The monitor goes on with lines: Ctrl-C ends it, `monitor tui` shows it."
    tell(f"{interface.how_it_ended} {on}", "warning")


def _run_until_ended(  # noqa: PLR0913, PLR0917 - the run, who watches it, and what may end it
    monitor: Monitor,
    interface: Interface | None,
    stopped: threading.Event,
    duration_s: float | None,
    reloading: Reloading,
    page: WebPage | None = None,
) -> None:
    """Step all sources; after their end go on answering for as long as the interface is open."""
    scheduler, sinks = monitor.scheduler, monitor.sinks
    while not (stopped.is_set() or sinks.closed or (interface is not None and interface.ended)):
        running = scheduler.step(_STEP_S)
        if not running and interface is None:
            return
        if not running:
            time.sleep(_AFTER_END_S)
        sinks.poll(reloading.handle)
        reloading.step()
        clips = (sentence for keeper in monitor.clips for sentence in keeper.news())
        pages = page.news() if page is not None else ()
        for sentence in (*sinks.news(), *clips, *pages, *keep_all(monitor.earlier, time.monotonic())):
            _tell(sentence, interface, "warning")
        if duration_s is not None and scheduler.stop_after(duration_s):
            return


def _say(interface: Interface | None, sentence: str, level: Level) -> None:
    _tell(sentence, interface, level)


def _debug(sentence: str, interface: Interface | None) -> None:
    """Say what only those want to know who look for a fault; an interface shows none of it."""
    if interface is None:
        tell(sentence, "debug")


def _tell(sentence: str, interface: Interface | None = None, level: Level = "info") -> None:
    """Say something about the run itself, in the interface or on standard error; no record carries it."""
    if interface is None:
        tell(sentence, level)
    else:
        interface.note(sentence)
