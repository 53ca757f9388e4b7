"""What the banner says. What stops the monitor from hearing always comes before what it heard.

Where one source of several hears nothing, what another one hears comes first: the rows below the banner tell
the state of each all the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.bus.messages import Health
from monitor.records import HearingState, SourceState
from monitor.tui.readable import dated, duration
from monitor.tui.shown import ShownEvent
from monitor.tui.state import State
from monitor.tui.theme import Kind
from monitor.tui.view import View
from monitor.wording import (
    called,
    clock,
    hard_of_hearing,
    moment,
    over_background,
    reported,
    sureness,
    together,
)

FLASH_S = 3.0
URGENT_FLASH_S = 8.0
FLASH_HZ = 2.0
"""Below the three flashes a second that can trigger a seizure (WCAG 2.3.1)."""

LOADING = ("loading", "embedding")
"""What a monitor says that it does while its model is loaded begins so."""

DEMO_ID = "demo"
"""The source that can be played again."""

FAULTS: tuple[SourceState, ...] = ("failing", "lost", "silent")
"""Nothing is heard although something should be."""

WORST_FIRST: tuple[SourceState, ...] = (*FAULTS, "paused", "starting", "ended", "running")
"""In which order sources are told of."""

_IMPAIRED: dict[HearingState, str] = {
    "good": "", "too_quiet": "too quiet", "noisy": "noisy", "overloaded": "overloaded",
    "deaf": "not listening",
}  # fmt: skip
"""How a source that runs hears, as large as possible."""

MISSED_SHOWN = 2
"""Further missed events named in the banner."""

ALSO_SHOWN = 5
"""Places for what else sounds; of more, the last says how many."""

RECENT_S = 20.0
"""Seconds an event stays in the banner after its end."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What the banner says and how."""

    kind: Kind
    word: str
    """Drawn as large as possible."""
    detail: str
    flash_from_s: float | None = None
    """Clock of this program, seconds, when it began to be true; None if it never flashes."""
    label: str = ""
    """Of what is over: that it is, and when."""
    alarm: bool = False
    """Urgent, and nobody has acknowledged it: it gets the whole screen."""

    def flashing(self, now_s: float) -> bool:
        """Tell whether it flashes at `now_s`, or will in a moment."""
        limit_s = URGENT_FLASH_S if self.kind == "urgent" else FLASH_S
        return self.flash_from_s is not None and now_s - self.flash_from_s < limit_s

    def inverted(self, now_s: float) -> bool:
        """Tell whether a flash shows the banner with its colours exchanged at `now_s`."""
        if self.flash_from_s is None:
            return False
        since_s = now_s - self.flash_from_s
        limit_s = URGENT_FLASH_S if self.kind == "urgent" else FLASH_S
        return 0.0 <= since_s < limit_s and int(since_s * FLASH_HZ * 2) % 2 == 0


def headline(view: View) -> Headline:
    """Return what the banner says: faults first, then what sounds now, then what has just sounded."""
    fault = _contact_fault(view) or _deaf(view)
    if fault:
        return fault
    if sounding := [heard for heard in view.open_events if view.hears(heard.event.source_id)]:
        return _sounding(view, sounding)
    past = view.past_events
    if past and view.ago_s(past[0]) < RECENT_S:
        return _recent(view, past[0])
    fault = _worst(view, among=FAULTS) or _unknown(view)
    return fault or _missed(view) or _impaired(view) or _quiet(view, past)


def worst_first(view: View) -> list[State]:
    """Return the states of all sources that the monitor listens to, the worst first."""
    listened = [(WORST_FIRST.index(state.health.state), state) for state in view.everywhere if state.health]
    return [state for _, state in sorted(listened, key=lambda entry: entry[0])]


def _deaf(view: View) -> Headline | None:
    """Return what stops every source from hearing, told of the worst."""
    hears = any(health.state == "running" for health in view.healths)
    return None if hears else _worst(view, among=WORST_FIRST)


def _worst(view: View, among: Sequence[SourceState]) -> Headline | None:
    """Return what stops the worst source from hearing, if its state is `among` these."""
    faulty = [state for state in worst_first(view) if state.health and state.health.state in among]
    if not faulty or faulty[0].health is None:
        return None
    said = _source_fault(view, faulty[0].health, faulty[0].state_since_s)
    others = len(faulty) - 1
    if said is None or not others or among is not FAULTS:
        return said
    return replace(said, detail=f"{said.detail} · {others} more {'is' if others == 1 else 'are'} not heard")


def _impaired(view: View) -> Headline | None:
    """Return why a source that runs is not heard, or not well."""
    for health in view.healths:
        if hard_of_hearing(health):
            reason = (health.hearing_reason or "").rstrip(".")
            return Headline("impaired", _IMPAIRED[health.hearing], _where(view, health.source_id) + reason)
        if health.state == "running" and health.warning:
            return Headline(
                "impaired", "warning", _where(view, health.source_id) + health.warning.rstrip(".")
            )
    return None


def _contact_fault(view: View) -> Headline | None:
    if view.contact == "gone":
        since = duration(view.now_s - view.contact_since_s)
        at = "" if view.contact_since is None else f"at {clock(view.contact_since)}, "
        return Headline(
            "fault",
            "monitor gone",
            f"{at}{since} ago · nothing is heard or reported · q, then start it again as you did before",
            view.contact_since_s,
        )
    if view.doing is not None and not view.healths:
        lasts = duration(view.now_s - view.contact_since_s)
        word = "loading model" if view.doing.startswith(LOADING) else "starting"
        return Headline("waiting", word, f"{view.doing} · {lasts} · nothing is heard yet")
    if view.contact == "none":
        return Headline(
            "waiting",
            "no monitor yet",
            f"waiting for {view.endpoint} · nothing is heard until one answers: monitor run",
        )
    return None


def _unknown(view: View) -> Headline | None:
    """Say that nothing is known of any source yet: that is not the same as hearing nothing."""
    if view.healths:
        return None
    return Headline("waiting", "starting", "the monitor is there; whether it hears is not known yet")


def _source_fault(  # noqa: PLR0911 - one for each state
    view: View, health: Health, since_s: float
) -> Headline | None:
    since = f"since {duration(view.now_s - since_s)}"
    if health.paused and health.state in FAULTS:
        since += ", and paused (space ends that)"
    why = _where(view, health.source_id) + (f"{health.reason.rstrip('.')} · " if health.reason else "")
    match health.state:
        case "lost":
            there = " there" if view.several else ""
            detail = f"{why}{since} · nothing can be heard{there} until it is back"
            return Headline("fault", "source lost", detail, since_s)
        case "failing":
            return Headline("fault", "failing", f"{why}{since} · sound arrives, and is not analysed", since_s)
        case "silent":
            guess = "" if health.reason else "no sound arrives: muted or unplugged? · "
            detail = f"{why}{guess}{since} · cannot hear"
            return Headline("fault", "too quiet", detail, since_s)
        case "paused":
            return Headline("paused", "paused", f"{since} · nothing is reported · space: listen again")
        case "ended":
            return Headline("ended", "source ended", f"{_after_end(view, health, why)} · {since}")
        case "starting":
            return Headline("waiting", "starting", f"{why}opening {health.source_name}")
        case "running":
            return None


def _where(view: View, source_id: str) -> str:
    """Return the source's number and name at the begin of a detail; nothing where there is only one."""
    return f"{view.tag(source_id)} · " if view.several else ""


def _after_end(view: View, health: Health, why: str) -> str:
    """Return what there is to do once a source has ended, or all have."""
    if view.several:
        return "all sources have ended · nothing more is heard · press q to quit"
    if health.source_id == DEMO_ID:
        return "press q; monitor run --source demo plays it again"
    return f"{why or f'{health.source_name} has ended · '}nothing more is heard · press q to quit"


def _sounding(view: View, sounding: list[ShownEvent]) -> Headline:
    first, others = sounding[0], sounding[1:]
    event = first.event
    fading = view.state_of(event.source_id).fading(first)
    lasts = duration(view.lasted_s(first))
    where = _where(view, event.source_id)
    parts = [
        where + (f"fading · {_was(view, first)}" if fading else _maybe(view, first)),
        over_background(first.snr_db),
        f"lasted {lasts}" if fading else f"since {lasts}",
    ]
    if others:
        parts.append("also " + together([_with_peak(view, one) for one in others], ALSO_SHOWN))
    kind: Kind = "urgent" if event.urgent else "event"
    alarm = event.urgent and event.acknowledged_at is None
    if alarm:
        parts.append("a: I have seen this")
    return Headline(kind, called(event), " · ".join(parts), first.seen_s, alarm=alarm)


def _with_peak(view: View, heard: ShownEvent) -> str:
    name = _called(view, heard)
    return f"{name} {heard.peak_score:.2f}" if view.maker else name


def _maybe(view: View, heard: ShownEvent) -> str:
    """Return how sure the monitor was at best, with the next candidate if there is one worth naming."""
    event = heard.event
    others = [c for c in event.candidates if c.class_ != event.class_ and c.score >= heard.peak_score / 2]
    if not view.maker:
        text = f"{reported(event)}, {sureness(heard.peak_score)}"
        return f"{text}, or {called(others[0])}" if others else text
    text = f"may be {called(event)} {heard.peak_score:.2f}"
    return f"{text} or {called(others[0])} {others[0].score:.2f}" if others else text


def _was(view: View, heard: ShownEvent) -> str:
    words = f"may have been {called(heard.event)}"
    return f"{words} {heard.peak_score:.2f}" if view.maker else f"{words}, {sureness(heard.peak_score)}"


def _called(view: View, heard: ShownEvent) -> str:
    """Return the class of an event, with the number of its source where there are several."""
    number = view.tag(heard.event.source_id).partition(" ")[0]
    return f"{called(heard.event)} ({number})" if number else called(heard.event)


def _recent(view: View, heard: ShownEvent) -> Headline:
    peak = f"was up to {heard.peak_score:.2f}" if view.maker else f"was {sureness(heard.peak_score)}"
    ago = f"ended {duration(view.ago_s(heard))} ago"
    detail = " · ".join(
        [
            f"{_where(view, heard.event.source_id)}{ago}",
            f"lasted {duration(view.lasted_s(heard))}",
            peak,
            over_background(heard.snr_db),
        ]
    )
    return Headline("recent", called(heard.event), detail, label="ENDED")


def _missed(view: View) -> Headline | None:
    """Return what urgent has sounded that nobody has acknowledged, the newest first; and how it hears now."""
    missed = view.missed_events
    if not missed:
        return None
    first, others = missed[0], missed[1:]
    where, lasted = _where(view, first.event.source_id), duration(view.lasted_s(first))
    parts = [f"{where}{_began(view, first)}, lasted {lasted}"]
    parts.append("a: I have seen this")
    if others:
        shown = ", ".join(f"{_called(view, one)} {_began(view, one)}" for one in others[:MISSED_SHOWN])
        more = len(others) - MISSED_SHOWN
        parts.append(f"also {shown}" + (f" and {more} more" if more > 0 else ""))
    if impaired := _impaired(view):
        parts.append(f"{impaired.word}: {impaired.detail}")
    word = f"missed {called(first.event)}"
    return Headline("missed", word, " · ".join(parts), label=f"MISSED at {_began(view, first)}")


def _began(view: View, heard: ShownEvent) -> str:
    return dated(heard.event.onset_time, heard.event.onset_position_s, view.today)


def _quiet(view: View, past: list[ShownEvent]) -> Headline:
    classes = view.state.classes
    muted = sum(entry.muted for entry in classes)
    begun = any(health.analysed or health.skipped for health in view.healths)
    parts = ["nothing recognised" if begun else "the first window is not complete yet"]
    if classes and muted == len(classes):
        parts = ["every class is muted: nothing can be reported"]
    elif muted:
        parts.append(f"{muted} of {len(classes)} classes muted")
    if past:
        last = past[0].event
        ago = duration(view.ago_s(past[0]))
        parts.append(
            f"last: {_called(view, past[0])} {moment(last.onset_time, last.onset_position_s)}, {ago} ago"
        )
    if view.maker and not all(health.background.ready for health in view.healths):
        parts.append("still learning this background")
    return Headline("quiet", "listening", " · ".join(parts))
