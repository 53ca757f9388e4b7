"""Every option of the program: one frozen struct per section, one default in one place.

`configs/default.toml` lists every key; a test holds it equal to this file.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from monitor.config import limits
from monitor.config.settings.base import Channel, Threshold, within
from monitor.config.settings.distractors import DISTRACTORS
from monitor.config.settings.fleet import FleetConfig
from monitor.config.settings.mqtt import MqttConfig
from monitor.config.settings.notify import NotifyConfig
from monitor.config.settings.scan import ScanConfig
from monitor.config.settings.uplink import UplinkConfig

MAX_CLASSES = 500
"""More classes than anyone can follow, and than one message a second should carry the state of."""


Auto = Literal["auto"]
"""What the model says itself, where something was tuned for it."""
Confirm = Annotated[float, within(limits.CONFIRM_S)]
MinOn = Annotated[float, within(limits.MIN_ON_S)]
MinOff = Annotated[float, within(limits.MIN_OFF_S)]
Decibels = Annotated[float, within(limits.ACTIVITY_DB)]
Tau = Annotated[float, within(limits.TAU)] | Literal["auto"]  # here it is not the model that says it
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections: frozen, unknown keys refused."""


class CaptureConfig(_Section, frozen=True):
    """How sound gets into the ring."""

    sources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("mic:default",)
    """Heard where neither `--mic` nor `--source` is given, written as for `--source`."""
    ring_s: Annotated[float, within(limits.RING_S)] = 20.0
    """Seconds the ring holds before it overwrites the oldest."""
    lost_after_s: Annotated[float, within(limits.LOST_AFTER_S)] = 0.6
    """A live source that delivers nothing for this long is lost."""
    reopen_every_s: Annotated[float, within(limits.REOPEN_EVERY_S)] = 0.5
    """First pause between attempts to open a lost source again; doubles up to 5 s."""
    channel: Channel = "mix"
    """`mix` (without dead channels; never cancels), `loudest`, `left`, `right`, or a number from 1."""
    channels: dict[str, Channel] = {}
    """The same for single sources, by their ids, e.g. `usb-microphone = "left"`."""
    highpass_hz: Annotated[float, msgspec.Meta(ge=1, le=1000)] = 20.0
    """Lower sound is not heard: an offset, rumble; set to e.g. 150, the hum of the mains too."""
    require: bool = False
    """Refuse to start without a microphone or a server that is not there, instead of waiting for it."""
    verify_tls: bool = True
    """A server that encrypts (`https`, `rtsps`) must prove that it is the one that was named."""


class WindowConfig(_Section, frozen=True):
    """How the stream is cut; the window length belongs to the model."""

    hop_s: Annotated[float, msgspec.Meta(ge=0, le=limits.HOP_S.high)] = 0.0
    """Seconds from one window to the next, from 0.01 to the window's own length; 0: what suits the model."""
    max_lag_s: Annotated[float, within(limits.MAX_LAG_S)] = 1.0
    """A pipeline later than this skips to the newest window."""


class LevelConfig(_Section, frozen=True):
    """Level meter and noise floor."""

    tick_s: Annotated[float, within(limits.TICK_S)] = 0.1
    """Seconds per measurement."""
    floor_window_s: Annotated[float, within(limits.FLOOR_WINDOW_S)] = 30.0
    """Seconds of levels the noise floor is taken from."""
    floor_percentile: Annotated[float, within(limits.FLOOR_PERCENTILE)] = 20.0
    """Which percentile of those levels is the floor."""
    low_db: Decibels = 4.0
    """Up to this far above the floor is low activity: it teaches the background."""
    high_db: Decibels = 12.0
    """From this far above the floor is high activity; it never teaches the background."""
    silent_dbfs: Annotated[float, within(limits.SILENT_DBFS)] = -90.0
    """Up to this level, one step of 16 bit, there is no sound: the source is muted or dead."""
    silent_after_s: Annotated[float, within(limits.SILENT_AFTER_S)] = 2.0
    """Seconds without sound after which a source is called silent."""
    noisy_dbfs: Annotated[float, within(limits.NOISY_DBFS)] = -26.0
    """From this floor on, half of all alarms would stand out by less than 3 dB and not be recognised."""
    bands: Annotated[int, msgspec.Meta(ge=4, le=128)] = 32
    """Mel-spaced bands of the published spectrogram."""


class ModelConfig(_Section, frozen=True):
    """Which encoder listens."""

    name: str = "embedded"
    """A model that `monitor models list` shows, or the path of a folder with one."""
    provider: str = "cpu"
    """`cpu`, `cuda`, or `torch` (then `name` is a Hugging Face folder, and a GPU is used if there is one)."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Threads per window; more than one seldom pays at a few windows a second."""
    spinning: bool = False
    """Idle threads wait awake: faster where windows come without a pause, twice the CPU at a few a second."""
    window_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0
    """Seconds per window, for a model that repeats a shorter one (CLAP); 0: the model's own."""
    adapter: str = "auto"
    """What `monitor adapt` has learnt: "auto", what it keeps for this model; "none"; or a file's path."""


class PromptConfig(_Section, frozen=True):
    """What is listened for, and in which words."""

    classes: tuple[str, ...] = (
        "siren", "fire_alarm", "doorbell", "door_knock", "baby_cry", "dog_bark", "car_horn", "glass_breaking",
    )  # fmt: skip
    """Listened for when `--classes` is not given."""
    template: str | tuple[str, ...] = ""
    """`{}` is replaced by the class words; of a list the mean counts; empty: the model's own."""
    aliases: dict[str, str] = {}
    """Class name -> wording, e.g. `smoke_alarm = "smoke alarm beeping"`."""
    distractors: tuple[str, ...] = DISTRACTORS
    """What else there is to hear, so that an unlisted sound is not forced into a listed class."""
    distractor_max_cosine: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.6
    """A distractor nearer than this to a listed class's prompt says the same and is left out."""


class BackgroundConfig(_Section, frozen=True):
    """The rolling profile of the background."""

    tau: Tau = "auto"
    """Share of the background taken off a class; "auto": as much as the window at hand sounds like it."""
    memory_s: Annotated[float, within(limits.MEMORY_S)] = 60.0
    """The background rests on quiet windows of the last so many seconds."""
    ready_s: Annotated[float, within(limits.READY_S)] = 5.0
    """Seconds of such windows before the background counts fully; it blends in from the first."""
    guard_score: Annotated[float, within(limits.GUARD_SCORE)] | Auto = "auto"
    """A window in which any listed class scores more than this teaches nothing; "auto": the model's own."""
    change_ratio: Annotated[float, within(limits.CHANGE_RATIO)] | Auto = "auto"
    """Windows that fit the background less than this share of the usual, for long, are another one; 0: never;
    "auto": the model's own."""
    load: bool = True
    """Begin with the background that `monitor background save` stored for this source and model."""


class DriftConfig(_Section, frozen=True):
    """The drift bonus (arXiv 2606.04844)."""

    beta: Annotated[float, within(limits.BETA)] = 0.0
    """Weight of the bonus. 0: with the model in the box it gains nothing (docs/papers.md); 0.1 is usual."""
    phrases: tuple[str, ...] = ("wind", "rain", "traffic", "crowd", "music")
    """Noise words p of the directions t("c with p") - t("c")."""


class ScorerConfig(_Section, frozen=True):
    """From cosines to a score in [0, 1]."""

    temperature: Annotated[float, within(limits.TEMPERATURE)] | Auto = "auto"
    """Cosine difference that changes the odds against the distractors by a factor e; "auto": the model's."""


class ClassConfig(_Section, frozen=True):
    """What differs for one class; anything left out follows `[detector]`."""

    onset_threshold: Threshold | None = None
    offset_threshold: Threshold | None = None
    min_on_s: MinOn | None = None
    min_off_s: MinOff | None = None
    confirm_s: Confirm | None = None
    urgent: bool | None = None
    """Reported without waiting for confirmation; left out: if `[detector] urgent` lists it."""
    rhythm: Literal["tell", "require", "ignore", "T3", "T4", "telephone", "appliance"] | None = None
    """`tell` the pattern it beeps in, `require` that of an alarm (T3, T4), or the named; left out: `tell`."""


class DetectorConfig(_Section, frozen=True):
    """Hysteresis, confirmation and pauses, per class."""

    onset_threshold: Threshold | Auto = "auto"
    """Where no rate of false alarms is asked for, or no cohort can count them; "auto": the model's own."""
    offset_threshold: Threshold | Auto = "auto"
    """Belongs to `onset_threshold`; one that moves takes it along, at the same ratio of odds."""
    confirm_s: Confirm = 1.0
    """The score reaches the onset threshold for this long before an event begins; of urgent classes once."""
    sure_s: Confirm = 0.5
    """So long is enough where its odds are four times those of the threshold."""
    min_on_s: MinOn = 0.5
    """An event lasts at least this long."""
    min_off_s: MinOff = 1.5
    """The score stays below the offset threshold for this long before an event ends."""
    cool_down_s: Annotated[float, within(limits.COOL_DOWN_S)] = 1.0
    """After an event ends, its class begins no other for this long."""
    update_every_s: Annotated[float, within(limits.UPDATE_EVERY_S)] = 2.0
    """How often a lasting event is reported."""
    max_event_s: Annotated[float, msgspec.Meta(ge=0, le=limits.MAX_EVENT_S.high)] = 600.0
    """An event that lasts longer is closed; its class begins another once it has stopped. 0: never."""
    long_event_is_background: bool = False
    """What was closed for lasting too long may then be learnt as background while it goes on."""
    urgent: tuple[str, ...] = ()
    """Classes reported without waiting for confirmation."""
    muted: tuple[str, ...] = ()
    """Classes that are muted from the start, until somebody unmutes them."""
    loud_sound_db: Annotated[float, msgspec.Meta(ge=0, le=limits.LOUD_SOUND_DB.high)] = 30.0
    """What nothing recognises is told from so far above the noise floor, as `loud_sound`. 0: never."""
    loud_sound_every_s: Annotated[float, within(limits.LOUD_SOUND_EVERY_S)] = 60.0
    """From one such sound to the next that is told, at least."""
    near_miss_ratio: Annotated[float, within(limits.NEAR_MISS_RATIO)] = 0.6
    """A peak from this share of the onset threshold up is a near miss."""
    classes: dict[str, ClassConfig] = {}
    """What differs for single classes: a table `[detector.classes.NAME]` each."""


class CalibrationConfig(_Section, frozen=True):
    """Thresholds from the stream itself."""

    false_alarms_per_hour: Annotated[float, msgspec.Meta(ge=0, le=limits.FALSE_ALARMS_PER_HOUR.high)] = 5.0
    """Of all classes together, in a busy place (docs/deciding.md); 0: those of `[detector]` stay."""
    urgent_share: Annotated[float, within(limits.URGENT_SHARE)] = 3.0
    """An urgent class may give so many times as many false alarms as another."""
    block_s: Annotated[float, within(limits.BLOCK_S)] = 10.0
    """The stream is judged by the highest score in every so many seconds."""
    keep: bool = True
    """What a live source has taught is kept for the next run with the same classes, source and model."""
    memory_h: Annotated[float, within(limits.CALIBRATION_MEMORY_H)] = 12.0
    """Hours of blocks the thresholds rest on."""
    ready_blocks: Count = 30
    """Blocks before the stream alone sets them; until then they move there from those of `[detector]`."""


class PublishConfig(_Section, frozen=True):
    """The event bus."""

    bind: str = "tcp://127.0.0.1:5557"
    """For this machine only: everybody on it may read."""
    public: str = ""
    """Where other machines read and ask, with keys only, `tcp://*:5560`; empty: nowhere (docs/keys.md)."""
    control: str = ""
    """Where the monitor is asked and told what to do, `ipc://PATH`; empty: a private folder of this user."""
    high_water_mark: Count = 1000
    """Messages queued per slow subscriber before the newest are dropped for that one."""
    node: str = ""
    """What this machine is called in events and health; empty: its own name."""


class HistoryConfig(_Section, frozen=True):
    """What was heard of live sources, kept in a file of this user; `monitor history` shows it."""

    keep: bool = True
    """Keep events, near misses, changes of health and of settings. Never sound."""
    keep_days: Annotated[float, within(limits.KEEP_DAYS)] = 365.0
    """Older records are removed."""
    max_mb: Annotated[float, within(limits.MAX_MB)] = 200.0
    """Megabytes from which on the oldest are removed too; the write-ahead log counts."""


class MemoryConfig(_Section, frozen=True):
    """What moments of live sources sounded like to the model: embeddings, never sound; `monitor memory`."""

    keep: Literal["none", "events", "all"] = "events"
    """`events`: of each event some, so that you can say later what it was. `all`: every window that is
    not like the one before it too; `monitor adapt` learns from them."""
    keep_days: Annotated[float, within(limits.KEEP_DAYS)] = 90.0
    """Older ones are removed."""
    max_mb: Annotated[float, within(limits.MAX_MB)] = 100.0
    """Megabytes from which on the oldest are removed too; the write-ahead log counts."""
    max_moments: Annotated[int, msgspec.Meta(ge=100, le=900_000)] = 50_000
    """The same by their number."""
    key_file: str = ""
    """A file with the key they are encrypted with; `monitor memory key new FILE` makes one."""
    key_env: str = ""
    """The environment variable that has the key instead; both empty: they are not encrypted."""


class ClipsConfig(_Section, frozen=True):
    """The sound around events, kept only if you say so; `monitor clips` lists, plays and deletes it."""

    keep: bool = False
    """Keep a recording of each event. Of everything else no sound is ever stored."""
    classes: tuple[str, ...] = ()
    """Of these classes only; empty: of all."""
    pre_s: Annotated[float, within(limits.CLIP_AROUND_S)] = 3.0
    """Seconds before the onset."""
    post_s: Annotated[float, within(limits.CLIP_AROUND_S)] = 2.0
    """Seconds after the offset."""
    max_s: Annotated[float, within(limits.CLIP_S)] = 60.0
    """Seconds in all at most."""
    speech: Literal["skip", "keep"] = "skip"
    """`skip`: nothing is kept of an event around which somebody may be speaking."""
    folder: str = ""
    """Where they go; empty: a folder of this user."""
    keep_days: Annotated[float, within(limits.KEEP_DAYS)] = 30.0
    """Older ones are removed."""
    max_mb: Annotated[float, within(limits.MAX_MB)] = 500.0
    """Megabytes from which on the oldest are removed too."""


class DiaryConfig(_Section, frozen=True):
    """What a run says about itself on standard error; what it hears is not in it (docs/service.md)."""

    form: Literal["auto", "text", "json", "journal"] = "auto"
    """`text` or `json` lines, or entries of systemd's `journal`; `auto`: the journal where it leads there."""
    level: Literal["error", "warning", "info", "debug"] = "info"
    """From which level on; `-v` is `debug`, `-q` is `warning`."""


class SelfTestConfig(_Section, frozen=True):
    """Whether an alarm made by code, mixed into a copy of what is heard, gets through: tried once a day."""

    daily: Literal["service", "always", "never"] = "service"
    """`service`: in a run that systemd has begun. Nothing is played, and nobody is alarmed."""
    at: Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "12:00"
    """Time of day, where the machine is."""
    late_s: Annotated[float, within(limits.SELF_TEST_LATE_S)] = 5.0
    """An alarm that is told later than this is an urgent event: the self-test failed."""
    within_h: Annotated[float, within(limits.SELF_TEST_WITHIN_H)] = 2.0
    """A source that cannot be tested (lost, paused) is tried again for so many hours; then that is urgent."""


class MetricsConfig(_Section, frozen=True):
    """What a run counts, for Prometheus (docs/service.md)."""

    bind: str = ""
    """Where it is asked, `127.0.0.1:PORT`, of this machine only; empty: nowhere."""


class Config(_Section, frozen=True):
    """All sections."""

    capture: CaptureConfig = CaptureConfig()
    fleet: FleetConfig = FleetConfig()
    window: WindowConfig = WindowConfig()
    level: LevelConfig = LevelConfig()
    model: ModelConfig = ModelConfig()
    prompts: PromptConfig = PromptConfig()
    background: BackgroundConfig = BackgroundConfig()
    drift: DriftConfig = DriftConfig()
    scorer: ScorerConfig = ScorerConfig()
    detector: DetectorConfig = DetectorConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    publish: PublishConfig = PublishConfig()
    history: HistoryConfig = HistoryConfig()
    memory: MemoryConfig = MemoryConfig()
    clips: ClipsConfig = ClipsConfig()
    notify: NotifyConfig = NotifyConfig()
    mqtt: MqttConfig = MqttConfig()
    uplink: UplinkConfig = UplinkConfig()
    self_test: SelfTestConfig = SelfTestConfig()
    diary: DiaryConfig = DiaryConfig()
    metrics: MetricsConfig = MetricsConfig()
    scan: ScanConfig = ScanConfig()
