"""What people read when they are told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from monitor.bus.codec import encode_with_topic
from monitor.bus.messages import ClockStep, Event, Health, PublishedRecord
from monitor.records import SELF_TEST
from monitor.sinks.notify.letters import Letter, Message
from monitor.wording import (
    HEARING,
    called,
    clock,
    clock_set,
    moment,
    over_background,
    reported,
    roughly,
    together,
)

LATE_S = 30.0
"""What is told later than this says so."""


def payload_of(record: PublishedRecord) -> str:
    """Return `record` as `--log` writes it: its payload on the wire with its topic before that."""
    return encode_with_topic(record).decode()


def of_event(event: Event, now: datetime) -> Message:
    """Return a first message about a sound: what, when, where, how sure, how loud."""
    ended = event.type == "offset"
    name = called(event)
    title = f"URGENT: {name}" if event.urgent else name
    if event.class_ == SELF_TEST:
        text = f"{_when(event)}, {_where(event)}: {name}. A real alarm may not reach you."
        return Message("event", now, "URGENT: SELF-TEST FAILED", text, payload_of(event), event.urgent)
    score = f"score {event.score:.2f} (threshold {event.threshold:.2f})"
    text = f"{_when(event)}, {_where(event)}: {reported(event)}, {score}, {over_background(event.snr_db)}."
    if event.hearing != "good":
        text += f" The monitor does not hear well: {HEARING[event.hearing]}."
    return Message(
        "event", now, title, text + (" It is over." if ended else ""), payload_of(event), event.urgent
    )


def of_change(event: Event, now: datetime) -> Message:
    """Return that a sound goes on, or has ended."""
    over = event.type == "offset"
    name = called(event)
    title = f"{name} {'ended' if over else 'goes on'}"
    text = f"{_when(event)}, {_where(event)}: {title}."
    return Message("offset" if over else "update", now, title, text, payload_of(event), event.urgent)


def of_count(last: Event, times: int, since: datetime, more: bool, now: datetime) -> Message:
    """Return a count of sounds, ``dog bark, 14 more times since 08:12``, and when the last one was."""
    name = called(last)
    often = f"{times}{' more' if more else ''} {'time' if times == 1 else 'times'}"
    title = f"{'URGENT: ' if last.urgent else ''}{name}, {often} since {_short(since)}"
    text = f"{title}; the last at {_when(last)}, {_where(last)}, {over_background(last.snr_db)}."
    return Message("more", now, title, text, payload_of(last), last.urgent, times)


def of_repeat(last: Event, ids: tuple[str, ...], since: datetime, now: datetime) -> Message:
    """Return that nobody has acknowledged an urgent sound."""
    name, times = called(last), len(ids)
    often = f"at {_when(last)}" if times == 1 else f"{times} times since {_short(since)}"
    title = f"NOT ACKNOWLEDGED: {name}"
    what_to_do = "Do so with a in the interface, or with: monitor ack"
    text = f"{name} {often}, {_where(last)}: nobody has acknowledged it. {what_to_do}"
    return Message("again", now, title, text, payload_of(last), urgent=True, times=times, ids=ids)


def of_unwell(health: Health, why: str, since: datetime, now: datetime) -> Message:
    """Return that a source is not heard, or not well."""
    text = f"{_source(health)}: {why} since {_short(since)}. Sounds may be missed until this is over."
    return _of_health(health, now, "THE MONITOR CANNOT HEAR", text, urgent=True)


def of_sleep(health: Health, step: ClockStep, now: datetime) -> Message:
    """Return that nothing was heard for a while, for the computer slept."""
    text = f"{_source(health)}: {clock_set(step)}. It listens again since {_short(step.time)}."
    return _of_health(health, now, "THE MONITOR WAS ASLEEP", text, urgent=True)


def of_well(health: Health, since: datetime, now: datetime) -> Message:
    """Return that a source is heard again."""
    text = f"{_source(health)}: heard well again since {_short(since)}."
    return _of_health(health, now, "The monitor hears again", text)


def of_many(messages: Sequence[Message], now: datetime) -> Message:
    """Return `messages` about as many sources, which all say the same or nearly, as one that counts them."""
    first = messages[0]
    names = together([message.source for message in messages])
    change = "cannot be heard" if first.urgent else "are heard again"
    text = f"{len(messages)} sources {change}: {names}. The first: {first.text}"
    return structs.replace(first, created=now, text=text, times=len(messages), source=names)


def as_letter(message: Message, late_s: float) -> Letter:
    """Return `message` as it leaves so long after it was to be told; what is late says how late."""
    title, text = message.title, message.text
    if late_s >= LATE_S:
        late = f"{roughly(late_s)} late"
        title, text = f"{title} ({late})", f"{text} Told {late}."
    payload = message.payload.encode() + b"\n"
    return Letter(message.kind, title, text, payload, message.urgent, message.times, late_s)


def _of_health(health: Health, now: datetime, title: str, text: str, *, urgent: bool = False) -> Message:
    return Message("health", now, title, text, payload_of(health), urgent, source=_source(health))


def _when(event: Event) -> str:
    return moment(event.onset_time, event.onset_position_s)


def _where(event: Event) -> str:
    return f"{event.source_name} on {event.node}" if event.node else event.source_name


def _source(health: Health) -> str:
    return f"{health.source_name} on {health.node}" if health.node else health.source_name


def _short(time: datetime) -> str:
    """Return the hour and the minute where the reader is."""
    return clock(time)[:5]
