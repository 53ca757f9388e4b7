"""What travels between modules: small frozen records, each field with its unit or shape.

Records that reach the wire are plain JSON once encoded (`bus/codec.py` is the only codec). Sample indices are
integers since the start of the stream, at the rate the record states; intervals are half open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Activity = Literal["silent", "low", "normal", "high"]
"""How busy the last moment was: no sound, near the floor, above it, far above it."""

SourceState = Literal["starting", "running", "silent", "lost", "failing", "paused", "ended"]
"""`silent`: no sound arrives (muted or dead); exactly when `hearing` is `too_quiet`. `lost`: nothing does.
`failing`: sound arrives, and the encoder fails on it or does not answer."""

HearingState = Literal["good", "too_quiet", "noisy", "overloaded", "deaf"]
"""Whether the monitor can hear; `deaf`: it listens to nothing (lost, failing, paused, late, all muted)."""

TransitionType = Literal["onset", "update", "offset"]

EventType = Literal["onset", "update", "offset", "acknowledged", "missed", "clip"]
"""`acknowledged`: somebody has seen an urgent event, open or over. `missed`: it is over, and nobody has;
told when a run goes on after another one, and to whoever joins late. `clip`: a recording of it is there."""

BESIDE_LIFE: frozenset[EventType] = frozenset({"acknowledged", "missed", "clip"})
"""Messages about an event beside its life, which ends with its offset. They have topics of their own, so that
who follows lives only never takes one for a sound."""

MADE_BY_CODE = frozenset({"demo", "test"})
"""Sources of which nothing is real, by their ids."""

LOUD_SOUND = "loud_sound"
"""What a loud sound that nothing recognises is called in topics."""

ALARM_LOW_BATTERY = "alarm_low_battery"
"""What the chirp of an alarm with a low battery is called in topics."""

UNLISTED = frozenset({LOUD_SOUND, ALARM_LOW_BATTERY})
"""What is told though no class is listed for it, and no network has heard it."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time; the wire refuses one without a time zone, and sends UTC."""

Index = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""Sample index since the start of the stream; bounded so that every reader of JSON gets it exactly."""

Tally = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of things or of samples."""

Rate = Annotated[int, msgspec.Meta(gt=0, le=2**31)]
"""Sample rate, Hz."""

NearMissReason = Literal["below_threshold", "not_confirmed", "cool_down", "muted", "paused", "corrected"]
"""Why something that resembled a listed class did not become an event; `corrected`: somebody said that events
like it were wrong."""


class Block(msgspec.Struct, frozen=True):
    """What a driver, a file or a pipe delivered at once."""

    samples: NDArray[np.float32]
    """float32 (n, channels), full scale +-1.0, at the source's own rate; NaN and infinity possible."""
    captured_s: float
    """Monotonic clock, seconds, when the last sample of the block had been captured."""
    lost_len: int = 0
    """Samples known to be lost before this block, at the source's own rate."""
    overflow: bool = False
    """The driver reported lost input before or inside this block."""
    next_due_s: float | None = None
    """Monotonic clock, seconds, when more is due of a source that delivers in bursts; None: at once."""
    warning: str | None = None
    """What seems wrong with the source, in words for the user; empty: nothing any more; None: nothing new."""


class ClassPrompt(msgspec.Struct, frozen=True):
    """One class the user listens for."""

    name: str
    """Lower-case letters, digits, `_` and `-`; part of topics."""
    wording: str
    """What it is called in words, e.g. `dog bark`."""
    label: str = ""
    """What the user calls it, in any script; empty: like `name`."""


class Prompts(msgspec.Struct, frozen=True):
    """Every phrase of a run that is compared with sound."""

    templates: tuple[str, ...]
    """Each holds `{}` once; a phrase is the unit mean of what they make of it."""
    classes: tuple[str, ...]
    """Names of the listed classes."""
    wordings: tuple[str, ...]
    """One phrase per class."""
    distractors: tuple[str, ...]
    """What else there is to hear."""
    noise_phrases: tuple[str, ...]
    """Noise words p of "c with p"."""

    @property
    def class_prompts(self) -> tuple[str, ...]:
        """The wordings in the first template: what a user is told they are compared with."""
        return tuple(self.templates[0].replace("{}", wording) for wording in self.wordings)


class Prototypes(msgspec.Struct, frozen=True):
    """All unit vectors of one run; classes come first, distractors after them."""

    classes: tuple[str, ...]
    """Names of the listed classes, k of them."""
    prompts: tuple[str, ...]
    """What each class is compared with, in words."""
    distractors: tuple[str, ...]
    """Phrases of the m distractors: those that are a competitor of at least one class."""
    vectors: NDArray[np.float32]
    """float32 (k + m, d), unit norm: a window's profile is its cosines to these."""
    drift: NDArray[np.float32]
    """float32 (k + m, d), unit norm: d_c of each prototype."""
    competitors: NDArray[np.bool_]
    """bool (k, m): which distractors each class is weighed against; not those that say the same."""


class Cohort(msgspec.Struct, frozen=True):
    """A collection of ordinary and confusable sound, as one model hears it."""

    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm."""
    kinds: tuple[str, ...]
    """What the sounds are called, each name once."""
    kind_of: NDArray[np.intp]
    """(n,), index into `kinds`; -1: nobody said."""
    sounds_per_hour: float
    """So many of its sounds are as hard as an hour of ordinary life."""


class OwnSound(msgspec.Struct, frozen=True):
    """What one class sounds like here: examples that the user has given, as one model hears them."""

    name: str
    """The class it belongs to: lower-case letters, digits, `_` and `-`."""
    words: str
    """What the user calls it: the wording of the class."""
    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm: windows of the examples."""
    example_of: NDArray[np.intp]
    """(n,), which example each window comes from, counted from 0."""

    @property
    def examples(self) -> int:
        """How many examples there are."""
        return len(np.unique(self.example_of))


class CaptureStatus(msgspec.Struct, frozen=True):
    """What the capture thread knows about its source."""

    state: Literal["starting", "running", "lost", "ended"]
    reason: str | None
    """Why the source is lost or how it ended, in words for the user."""
    device_sample_rate: int
    """Hz the source delivers; 0 until opened."""
    overflow: int
    """Times the driver reported lost input."""
    invalid: int
    """Samples that were not numbers or far beyond full scale, and were replaced by 0."""
    reopened: int
    """Times a lost source came back."""
    clock_ppm: float | None
    """Device clock against the monotonic clock, parts per million; None until a minute has passed."""
    channels: str | None = None
    """Which channels are not heard, and why, in words for the user; None where all are."""
    next_due_s: float | None = None
    """Monotonic clock, seconds, when more is due of a source that delivers in bursts; None: at once."""
    warning: str | None = None
    """What seems wrong with what it delivers, in words for the user; None if nothing."""


class RingCounters(msgspec.Struct, frozen=True):
    """Where every sample of the stream is, in samples."""

    captured: int
    """Stream position: samples written and gaps, since the start."""
    pending: int
    """Not yet read."""
    overwritten: int
    """Lost because nobody read them in time."""
    gap: int
    """Never delivered by the source."""


class Span(msgspec.Struct, frozen=True):
    """Consecutive samples read from the ring."""

    start: int
    """Stream index of the first sample."""
    samples: NDArray[np.float32]
    """float32 (n,), full scale +-1.0, at the analysis rate, read-only."""
    discontinuous: bool
    """True when samples between the span before and this one were lost."""
    captured_s: float
    """Monotonic clock, seconds, when the last sample had been captured."""
    clipped: tuple[tuple[int, int], ...] = ()
    """Stretches of stream indices, half open, in which a channel that is heard was at full scale."""


class Window(msgspec.Struct, frozen=True):
    """One analysis span of the stream."""

    start: int
    """Stream index of the first sample, half-open interval [start, stop); also where zeros stand for it."""
    samples: NDArray[np.float32]
    """float32 (window_len,), full scale +-1.0, read-only; zeros where there is no sample."""
    discontinuous: bool
    """True for the first window after a discontinuity and for the first of the stream."""
    hop_len: int
    """How many samples this window is the first to analyse."""
    captured_s: float
    """Monotonic clock, seconds, when its last sample had been captured."""
    before: int = 0
    """How many zeros stand before the first sample of the stretch."""
    behind: int = 0
    """How many stand behind its last."""

    @property
    def stop(self) -> int:
        """Stream index after the last sample that there was."""
        return self.start + len(self.samples) - self.behind

    @property
    def whole(self) -> bool:
        """False when zeros stand for samples that never were."""
        return not (self.before or self.behind)


class Embedding(msgspec.Struct, frozen=True):
    """What the encoder made of one window."""

    vector: NDArray[np.float32]
    """float32 (d,), unit norm."""
    took_s: float
    """Seconds of work; of a batch, this window's share."""


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


class Stall(msgspec.Struct, frozen=True):
    """Why sound is not analysed although it arrives."""

    reason: str
    """In words for the user."""
    lasts_s: float
    """Seconds since the last window that was analysed as it should be."""


class LevelReading(msgspec.Struct, frozen=True):
    """What the level meter knows about the last moment."""

    stop: int
    """Stream index after the last sample measured."""
    level_dbfs: float
    """Mean-square level, dB re full scale, at least -120."""
    peak_dbfs: float
    """Largest magnitude, dB re full scale, at least -120."""
    floor_dbfs: float
    """Rolling noise floor, dB re full scale."""
    snr_db: float
    """Level over floor, the floor's own power subtracted, dB, within [-20, 80]."""
    activity: Activity
    bands_dbfs: list[float]
    """Levels of mel-spaced bands, low to high, dB re full scale: a coarse spectrogram, not sound."""


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


class Likeness(msgspec.Struct, frozen=True):
    """A phrase and how much something sounds like it."""

    phrase: str
    share: float
    """[0, 1]; the shares of all phrases add up to 1."""
