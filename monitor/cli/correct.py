"""The `correct` verb: an event was right, or wrong; what sounds like it counts for more, or for less."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.bus.messages import CorrectionState, Request
from monitor.cli.arguments import AddVerb, add_connection, answered
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json, show_table
from monitor.errors import ConfigError, MomentsError, NoAnswer
from monitor.files.paths import user_path
from monitor.records import LOUD_SOUND

if TYPE_CHECKING:
    from monitor.pipeline.corrector import Answer, Corrector
    from monitor.pipeline.memory import Memory

_USAGE = "write: monitor correct EVENT_ID right|wrong|undo (or --last for EVENT_ID), or: monitor correct list"


def add_correct(verbs: Any, add_verb: AddVerb) -> None:
    """Add `correct` to the verbs of the program."""
    summary = "say that an event was right or wrong: what sounds like it counts for more, or for less"
    correct = add_verb(verbs, "correct", _correct, summary)
    correct.add_argument(
        "words", nargs="+", metavar="EVENT_ID right|wrong|undo", help="or: list, what was said of which event"
    )
    correct.add_argument("--last", action="store_true", help="the last event, in place of EVENT_ID")
    correct.add_argument("--was", metavar="NAME", help="with wrong: the class that it was instead")
    correct.add_argument("--json", action="store_true", help="as one JSON list on standard output")
    correct.add_argument(
        "--config", type=user_path, metavar="FILE", help="the configuration, where no monitor runs"
    )
    add_connection(correct)


def _correct(arguments: argparse.Namespace) -> int:
    from monitor.bus.codec import encode_json

    request = _request(arguments)
    try:
        states = answered(arguments, request).corrections
    except NoAnswer:
        states = _without_monitor(load_config(arguments.config, os.environ), request)
    if arguments.json:
        show_json(b"[" + b",".join(map(encode_json, states)) + b"]")
    elif request.request == "corrections":
        _show_list(states)
    else:
        show(_sentence(states[0], undone=request.value == "undo"))
    return 0


def _request(arguments: argparse.Namespace) -> Request:
    """Return what the words of the command line ask for."""
    match arguments.words:
        case ["last", *_] if not arguments.last:
            raise ConfigError(f"'last' is the id of no event; did you mean --last? {_USAGE.capitalize()}.")
        case ["list"] if not (arguments.last or arguments.was):
            return Request("corrections", client="monitor correct")
        case ["right" | "wrong" | "undo" as said] if arguments.last:
            event_id = None
        case [event_id, "right" | "wrong" | "undo" as said] if not arguments.last:
            pass
        case _:
            given = " ".join(arguments.words)
            raise ConfigError(f"{given!r} says nothing of an event; {_USAGE}.")
    if arguments.was and said != "wrong":
        raise ConfigError(
            f"--was says what an event was that is wrong, not one that is {said}; leave it out."
        )
    return Request("correct", arguments.was, said, event_id=event_id, client="monitor correct")


def _without_monitor(config: Config, request: Request) -> list[CorrectionState]:
    """Do in the memory what is asked, where no monitor runs; the next one goes by it."""
    from monitor.storage.moments import memory_file

    path = memory_file()
    if path is None or not path.exists():
        if request.request == "corrections":
            return []
        raise MomentsError(
            "No monitor runs, and nothing is remembered of earlier ones; start one: monitor run."
        )
    with _memory(path, config) as memory:
        with memory.read() as store:
            models = [] if store is None else store.models()
            if store is not None and request.request == "correct":
                id_ = request.event_id or store.newest_event()
                models = sorted({one.model for one in store.of_event(id_)}) if id_ else []
        if request.request == "corrections":
            found = [_corrector(memory, model, config).handle(request) for model in models]
            return [state for answer in found for state in answer.reply.corrections]
        answer = _corrector(memory, models[0] if models else "", config, request.class_).handle(request)
    if not answer.reply.ok:
        raise MomentsError(f"No monitor runs, and of its memory: {answer.reply.error}")
    _note(answer, config)
    return answer.reply.corrections


@contextmanager
def _memory(path: Path, config: Config) -> Iterator[Memory]:
    """Open the memory, and wait until what is said is written."""
    from monitor.pipeline.memory import make_memory
    from monitor.storage.moments.sealing import seal_of

    memory = make_memory(path, config.memory, seal_of(config.memory))
    try:
        yield memory
    finally:
        memory.queue.close()
    if memory.queue.dropped:
        raise MomentsError(" ".join(memory.queue.news()))


def _corrector(memory: Memory, model: str, config: Config, really: str | None = None) -> Corrector:
    """Return what goes by all that was said of what a model heard."""
    from monitor.names import as_words, class_id
    from monitor.pipeline.corrector import Corrector, never_deaf
    from monitor.records import ClassPrompt
    from monitor.scoring.corrections import Corrections

    with memory.read() as store:
        told = [] if store is None else store.classes(model)
        said = [] if store is None else [one.really for one in store.corrections(model)]
    names = sorted({name for name in (*told, *said, class_id(really or "")) if name})
    spared = never_deaf([ClassPrompt(name, as_words(name)) for name in names], config)
    corrector = Corrector(Corrections(names, spared), [], memory, lambda: datetime.now(UTC))
    corrector.load(model)
    return corrector


def _note(answer: Answer, config: Config) -> None:
    """Keep in the history who said what; a running monitor does so itself."""
    from monitor.storage.history import HistoryWriter, history_file

    path = history_file()
    if path is not None and config.history.keep and answer.change is not None:
        writer = HistoryWriter(path, config.history.keep_days, config.history.max_mb)
        writer.add_change(answer.source_id, answer.change)
        writer.close()


def _show_list(states: Sequence[CorrectionState]) -> None:
    from rich.table import Table

    if not states:
        show("Nothing was said of any event; `monitor correct EVENT_ID wrong` says that one was wrong.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("said at", "event", "was", "the same sound is told", "by"):
        whole = name in {"said at", "event"}  # an id is copied
        table.add_column(name, overflow="fold", no_wrap=whole)
    for one in states:
        time = f"{one.time.astimezone():%Y-%m-%d %H:%M}"
        by = one.by if one.lasting else f"{one.by}, for this run"
        table.add_row(time, one.event_id, _verdict(one), _effects(one), by)
    show_table(table)


def _sentence(state: CorrectionState, *, undone: bool) -> str:
    if undone:
        return f"Taken back: what was said of {state.event_id}."
    lasting = "" if state.lasting else " Until the monitor stops: nothing of this source is remembered."
    return f"{state.event_id} was {_verdict(state)}. The same sound is now told {_effects(state)}.{lasting}"


def _verdict(state: CorrectionState) -> str:
    said = "right" if state.right else "wrong"
    return f"{said}, it was {state.really}" if state.really else said


def _effects(state: CorrectionState) -> str:
    """Return what a correction does to the same sound, for each class that it is about."""
    from monitor.wording import spoken

    both = [(state.class_, state.effect), (state.really, state.really_effect)]
    told = [_effect(effect, spoken(name)) for name, effect in both if name and name != LOUD_SOUND]
    return ", ".join(told)


def _effect(effect: float, name: str) -> str:
    """Return what is added to log-odds in words, with what it does to the odds."""
    factor = math.exp(abs(effect))
    if factor < 1.05:
        return f"as {name} as before"
    more, higher = ("more", "higher") if effect > 0 else ("less", "lower")
    return f"{more} readily as {name} (odds {factor:.1f} times {higher})"
