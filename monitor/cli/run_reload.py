"""A configuration that is read again while a run goes on: what can change changes, and nothing is lost by it.

What takes time (words are embedded, sinks are opened) is done on a thread of its own; the line goes on with
the old settings until all of it is there, and then takes the new ones between two windows. A file that cannot
be used changes nothing. Who asks while that goes on is served after it, by one more reload for all who did.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from monitor.assemble import Monitor, Retune, open_sinks, retuned
from monitor.bus.messages import Reply, Request, Trouble
from monitor.cli.word_report import refuse_unknown, unknown_words
from monitor.config.by_class import by_class
from monitor.config.changes import REOPENED, RETUNED, Changes, changes, merged
from monitor.config.fleet import Place, places
from monitor.config.settings import Config
from monitor.console import DIARY
from monitor.diary import Level
from monitor.errors import MonitorError
from monitor.pipeline.taught_classes import listened_for
from monitor.records import ClassPrompt
from monitor.sinks import Sink
from monitor.sinks.fanout import Fanout
from monitor.sinks.held import Held
from monitor.sinks.kinds import SinkOptions
from monitor.storage.own_sounds import taught_sounds

_CLOSE_S = 5.0
Say = Callable[[str, Level], None]


class Origin(msgspec.Struct, frozen=True):
    """Where the configuration of a run comes from."""

    read: Callable[[], Config]
    """Reads it again."""
    classes: str | None
    """As typed; None takes the configuration's."""
    sinks: SinkOptions
    """What of the command line says where records go."""
    strict: bool = False
    """Whether words that the model does not know are refused, instead of told."""


class _Prepared(msgspec.Struct):
    """What a reload brings; filled by the thread that prepares it."""

    config: Config
    found: Changes
    held: dict[str, Held]
    go_on: Retune | None = None
    opened: dict[str, Sink | None] = {}
    fault: str | None = None
    warnings: Sequence[str] = ()


class _Heard(NamedTuple):
    """What is listened for."""

    classes: tuple[ClassPrompt, ...]
    config: Config
    places: tuple[Place, ...]


class Reloading:
    """Reloads the configuration of one run; `step` on the thread that steps the run.

    Parameters
    ----------
    config
        What the run was begun with.
    opened
        Its sinks, by name; kept up to date here.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a run is made of
        self,
        origin: Origin,
        config: Config,
        monitor: Monitor,
        sinks: Fanout,
        opened: dict[str, Sink],
        say: Say,
    ) -> None:
        self._origin = origin
        self._config = config
        self._monitor = monitor
        self._sinks = sinks
        self._opened = opened
        self._say = say
        self._asked = threading.Event()
        self._prepared: _Prepared | None = None
        self._thread: threading.Thread | None = None
        self._outcome = Reply(ok=True, notes=["The configuration was not reloaded yet."])

    def ask(self) -> None:
        """Reload with the next step; from a signal."""
        self._asked.set()

    def handle(self, request: Request) -> Reply:
        """Do what a local program asks of the run."""
        if request.request == "reloaded":
            return replace(self._outcome, waiting=self._asked.is_set() or self._thread is not None)
        return self._begin() if request.request == "reload" else self._monitor.scheduler.handle(request)

    def step(self) -> None:
        """Begin what was asked for, and go on with what is prepared; never waits."""
        if self._asked.is_set() and self._thread is None:
            self._asked.clear()
            reply = self._begin()
            if not reply.ok:
                self._fail(reply.error or "")
        if self._thread is not None and not self._thread.is_alive() and self._prepared is not None:
            prepared, self._prepared, self._thread = self._prepared, None, None
            self._take(prepared)

    def close(self) -> None:
        """End what is being prepared, so that its sinks are closed with the others."""
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
            self.step()

    def _begin(self) -> Reply:
        """Read the configuration, refuse it or begin to prepare what it changes."""
        if self._thread is not None:
            self._asked.set()
            return Reply(ok=True, notes=["It is being reloaded, and is read once more then."], waiting=True)
        try:
            found = changes(self._config, after := self._origin.read())
            config = merged(self._config, after, found.left)
            heard = self._heard(config)
        except MonitorError as error:
            why = f"The configuration was not reloaded, and the one before goes on: {error}"
            return Reply(ok=False, error=why)
        held = {REOPENED[section]: Held() for section in found.sections & REOPENED.keys()}
        self._prepared = prepared = _Prepared(config, found, held)
        for name, holding in held.items():
            if name in self._opened:
                self._sinks.remove(self._opened[name])
            self._sinks.add(holding)
        self._thread = threading.Thread(
            target=self._prepare, args=(prepared, heard), name="reload", daemon=True
        )
        self._thread.start()
        return Reply(ok=True, notes=_notes(found), waiting=True)

    def _heard(self, config: Config) -> _Heard:
        """Return what is listened for by a configuration; refuse settings of what is not."""
        classes = listened_for(self._origin.classes, config, taught_sounds()[0])
        strict = self._origin.classes is None
        return _Heard(
            tuple(classes), by_class(config, classes, strict), tuple(places(config, classes, strict))
        )

    def _prepare(self, prepared: _Prepared, heard: _Heard) -> None:
        """Do what takes time; whatever fails is told, and what was goes on."""
        try:
            if prepared.found.sections & RETUNED:
                prepared.go_on = self._retuned(prepared, heard)
            prepared.opened = self._reopen(prepared.held, prepared.config)
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it, and all would seem well
            prepared.fault = _why(error)
            self._restore(prepared)

    def _restore(self, prepared: _Prepared) -> None:
        """Open again what was open before; say so where that fails too."""
        try:
            prepared.opened = self._reopen(prepared.held, self._config)
        except Exception as error:  # noqa: BLE001 - as above
            lost = " and ".join(prepared.held)
            prepared.fault = (
                f"{prepared.fault} Nothing goes to {lost} any more: {_why(error)} Restart the monitor."
            )

    def _retuned(self, prepared: _Prepared, heard: _Heard) -> Retune:
        """Prepare what is listened for now, and note which words the model does not know."""
        encoder = self._monitor.model
        taught = {one.sound.name for one in taught_sounds()[0] if one.model == encoder.info.identity}
        words = [one for one in heard.classes if one.name not in taught]
        unknown = unknown_words(words, encoder, heard.config.model)
        if self._origin.strict:
            refuse_unknown(unknown.sentences)
        prepared.warnings = unknown.sentences
        classes = marked(heard.classes, unknown.names)
        now = [replace(one, classes=marked(one.classes, unknown.names)) for one in heard.places]
        return retuned(self._monitor, classes, heard.config, now, self._heard(self._config).places)

    def _reopen(self, held: Mapping[str, Held], config: Config) -> dict[str, Sink | None]:
        """Close the sinks whose settings changed, and return them opened again; None: not wanted any more."""
        for name in held:
            if name in self._opened:
                self._opened[name].close()
        found = open_sinks(config, self._origin.sinks, held)
        return {name: found.get(name) for name in held}

    def _take(self, prepared: _Prepared) -> None:
        """Go on with what was prepared."""
        for name, sink in prepared.opened.items():
            holding = prepared.held[name]
            self._sinks.remove(holding)
            self._opened.pop(name, None)
            if sink is not None:
                self._opened[name] = sink
                for event in self._monitor.scheduler.waiting if name in {"notify", "mqtt"} else ():
                    sink.emit(replace(event, type="missed"))
                holding.hand_over(sink)
                self._sinks.add(sink)
        if prepared.fault is not None:
            why = "The configuration was not reloaded, and the one before goes on"
            self._fail(f"{why}: {prepared.fault}")
            return
        if prepared.go_on is not None:
            prepared.go_on()
        self._config = prepared.config
        if "diary" in prepared.found.sections:
            DIARY.keep(prepared.config.diary.form, prepared.config.diary.level)
        self._outcome = Reply(ok=True, notes=[*_notes(prepared.found), *prepared.warnings])
        for sentence in _notes(prepared.found):
            self._say(sentence, "info")
        for sentence in prepared.warnings:
            self._say(sentence, "warning")
            self._sinks.tell(Trouble(kind="unknown_word", time=datetime.now(UTC), text=sentence))

    def _fail(self, why: str) -> None:
        self._outcome = Reply(ok=False, error=why)
        self._say(why, "error")


def marked(classes: Sequence[ClassPrompt], unknown: Collection[str]) -> tuple[ClassPrompt, ...]:
    """Return `classes`, of each whether the model knows its words."""
    return tuple(replace(one, unknown=one.name in unknown) for one in classes)


def _why(error: Exception) -> str:
    """Return what went wrong, in a sentence; what nobody foresaw is to be reported."""
    if isinstance(error, MonitorError):
        return str(error)
    return f"something failed unexpectedly ({type(error).__name__}: {error}); please report this sentence."


def _notes(found: Changes) -> list[str]:
    """Return what changes and what does not, a sentence each."""
    if not (found.taken or found.left):
        return ["The configuration was read again; nothing in it has changed."]
    taken = f"Changed, while it goes on: {', '.join(found.taken)}." if found.taken else ""
    left = f"Needs a restart: {', '.join(found.left)}." if found.left else ""
    return [sentence for sentence in (taken, left) if sentence]
