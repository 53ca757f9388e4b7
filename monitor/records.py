"""What travels between rooms: small frozen records, each field with its unit or shape.

Records that reach the wire are plain JSON once encoded (`bus/codec.py` is the only codec). Sample indices are
integers since the start of the stream, at the rate the record states; intervals are half open.
"""

from __future__ import annotations

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

EventType = Literal["onset", "update", "offset"]

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time; the wire refuses one without a time zone, and sends UTC."""

Index = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""Sample index since the start of the stream; bounded so that every reader of JSON gets it exactly."""

Tally = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of things or of samples."""

Rate = Annotated[int, msgspec.Meta(gt=0, le=2**31)]
"""Sample rate, Hz."""

NearMissReason = Literal["below_threshold", "not_confirmed", "cool_down", "muted", "paused"]
"""Why something that resembled a listed class did not become an event."""


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
    """Phrases of the m distractors: those that are a rival of at least one class."""
    vectors: NDArray[np.float32]
    """float32 (k + m, d), unit norm: a window's profile is its cosines to these."""
    drift: NDArray[np.float32]
    """float32 (k + m, d), unit norm: d_c of each prototype."""
    rivals: NDArray[np.bool_]
    """bool (k, m): which distractors each class is weighed against; not those that say the same."""


class Cohort(msgspec.Struct, frozen=True):
    """A bank of ordinary and confusable sound, as one model hears it."""

    vectors: NDArray[np.float32]
    """float32 (n, d), unit norm."""
    kinds: tuple[str, ...]
    """What the sounds are called, each name once."""
    kind_of: NDArray[np.intp]
    """(n,), index into `kinds`; -1: nobody said."""
    sounds_per_hour: float
    """So many of its sounds are as hard as an hour of ordinary life."""


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


class Hindrance(msgspec.Struct, frozen=True):
    """Why sound is not analysed although it arrives."""

    reason: str
    """In words for the user."""
    lasts_s: float
    """Seconds since the last window that was analysed as it should be."""


class Loudness(msgspec.Struct, frozen=True):
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
    """Levels of mel-spaced bands, low to high, dB re full scale: a picture, not sound."""


class Transition(msgspec.Struct, frozen=True):
    """What the detector decided about one class at one window."""

    type: EventType
    class_: str
    onset_sample: int
    offset_sample: int | None
    stop: int
    """Stream index after the last sample the decision needed."""
    score: float
    peak_score: float
    threshold: float
    ended_by: str | None = None


class Missed(msgspec.Struct, frozen=True):
    """Something that resembled a class and did not become an event."""

    class_: str
    reason: NearMissReason
    stop: int
    """Stream index of the window with the highest score."""
    score: float
    threshold: float


class Score(msgspec.Struct, frozen=True):
    """How much a window sounds like each listed class."""

    start: int
    stop: int
    values: dict[str, float]
    """Calibrated score in [0, 1] per class name; never edited after the scorer."""
    other: str
    """The distractor phrase nearest to the window: what it sounds like if it is none of the classes."""
    other_score: float
    """Share of that phrase, [0, 1]."""


class Candidate(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One of the classes an event might be."""

    class_: str
    score: float
    label: str = ""
    """As in the event."""


class Latency(msgspec.Struct, frozen=True):
    """How late an event is, from the capture of the last sample it needed."""

    capture_to_score: float
    capture_to_publish: float


class BackgroundState(msgspec.Struct, frozen=True):
    """How well the room's background is known."""

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
    """Times another room was noticed and the one before forgotten."""
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


class Event(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One message of an event's life, `onset -> update* -> offset`, all with one id. The wire payload."""

    type: EventType
    id: str
    source_id: str
    source_name: str
    class_: str
    prompt: str
    """The words that were compared with the sound."""
    score: float
    """Score of the window that caused this message, [0, 1]."""
    threshold: float
    candidates: list[Candidate]
    """The listed classes with the highest scores in that window, best first."""
    onset_time: Instant
    """Of what is heard as it happens: when it began. Of a file: when its beginning was read."""
    offset_time: Instant | None
    """On the clock of `onset_time`, also where the computer's own clock was set in between."""
    onset_sample: Index
    offset_sample: Index | None
    sample_rate: Rate
    """Hz of the two sample indices, nominal."""
    latency_s: Latency
    level_dbfs: float
    floor_dbfs: float
    snr_db: float
    background: BackgroundState
    urgent: bool
    model: str
    clip: str | None = None
    peak_score: float = 0.0
    """Highest score so far, [0, 1]."""
    label: str = ""
    """What the user calls the class, in any script; empty: like `class`."""
    ended_by: str | None = None
    """Why there is an offset: `quiet`, or `overlong` (it goes on), `lost`, `paused`, `muted`, `ended`,
    `stopped`, `failed`; and, concluded by who receives: `gone` with its monitor, `unknown`."""
    onset_position_s: float | None = None
    """Of a file, and of whatever is read as one: seconds from its beginning; None for what is heard live."""
    offset_position_s: float | None = None


class NearMiss(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """Something that resembled a listed class and did not become an event, and why."""

    source_id: str
    class_: str
    reason: NearMissReason
    score: float
    """Highest score it reached, [0, 1]."""
    threshold: float
    time: Instant
    level_dbfs: float
    snr_db: float
    position_s: float | None = None
    """Of a file: seconds from its beginning to `time`; None for what is heard live."""
    label: str = ""
    """What the user calls the class, in any script; empty: like `class`."""


class Level(msgspec.Struct, frozen=True):
    """Ten times a second: how loud it is."""

    source_id: str
    time: Instant
    sample: Index
    level_dbfs: float
    peak_dbfs: float
    floor_dbfs: float
    snr_db: float
    activity: Activity
    bands_dbfs: list[float]


class Scores(msgspec.Struct, frozen=True):
    """Once per window: the score of every listed class."""

    source_id: str
    time: Instant
    start: Index
    stop: Index
    sample_rate: Rate
    scores: dict[str, float]
    other: str
    other_score: float


class ClassState(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """What a running monitor does with one class at present."""

    class_: str
    prompt: str
    onset_threshold: float
    offset_threshold: float
    muted: bool
    urgent: bool
    label: str = ""
    """What the user calls it, in any script; empty: like `class`."""


class ClockStep(msgspec.Struct, frozen=True):
    """The computer's clock was set, or the machine slept: times before and after do not fit together."""

    number: Tally
    """1 for the first of a run."""
    time: Instant
    """When it was noticed, by the clock as it is now."""
    step_s: float
    """Seconds by which the clock went forward (back when negative) beside the time that passed."""
    slept_s: float
    """Seconds of `step_s` for which the machine slept and heard nothing."""


class Change(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """What somebody changed in a running monitor, and who."""

    number: Tally
    """1 for the first of this source in this run, then without gaps."""
    time: Instant
    what: Literal["mute", "pause", "threshold", "forget"]
    """`forget`: the background that was learnt."""
    by: str
    """In words, with the process id that the kernel knows: ``the interface (pid 123)``."""
    class_: str | None = None
    before: float | bool | None = None
    after: float | bool | None = None


class Health(msgspec.Struct, frozen=True):
    """Once a second, and at once when the state changes: can this monitor hear, and does it keep up."""

    source_id: str
    source_name: str
    time: Instant
    state: SourceState
    reason: str | None
    """Why the state is not `running`, in words for the user."""
    uptime_s: float
    device_sample_rate: Tally
    """Hz the source delivers."""
    sample_rate: Rate
    """Hz of the stream's sample indices."""
    captured: Tally
    """Stream position, samples: always analysed + pending + skipped + overwritten + gap."""
    analysed: Tally
    pending: Tally
    """Captured, not yet analysed."""
    gap: Tally
    """Samples the source never delivered (lost device, driver overflow)."""
    overflow: Tally
    """Times the driver reported lost input."""
    overwritten: Tally
    """Samples lost because the ring lapped."""
    skipped: Tally
    """Samples whose window was passed over: the pipeline was late, or the encoder failed on it."""
    invalid: Tally
    """Samples at which a channel was no number or far beyond full scale, and was heard as silence."""
    reopened: Tally
    """Times a lost source came back."""
    clock_ppm: float | None
    """Device clock against the monotonic clock, parts per million; None until a minute has passed."""
    rtf: float
    """Real-time factor: processing time per second of sound, over the last seconds."""
    model: str
    background: BackgroundState
    classes: list[ClassState]
    paused: bool = False
    """Paused by the user, whatever the state."""
    warning: str | None = None
    """What seems wrong with what the source delivers, whatever the state; None if nothing."""
    calibration: CalibrationState | None = None
    """None: thresholds are those of the configuration."""
    calibrated: bool = False
    """Whether ordinary sound reaches a score s 1/s - 1 times an hour; else s is odds against other sounds."""
    position_s: float | None = None
    """Of a file: seconds of it that were read so far; None for what is heard live."""
    clock_step: ClockStep | None = None
    """The last time that the computer's clock was set; None: never in this run."""
    behind_s: float = 0.0
    """Of a file in real time: seconds by which what is analysed is later than it should be."""
    undelivered: Tally = 0
    """Records of this run that something which takes them (lines, the event bus) failed on."""
    hearing: HearingState = "good"
    hearing_reason: str | None = None
    """Why `hearing` is not `good`, and what to do, in words for the user."""
    channels: str | None = None
    """Which channels are not heard, and why, in words for the user; None where all are."""
    changes: list[Change] = []
    """What was changed from outside, the last few, oldest first."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """With `--json`: why a source is not heard as it should be, that it is again, or how it ended.

    Made of `Health` where it changes; never published itself.
    """

    type: Literal["trouble"] = "trouble"
    kind: str
    """A state or a hearing of `Health` that is not well, or `back`, `late`, `warning`, `channels`, `clock`,
    `overflow`, `resolved` (a warning holds no longer), `damaged`, `refused`, `unknown_word`."""
    time: Instant
    text: str
    """One sentence for the user."""
    source_id: str | None = None
    """None where it is the whole run's."""
    source_name: str | None = None
    position_s: float | None = None
    """Of a file: seconds of it that were read so far; None for what is heard live."""


class Heartbeat(msgspec.Struct, frozen=True):
    """Once a second: which messages exist, so that a subscriber can tell what it missed."""

    time: Instant
    sequences: dict[str, Tally]
    """Number of messages published so far per topic."""
    step_age_s: float | None = None
    """Seconds since the pipeline last turned: a program can live while what listens in it stands still."""


class Snapshot(msgspec.Struct, frozen=True):
    """What a late joiner needs to know."""

    epoch: str
    """Identity of this run of the publisher; sequences count within it."""
    time: Instant
    sequences: dict[str, Tally]
    health: list[Health]
    open_events: list[Event]
    recent_events: list[Event]
    """The last offsets, oldest first."""


class Request(
    msgspec.Struct, frozen=True, rename={"class_": "class"}, forbid_unknown_fields=True, omit_defaults=True
):
    """What a local program may ask of a running monitor on its control socket."""

    request: Literal["snapshot", "pause", "mute", "threshold", "room", "forget_room"]
    class_: str | None = None
    """For `mute` and `threshold`."""
    value: float | bool | None = None
    """`pause` and `mute`: true or false; `threshold`: the new onset threshold in (0, 1)."""
    source_id: str | None = None
    """The one source that is meant; None: all."""
    client: str | None = None
    """What asks, in words ("the interface"); who that is the monitor finds out itself."""

    def by(self, who: str | None) -> Request:
        """Return the same request, asked by `who`."""
        return msgspec.structs.replace(self, client=who)


class Likeness(msgspec.Struct, frozen=True):
    """A phrase and how much something sounds like it."""

    phrase: str
    share: float
    """[0, 1]; the shares of all phrases add up to 1."""


class ClassInRoom(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """What a room does to a listed class."""

    class_: str
    cosine: float
    """How much the room sounds like the class: the inner product of its mean and the class."""
    label: str = ""
    """What the user calls it, in any script; empty: like `class`."""


class Room(msgspec.Struct, frozen=True):
    """What the background of one source sounds like."""

    source_id: str
    source_name: str
    model: str
    """Identity of the model whose embeddings these are; they mean nothing to another."""
    state: BackgroundState
    mean: list[float]
    """Mean of the unit embeddings of its windows, (d,); empty while nothing is known."""
    sounds_like: list[Likeness]
    """The phrases nearest to it, best first."""
    classes: list[ClassInRoom]


class Reply(msgspec.Struct, frozen=True):
    """Answer to a `Request` other than `snapshot`."""

    ok: bool
    error: str | None = None
    rooms: list[Room] = []
    """To `room`: one per source that was asked."""


PublishedRecord = Event | NearMiss | Level | Scores | Health | Heartbeat
"""Everything that is published."""
