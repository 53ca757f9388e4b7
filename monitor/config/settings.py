"""Every option of the program: one frozen struct per section, one default in one place.

Precedence: flags > environment (`MONITOR_<SECTION>_<KEY>`) > file (`--config`) > the defaults below.
Unknown keys are refused. `configs/default.toml` lists every key; a test holds it equal to this file.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from monitor.config import limits
from monitor.config.checks import ZERO, check_together, what_is_valid, zero_or
from monitor.config.environment import settings
from monitor.errors import ConfigError
from monitor.files.reading import read_toml
from monitor.files.toml import toml_document

MAX_CLASSES = 500
"""More classes than anyone can follow, and than one message a second should carry the state of."""

_LONGEST_VALUE = 80
"""Characters of a refused value that are shown."""


def within(limit: limits.Range) -> msgspec.Meta:
    """Return the bounds of a number as msgspec checks them."""
    return msgspec.Meta(ge=limit.low, le=limit.high)


Auto = Literal["auto"]
"""What the model says itself, where something was tuned for it."""
Threshold = Annotated[float, within(limits.THRESHOLD)]
Confirm = Annotated[float, within(limits.CONFIRM_S)]
MinOn = Annotated[float, within(limits.MIN_ON_S)]
MinOff = Annotated[float, within(limits.MIN_OFF_S)]
Decibels = Annotated[float, within(limits.ACTIVITY_DB)]
Tau = Annotated[float, within(limits.TAU)] | Literal["auto"]  # here it is not the model that says it
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Channel = Literal["mix", "loudest", "left", "right"] | Annotated[int, msgspec.Meta(ge=1, le=64)]
"""Which channel of a source is heard; a number counts from 1."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections: frozen, unknown keys refused."""


class CaptureConfig(_Section, frozen=True):
    """How sound gets into the ring."""

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
    """Refuse to start without a microphone that is not there, instead of waiting for it."""


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
    distractors: tuple[str, ...] = (
        "speech", "people talking", "crowd", "children playing", "music", "singing", "laughter", "cough",
        "footsteps", "door slam", "dishes", "typing on a keyboard", "click", "knocking", "clapping",
        "wind", "rain", "thunder", "water running", "sea waves", "stream", "traffic", "car passing by",
        "engine", "truck", "motorcycle", "train", "airplane", "helicopter", "drill", "hammering", "saw",
        "vacuum cleaner", "fan", "air conditioner", "hum", "white noise", "static", "bird song", "crow",
        "rooster", "cat", "cow", "sheep", "insects", "frog", "dog bark", "siren", "car horn", "bell",
        "alarm", "telephone ringing", "beep", "baby crying", "scream", "glass breaking", "gunshot",
        "fireworks", "explosion", "silence",
        "aircraft", "sneezing", "snoring", "clock ticking", "water dripping", "toilet flushing",
        "pouring water", "washing machine", "chainsaw", "hand saw", "jackhammer", "church bells", "coin",
        "keys", "zipper", "camera shutter", "lighter", "bicycle bell", "subway", "boat",
        "fire crackling", "owl", "goat", "horse", "pig", "hen", "lion", "wolf howl", "monkey", "whale",
        "crickets", "bees", "heavy machine", "helicopter rotor", "electric razor", "hair dryer",
        "microwave", "boiling", "chopping", "crumpling paper", "writing", "door creaking", "drawer",
        "shower", "brushing teeth", "drinking", "breathing", "heartbeat", "whistle", "yelling", "choir",
        "guitar", "piano", "drum", "violin", "flute", "electronic music", "radio", "television",
        "video game", "ship horn", "train horn", "steam", "hiss", "rattle", "squeak", "thump", "whoosh",
        "rustle", "splash", "squeal", "growl", "meow", "machine gun",
    )  # fmt: skip
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
    """Loopback only in this version."""
    control: str = ""
    """Where the monitor is asked and told what to do, `ipc://PATH`; empty: a private folder of this user."""
    high_water_mark: Count = 1000
    """Messages queued per slow subscriber before the newest are dropped for that one."""
    node: str = ""
    """What this machine is called in events and health; empty: its own name."""


class Config(_Section, frozen=True):
    """All sections."""

    capture: CaptureConfig = CaptureConfig()
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


_PLAIN_WORDS = {
    "`float`": "a number", "`int`": "a whole number", "`str`": "text", "`bool`": "true or false",
    "`object`": "a table", "`array`": "a list", "`str | array`": "text or a list of texts",
}  # fmt: skip
"""How msgspec names types, and how a user does."""


_CHOICES = {
    "capture.channel": "mix, loudest, left, right, or a number from 1",
    "capture.channels": "mix, loudest, left, right, or a number from 1",
    "background.tau": f"auto, or {limits.TAU}",
    "background.guard_score": f"auto, or {limits.GUARD_SCORE}",
    "background.change_ratio": f"auto, or {limits.CHANGE_RATIO}",
    "scorer.temperature": f"auto, or {limits.TEMPERATURE}",
    "detector.onset_threshold": f"auto, or {limits.THRESHOLD}",
    "detector.offset_threshold": f"auto, or {limits.THRESHOLD}",
}
"""What a key that takes words may be."""


def load_config(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Config:
    """Merge file, environment and flags over the defaults.

    Parameters
    ----------
    path
        A TOML file, or None.
    environment
        Usually `os.environ`; `environment.py` says which variables are read.
    flags
        `{section: {key: value}}` from the command line.

    Raises
    ------
    ConfigError
        The file cannot be read, a key is unknown, or a value is out of range.
    """
    merged = _read_toml(path) if path else {}
    origin = str(path) if path else "the configuration"
    from_environment = settings(environment or {}, _known_keys())
    for layer in (from_environment, flags or {}):
        for section, values in layer.items():
            if not isinstance(merged.get(section, {}), dict):
                raise ConfigError(f"{origin}: {section} must be a table, [{section}], not a single value.")
            merged[section] = {**merged.get(section, {}), **values}
    _refuse_unknown(merged, Config, origin, "")
    try:
        config = msgspec.convert(merged, Config)
    except (msgspec.ValidationError, OverflowError) as error:
        raise ConfigError(_explain(str(error), merged, from_environment, origin)) from None
    check_together(config, origin)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return {} if path.samefile(os.devnull) else read_toml(path, pipe=True)
    except OSError as error:
        raise ConfigError(f"Cannot read the configuration {path}: {error.strerror}.") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None


def _known_keys() -> dict[str, tuple[str, ...]]:
    """Return the keys of every section."""
    return {
        field.name: tuple(key.name for key in msgspec.structs.fields(field.type))
        for field in msgspec.structs.fields(Config)
    }


def valid_values(keys: Sequence[str]) -> str:
    """Return what the setting at `keys` may be, as words; empty where its type says all there is to say."""
    name = ".".join(keys[:2])
    if len(keys) == 2 and name in ZERO:
        return zero_or(name)
    return _CHOICES.get(name) or what_is_valid(Config, keys)


def as_toml(config: Config) -> str:
    """Return a whole configuration as TOML that `load_config` reads back as the same."""
    return toml_document(msgspec.to_builtins(config))


def _shown(value: Any) -> str:
    """Return a refused value; a number may be longer than can be written out."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _refuse_unknown(values: Mapping[str, Any], struct: type[msgspec.Struct], origin: str, where: str) -> None:
    """Raise for a key that `struct` does not have, with the nearest one that it has."""
    known = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}."
            place = f" in [{where}]" if where else ""
            raise ConfigError(f"{origin}: unknown key {key!r}{place}; {hint}")
        kind = known[key]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, Mapping):
            _refuse_unknown(value, kind, origin, key)
        elif where == "detector" and key == "classes" and isinstance(value, Mapping):
            for name, entry in value.items():
                if isinstance(entry, Mapping):
                    _refuse_unknown(entry, ClassConfig, origin, f"detector.classes.{name}")


def _place(path: str, merged: Mapping[str, Any]) -> list[str]:
    """Return the keys that lead to a refused value; msgspec does not say which entry of a table it is."""
    before, entry, after = path.partition("[...]")
    if not entry:
        return path.split(".")
    *sections, table = before.split(".")
    entries = merged[sections[0]][table]
    at_fault = [name for name, own in entries.items() if not _fits(own, ClassConfig)]
    return [*sections, table, *at_fault[:1], *after.lstrip(".").split(".")]


def _fits(value: Any, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _explain(message: str, merged: Mapping[str, Any], environment: Mapping[str, Any], origin: str) -> str:
    """Return msgspec's message as one sentence: where the value came from, which it is, what is valid."""
    text, _, path = message.partition(" - at `$.")
    if not path:
        return f"{origin}: {message}."
    keys = _place(path.rstrip("`"), merged)
    value: Any = merged
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if len(keys) == 2 and keys[1] in environment.get(keys[0], {}):
        origin = f"MONITOR_{keys[0].upper()}_{keys[1].upper()}"
    for technical, plain in _PLAIN_WORDS.items():
        text = text.replace(technical, plain)
    given = "" if value is None else f" is {_shown(value)}"
    valid = valid_values(keys)
    said = f"valid: {valid}" if valid and value is not None else f"{text[0].lower()}{text[1:]}"
    return f"{origin}: {'.'.join(keys)}{given}; {said}."
