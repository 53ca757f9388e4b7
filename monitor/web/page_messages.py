"""What the page is told, and what it may ask. JSON; the page takes all text as text, never as markup.

`Whole` comes first. After it comes what changes: `MachineMessage` where the connection to a monitor did,
`SourceMessage`, `EventMessage`, and a `Tick` each second, whose absence tells the page that it is cut off.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.bus.messages import Candidate, ClassState, Event, Health, SelfTest, SoundLevel
from monitor.records import MADE_BY_CODE, EventType, HearingState, Instant, SourceState
from monitor.wording import clock, self_tested

Contact = Literal["none", "alive", "gone"]
"""Whether a monitor answers: not yet, now, no longer."""


class PageSource(msgspec.Struct, frozen=True):
    """What the page shows of one source; of `Health` what does not change every second."""

    source_id: str
    source_name: str
    node: str
    state: SourceState
    reason: str | None
    hearing: HearingState
    hearing_reason: str | None
    paused: bool
    paused_until: Instant | None
    warning: str | None
    calibrated: bool
    kept: bool
    """False: a file or made by code, whose events no history keeps."""
    learning: bool
    """The background is not known well enough yet."""
    classes: list[ClassState]
    self_test: str | None
    """How the last self-test went, and when, in words; None: there was none."""


class PageEvent(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """What the page shows of an event."""

    id: str
    type: EventType
    source_id: str
    source_name: str
    node: str
    class_: str
    label: str
    urgent: bool
    onset_time: Instant
    offset_time: Instant | None
    onset_position_s: float | None
    peak_score: float
    snr_db: float
    candidates: list[Candidate]
    ended_by: str | None
    acknowledged_by: str | None
    acknowledged_at: Instant | None
    rhythm: str | None
    rejected_because: str | None


class Machine(msgspec.Struct, frozen=True):
    """One monitor, as far as it is known."""

    number: int
    endpoint: str
    contact: Contact
    since: Instant
    """When `contact` last changed."""
    note: str | None
    """What is odd about the connection, or what is done before there is one."""
    sources: list[PageSource]
    events: list[PageEvent]
    """Those that sound, those that are missed, and the last ones that ended; each once."""


class Whole(msgspec.Struct, frozen=True, tag_field="kind", tag="whole"):
    """All there is to know; the first message, and the answer to having been away."""

    version: str
    now: Instant
    machines: list[Machine]


class MachineMessage(msgspec.Struct, frozen=True, tag_field="kind", tag="machine"):
    """All there is to know of one monitor."""

    machine: Machine


class SourceMessage(msgspec.Struct, frozen=True, tag_field="kind", tag="source"):
    """A source is otherwise than it was."""

    number: int
    source: PageSource


class EventMessage(msgspec.Struct, frozen=True, tag_field="kind", tag="event"):
    """An event began, goes on, ended, was seen, or is missed."""

    number: int
    event: PageEvent


class PageLevel(msgspec.Struct, frozen=True):
    """How loud it is at a source."""

    level_dbfs: float
    floor_dbfs: float
    level_dba: float | None = None


class Tick(msgspec.Struct, frozen=True, tag_field="kind", tag="tick"):
    """Each second: the line is there, and how loud it is."""

    now: Instant
    levels: list[dict[str, PageLevel]]
    """For each monitor, by source id."""


PageMessage = Whole | MachineMessage | SourceMessage | EventMessage | Tick


class PageRequest(msgspec.Struct, frozen=True, rename={"class_": "class"}, forbid_unknown_fields=True):
    """What a user of the page wants of a monitor."""

    machine: int
    request: Literal["pause", "mute", "threshold", "acknowledge"]
    class_: str | None = None
    value: float | bool | None = None
    source_id: str | None = None
    event_id: str | None = None
    for_s: float | None = None


class PairRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code that somebody typed."""

    code: str


class Answer(msgspec.Struct, frozen=True):
    """What became of a request."""

    ok: bool
    error: str | None = None


class Session(msgspec.Struct, frozen=True):
    """Whether this browser may see and change things, and why not."""

    allowed: bool
    version: str
    certificate: bool
    """Whether there is a certificate to be installed (`/certificate.crt`)."""


class Heard(msgspec.Struct, frozen=True):
    """A part of the history, oldest first."""

    events: list[PageEvent]
    more: bool
    """There were more, which are older."""


def page_source(health: Health) -> PageSource:
    """Return what the page shows of a source."""
    return PageSource(
        source_id=health.source_id,
        source_name=health.source_name,
        node=health.node,
        state=health.state,
        reason=health.reason,
        hearing=health.hearing,
        hearing_reason=health.hearing_reason,
        paused=health.paused,
        paused_until=health.paused_until,
        warning=health.warning,
        calibrated=health.calibrated,
        kept=health.position_s is None and health.source_id not in MADE_BY_CODE,
        learning=not health.background.ready,
        classes=health.classes,
        self_test=_self_test(health.self_test),
    )


def _self_test(test: SelfTest | None) -> str | None:
    return None if test is None else f"{self_tested(test)}, {clock(test.time)}"


def page_event(event: Event) -> PageEvent:
    """Return what the page shows of an event."""
    return PageEvent(**{name: getattr(event, name) for name in PageEvent.__struct_fields__})


def page_level(level_dbfs: float, floor_dbfs: float, measured: SoundLevel | None) -> PageLevel:
    """Return how loud it is at a source."""
    return PageLevel(
        round(level_dbfs, 1), round(floor_dbfs, 1), None if measured is None else round(measured.leq_dba, 1)
    )
