"""What a monitor publishes about what it hears and about itself.

Sample indices are integers since the start of the stream, at the rate the record states; intervals are half
open.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.records import (
    Activity,
    BackgroundState,
    CalibrationState,
    EventType,
    HearingState,
    Index,
    Instant,
    NearMissReason,
    Rate,
    SelfTestState,
    SourceState,
    Tally,
)


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


class Event(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One message of an event's life, `onset -> update* -> offset`, all with one id. The wire payload.

    An urgent one has messages on further topics: `acknowledged`, once somebody has seen it, and `missed`.
    One of which a recording is kept has a `clip`.
    """

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
    """Path of its recording, once that is there."""
    peak_score: float = 0.0
    """Highest score so far, [0, 1]."""
    label: str = ""
    """What the user calls the class, in any script; empty: like `class`."""
    ended_by: str | None = None
    """Why there is an offset: `quiet`, or `overlong` (it goes on), `lost`, `paused`, `muted`, `ended`,
    `stopped`, `failed`, `recognised` (a loud sound, after all); and, concluded by who receives: `gone` with
    its monitor, `unknown`."""
    onset_position_s: float | None = None
    """Of a file, and of whatever is read as one: seconds from its beginning; None for what is heard live."""
    offset_position_s: float | None = None
    node: str = ""
    """The machine that heard it: `[publish] node`, else its own name."""
    hearing: HearingState = "good"
    """Whether the monitor could hear when this message was made."""
    acknowledged_by: str | None = None
    """Who has said that it was seen, in words; None: nobody yet."""
    acknowledged_at: Instant | None = None
    rhythm: str | None = None
    """The pattern its sound was verified as, such as ``T3, 4 cycles``; None: none was looked for or found."""
    rejected_because: str | None = None
    """Why it is told of and yet no alarm, in words for the user; None: it stands."""


class NearMissMessage(msgspec.Struct, frozen=True, rename={"class_": "class"}):
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
    node: str = ""
    """As in the event."""


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


class ScoresMessage(msgspec.Struct, frozen=True):
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
    muted_until: Instant | None = None
    """When it is heard again by itself; None: no end was asked for."""
    set_by_hand: bool = False
    """Somebody set its onset threshold in this run; else it is the configuration's, or moves itself."""
    unknown: bool = False
    """The model does not know its words and nobody taught it by examples: it may never be told."""


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
    what: Literal["mute", "pause", "threshold", "forget", "correct"]
    """`forget`: the background that was learnt. `correct`: `after` says whether an event was right; None:
    what was said is taken back."""
    by: str
    """In words, with the process id that the kernel knows: ``the interface (pid 123)``."""
    class_: str | None = None
    before: float | bool | None = None
    after: float | bool | None = None
    event_id: str | None = None
    """Of `correct`: the event, which was told as one of `class`."""
    really: str | None = None
    """Of `correct`: the class that it was instead."""


class HearingChange(msgspec.Struct, frozen=True):
    """The monitor began, or ceased, to hear a source well."""

    number: Tally
    """1 for the first of this source in this run, then without gaps: each can be told once, and is."""
    time: Instant
    hearing: HearingState
    """What it is now."""
    reason: str | None
    """Why it is not `good`, and what to do, in words for the user."""
    before: HearingState
    """What it was before; every source begins as `good`."""
    before_s: float
    """Seconds for which it was that; of a file, seconds of sound."""
    position_s: float | None = None
    """Of a file: seconds from its beginning; None for what is heard live."""


class SoundLevel(msgspec.Struct, frozen=True, kw_only=True):
    """How loud it was in the last minute, A-weighted, dB re 20 uPa; only of a source that is calibrated."""

    leq_dba: float
    """Energy average."""
    l10_dba: float
    """Exceeded for a tenth of the time: the loud moments. Of quarters of a second, about Fast."""
    l50_dba: float
    """Exceeded for half of the time."""
    l90_dba: float
    """Exceeded for nine tenths of the time: the background."""
    over_s: float
    """Seconds of sound they are about, at most 60."""
    calibrated_at: Instant


class SelfTest(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm made by code was mixed into a copy of what a source hears, and followed to its message.

    It is no event: nobody is alarmed, nothing is learnt from it, and what sounds meanwhile is told as always.
    """

    number: Tally
    """1 for the first of this source in this run, then without gaps; 0: of an earlier run."""
    state: SelfTestState
    time: Instant
    """When it came to this state."""
    reason: str | None = None
    """Why it did not pass, in words for the user; of `testing`, why it is tried again."""
    heard_s: float | None = None
    """From the first sample of the alarm to its recognition."""
    told_s: float | None = None
    """From the same to the arrival of its message at a subscriber here; None: nothing is published."""
    score: float | None = None
    """Of the alarm, where it was heard, [0, 1]."""
    snr_db: float | None = None
    """How far it was over the background."""
    asked_by: str | None = None
    """Who asked for it, in words; None: it is the day's."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in {"testing", "heard"}

    @property
    def alarm_s(self) -> float | None:
        """How long the alarm took to whoever was to be told; None: it was not told."""
        return self.heard_s if self.told_s is None else self.told_s


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
    paused_until: Instant | None = None
    """When it goes on by itself; None: no end was asked for."""
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
    hearing_change: HearingChange | None = None
    """The last time that `hearing` changed; None: never in this run. Health is sent at once when it does."""
    channels: str | None = None
    """Which channels are not heard, and why, in words for the user; None where all are."""
    node: str = ""
    """The machine that listens: `[publish] node`, else its own name."""
    changes: list[Change] = []
    """What was changed from outside, the last few, oldest first."""
    level_dba: SoundLevel | None = None
    """None: the source is away, or not calibrated (`monitor calibrate`); then its level is in dBFS only."""
    self_test: SelfTest | None = None
    """The last one, or how far it is; None: there was none. Health is sent at once when it changes."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """With `--json`: why a source is not heard as it should be, that it is again, or how it ended.

    Made of `Health` where it changes; never published itself.
    """

    type: Literal["trouble"] = "trouble"
    kind: str
    """A state or a hearing of `Health` that is not well, or `back`, `late`, `warning`, `channels`, `clock`,
    `overflow`, `resolved` (a warning holds no longer), `self_test` (it did not pass), `damaged`, `refused`,
    `unknown_word`."""
    time: Instant
    text: str
    """One sentence for the user."""
    source_id: str | None = None
    """None where it is the whole run's."""
    source_name: str | None = None
    position_s: float | None = None
    """Of a file: seconds of it that were read so far; None for what is heard live."""
    before: HearingState | None = None
    """Where `kind` tells how a source is heard: how it was heard before; None: something else is told."""
    before_s: float | None = None
    """For how many seconds it was."""


class Heartbeat(msgspec.Struct, frozen=True):
    """Once a second: which messages exist, so that a subscriber can tell what it missed."""

    time: Instant
    sequences: dict[str, Tally]
    """Number of messages published so far per topic."""
    step_age_s: float | None = None
    """Seconds since the pipeline last turned: a program can live while what listens in it stands still."""


PublishedRecord = Event | NearMissMessage | Level | ScoresMessage | Health | Heartbeat
"""Everything that is published."""
