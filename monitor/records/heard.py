"""What a model makes of sound, and what becomes of that: scores, events, what was said of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from monitor.records.kinds import Instant, NearMissReason, Tally, TransitionType
from monitor.records.sound import LevelReading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedding(msgspec.Struct, frozen=True):
    """What the encoder made of one window."""

    vector: NDArray[np.float32]
    """float32 (d,), unit norm."""
    took_s: float
    """Seconds of work; of a batch, this window's share."""


class WindowScores(msgspec.Struct, frozen=True):
    """How much a window sounds like each listed class."""

    start: int
    stop: int
    values: dict[str, float]
    """Calibrated score in [0, 1] per class name; never edited after the scorer."""
    other: str
    """The distractor phrase nearest to the window: what it sounds like if it is none of the classes."""
    other_score: float
    """Share of that phrase, [0, 1]."""
    uncorrected: Mapping[str, float] = {}
    """Of classes that corrections lower: the score that it would be without."""


class Likeness(msgspec.Struct, frozen=True):
    """A phrase and how much something sounds like it."""

    phrase: str
    share: float
    """[0, 1]; the shares of all phrases add up to 1."""


class Moment(msgspec.Struct, frozen=True):
    """One window as it is remembered: what the model made of it, and nothing that could be played."""

    source_id: str
    model: str
    """Identity of the model that embedded it; to another the embedding means nothing."""
    time: Instant
    """When it began."""
    vector: NDArray[np.float16]
    """float16 (d,), the unit embedding rounded."""
    scores: dict[str, float]
    """Score per listed class; of many, the highest."""
    level_dbfs: float
    floor_dbfs: float
    event_id: str = ""
    """The event it belongs to; empty: none."""
    class_: str = ""
    """The class of that event."""


class Correction(msgspec.Struct, frozen=True):
    """What somebody said of an event: it was what it was told as, or it was not."""

    event_id: str
    class_: str
    """What the event was told as."""
    right: bool
    really: str
    """The class that it was instead; empty: nobody said."""
    source_id: str
    model: str
    """Identity of the model that heard it."""
    time: Instant
    """When somebody said so."""
    by: str
    """Who, in words."""


class Transition(msgspec.Struct, frozen=True):
    """What the detector decided about one class at one window."""

    type: TransitionType
    class_: str
    onset_sample: int
    offset_sample: int | None
    stop: int
    """Stream index after the last sample the decision needed."""
    score: float
    peak_score: float
    threshold: float
    ended_by: str | None = None


class UnlistedSound(msgspec.Struct, frozen=True):
    """Something of `UNLISTED` began, or ended."""

    change: Transition
    """The score of a loud sound is the share of what it is like."""
    level: LevelReading
    """Its loudest moment."""
    label: str
    """What it is called, in words for the user."""


class NearMiss(msgspec.Struct, frozen=True):
    """Something that resembled a class and did not become an event."""

    class_: str
    reason: NearMissReason
    stop: int
    """Stream index of the window with the highest score."""
    score: float
    threshold: float


class BackgroundState(msgspec.Struct, frozen=True):
    """How well the background's background is known."""

    ready: bool
    age_s: float
    """Seconds of stream since the profile last learnt."""
    windows: Tally
    """Windows it rests on."""
    needed: Tally = 0
    """Windows from which on it counts fully; 0: not told."""
    likeness: float = 0.0
    """How alike these windows are, [0, 1]: the length of the mean of their embeddings."""
    changes: Tally = 0
    """Times another background was noticed and the one before forgotten."""
    guarded: Tally = 0
    """Windows in a row that taught nothing because a listed class scored in them, or sounded."""


class CalibrationState(msgspec.Struct, frozen=True):
    """How far the thresholds are set by the stream itself."""

    false_alarms_per_hour: float
    """What was asked for, all classes together."""
    heard_s: float
    """Seconds of stream without an event that they rest on."""
    ready: bool
    """Whether they are set by the stream alone."""
