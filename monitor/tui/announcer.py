"""What is new, one sentence each, for a screen reader or a braille line: nothing is drawn twice. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.tui.headline import headline
from monitor.tui.panels.alerts import alerts
from monitor.tui.panels.hearing import condition
from monitor.tui.panels.why import why_words
from monitor.tui.readable import dated, duration
from monitor.tui.shown import ShownEvent
from monitor.tui.view import View
from monitor.wording import called, ended_by, over_background, reported, sureness


class Announcer:
    """Remembers what was told of one monitor."""

    def __init__(self) -> None:
        self._contact: str | None = None
        self._conditions: dict[str, str] = {}
        self._told: dict[str, str] = {}
        """By event: the last that was told of it."""
        self._alerts: tuple[str, ...] = ()

    def news(self, view: View) -> list[str]:
        """Return what has changed since it was asked last."""
        return [*self._contact_news(view), *self._event_news(view), *self._source_news(view)]

    def status(self, view: View) -> list[str]:
        """Return how everything is now."""
        head = headline(view)
        sources = [_source(view, health.source_id) for health in view.healths]
        bars = [text for _, text in alerts(view)]
        return [
            f"{head.word.upper()}: {head.detail}.",
            *sources,
            *bars,
            f"Why nothing else: {' '.join(why_words(view))}",
        ]

    def _contact_news(self, view: View) -> Iterator[str]:
        head = headline(view)
        text = "" if view.contact == "alive" and view.healths else head.word
        if view.contact != "alive" and view.doing:
            text = view.doing
        if text != self._contact:
            self._contact = text
            yield f"{head.word.upper()}. {head.detail}." if text else "The monitor listens."

    def _event_news(self, view: View) -> Iterator[str]:
        for heard in (*reversed(view.past_events), *view.open_events):
            stage = "now" if heard.open else "missed" if heard.missed else "over"
            before = self._told.get(heard.event.id)
            if stage == before or (before is None and stage == "over"):
                continue
            self._told[heard.event.id] = stage
            yield _event(view, heard, before)

    def _source_news(self, view: View) -> Iterator[str]:
        if view.contact != "alive":
            return
        for health in view.healths:
            text = _source(view, health.source_id)
            if self._conditions.get(health.source_id) != text:
                self._conditions[health.source_id] = text
                yield text
        bars = tuple(text for kind, text in alerts(view) if kind != "missed")
        if bars != self._alerts:
            self._alerts = bars
            yield from bars


def _source(view: View, source_id: str) -> str:
    health = view.state_of(source_id).health
    if health is None:
        return ""
    why = health.reason if health.state != "running" else health.hearing_reason or health.warning
    name = view.tag(source_id) or health.source_name
    return f"{name}: {condition(health).word}{f'. {why}' if why else '.'}"


def _event(view: View, heard: ShownEvent, before: str | None) -> str:
    event = heard.event
    name = called(event)
    where = f", {view.tag(event.source_id)}" if view.several else ""
    time = dated(event.onset_time, event.onset_position_s, view.today)
    if heard.open:
        urgent = " URGENT. Type a when you have seen it." if event.urgent else ""
        sure = f"{reported(event)}, {sureness(heard.peak_score)}"
        return f"{name.upper()} NOW{where}: {sure}, {over_background(heard.snr_db)}.{urgent}"
    if heard.missed:
        return f"MISSED {name.upper()}{where}, {time}. Type a when you have seen it."
    if before == "missed":
        return f"{name}{where}: seen by {event.acknowledged_by or 'somebody'}."
    lasted, why = duration(view.lasted_s(heard)), ended_by(heard.ended_by or "quiet").phrase
    return f"{name}{where} ended after {lasted}: {why}."
