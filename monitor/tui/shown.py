"""What the terminal interface keeps of what arrived: ticks of the spectrogram, events, near misses. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.bus.messages import Candidate, Event, Level, NearMissMessage

MAX_PAST = 200
"""Past events, and near misses, remembered."""


@dataclass(frozen=True, slots=True)
class Column:
    """One tick of the spectrogram."""

    seen_s: float
    """Clock of this program, seconds, when it was heard of; never decreasing."""
    level: Level | None
    """None: nothing was heard then."""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event, open or past, as far as its messages arrived."""

    event: Event
    """Its newest message."""
    sequence: int
    """Number of that message in its topic."""
    seen_s: float
    """Clock of this program, seconds, when the event was first heard of."""
    began_s: float
    """Clock of this program, seconds, when the event began."""
    ended_s: float
    """The same of its end; while it is open, of its newest message."""
    peak_score: float
    level_dbfs: float
    """Highest of all messages."""
    snr_db: float
    """Highest of all messages."""
    ended_by: str | None = None
    """None while it is open."""
    candidates: tuple[Candidate, ...] = ()
    """What it may be, by the message with the highest score: the last one is of the sound's end."""

    @property
    def order(self) -> tuple[float, int]:
        """Sorts events by their begin, also those that arrive at once before anything else is known."""
        return self.began_s, self.event.onset_sample

    @property
    def open(self) -> bool:
        """True until its end is known."""
        return self.ended_by is None

    @property
    def key(self) -> str:
        """What its row is found by."""
        return self.event.id

    @property
    def listed_s(self) -> float:
        """Where its row belongs, clock of this program."""
        return self.began_s

    @property
    def missed(self) -> bool:
        """True of an urgent one that is over, and that nobody has acknowledged."""
        return self.event.urgent and not self.open and self.event.acknowledged_at is None


@dataclass(frozen=True, slots=True)
class Nearly:
    """A near miss."""

    miss: NearMissMessage
    seen_s: float
    """Clock of this program, seconds, when it was heard of."""

    @property
    def key(self) -> str:
        """What its row is found by."""
        return f"{self.miss.source_id}/{self.miss.class_}/{self.miss.time.isoformat()}"

    @property
    def listed_s(self) -> float:
        """Where its row belongs, clock of this program."""
        return self.seen_s

    @property
    def nearness(self) -> float:
        """How near it came: 1 is its threshold; what reached that and failed otherwise is nearer still."""
        return self.miss.score / max(self.miss.threshold, 1e-9)


def surest(known: ShownEvent | None, event: Event) -> tuple[Candidate, ...]:
    """Return what an event may be, as of the moment at which that was surest."""
    best = max((one.score for one in known.candidates), default=0.0) if known else 0.0
    newest = max((one.score for one in event.candidates), default=0.0)
    return known.candidates if known and best > newest else tuple(event.candidates)


def bounded(heard: dict[str, ShownEvent]) -> dict[str, ShownEvent]:
    """Return `heard` without its oldest past events beyond `MAX_PAST`; open ones always stay."""
    surplus = sum(not entry.open for entry in heard.values()) - MAX_PAST
    if surplus <= 0:
        return heard
    oldest = [id_ for id_, entry in heard.items() if not entry.open][:surplus]
    return {id_: entry for id_, entry in heard.items() if id_ not in oldest}
