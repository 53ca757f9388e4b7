"""What settings must be together, beyond the range of each. Pure."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.config import limits
from monitor.config.broker import MQTT, MQTT_OR_NATS, broker_address
from monitor.config.notify_checks import check_notify
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config.settings import ClassConfig, Config

_MOST_BLOCKS_ALARMING = 0.1
"""Share of the blocks that may hold a false alarm; of more the tail says nothing."""
_SPELLS = 4
"""Times what readiness needs: as much of the place before and of the one after is compared."""

ZERO: Mapping[str, tuple[limits.Range, str]] = {
    "window.hop_s": (limits.HOP_S, "what suits the model"),
    "calibration.false_alarms_per_hour": (limits.FALSE_ALARMS_PER_HOUR, "thresholds stay as they are"),
    "detector.loud_sound_db": (limits.LOUD_SOUND_DB, "never told"),
    "detector.max_event_s": (limits.MAX_EVENT_S, "no limit"),
}
"""Settings that may be 0 or within a range, and what 0 means."""


def check_together(config: Config, origin: str) -> None:
    """Refuse settings that are within their ranges and yet cannot work together.

    Raises
    ------
    ConfigError
        Two settings contradict each other, or one is between zero and the least that means anything.
    """
    window, level, calibration = config.window, config.level, config.calibration
    rate = calibration.false_alarms_per_hour
    for name, (limit, _) in ZERO.items():
        section, key = name.split(".")
        value: float = getattr(getattr(config, section), key)
        if value and not limit.holds(value):
            raise ConfigError(f"{origin}: {name} is {value:g}; valid: {zero_or(name)}.")
    if config.capture.ring_s < window.max_lag_s:
        raise ConfigError(
            f"{origin}: capture.ring_s is {config.capture.ring_s:g}, less than window.max_lag_s "
            f"({window.max_lag_s:g}); valid: at least that, or sound would be lost before it counts as late."
        )
    if level.low_db >= level.high_db:
        raise ConfigError(
            f"{origin}: level.low_db is {level.low_db:g}; valid: below level.high_db ({level.high_db:g})."
        )
    if level.floor_window_s < level.tick_s:
        raise ConfigError(
            f"{origin}: level.floor_window_s is {level.floor_window_s:g}; valid: at least tick_s."
        )
    if config.background.memory_s < _SPELLS * config.background.ready_s:
        raise ConfigError(
            f"{origin}: background.memory_s is {config.background.memory_s:g}; valid: at least {_SPELLS} "
            f"times ready_s ({config.background.ready_s:g}), or a change of place could never be noticed."
        )
    if rate * calibration.block_s > _MOST_BLOCKS_ALARMING * 3600.0:
        raise ConfigError(
            f"{origin}: calibration.block_s is {calibration.block_s:g}; at {rate:g} false alarms an hour "
            f"valid: at most {_MOST_BLOCKS_ALARMING * 3600.0 / rate:g}."
        )
    check_thresholds(config, origin)
    check_notify(config.notify, origin)
    check_broker(config, origin)


def check_window(config: Config, window_s: float) -> None:
    """Refuse settings that a model with windows of `window_s` seconds cannot work with.

    Raises
    ------
    ConfigError
        The hop is longer than the window, or the ring shorter.
    """
    if config.window.hop_s > window_s:
        raise ConfigError(
            f"window.hop_s is {config.window.hop_s:g}; valid: 0 (what suits the model) or "
            f"{limits.HOP_S.low:g} to {window_s:g}, the model's window: what lies between two windows would "
            "not be heard."
        )
    if config.capture.ring_s < window_s:
        raise ConfigError(
            f"capture.ring_s is {config.capture.ring_s:g}; valid: {window_s:g}, the model's window, to "
            f"{limits.RING_S.high:g}."
        )


def zero_or(name: str) -> str:
    """Return what a setting of `ZERO` may be, as words."""
    limit, meaning = ZERO[name]
    return f"0 ({meaning}) or {limit}"


def what_is_valid(struct: Any, keys: Sequence[str]) -> str:
    """Return the range of the number at `keys` below `struct` as words, or nothing if it has none."""
    kind: Any = struct
    for key in keys:
        if typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[1]
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = typing.get_type_hints(kind, include_extras=True).get(key)
        else:
            return ""
    choices = [kind, *typing.get_args(kind)] if typing.get_origin(kind) is not typing.Annotated else [kind]
    return next((words for words in map(_range, choices) if words), "")


def _range(kind: Any) -> str:
    """Return the bounds of an annotated number as words."""
    for note in getattr(kind, "__metadata__", ()):
        if isinstance(note, msgspec.Meta) and note.ge is not None and note.le is not None:
            whole = "a whole number, " if typing.get_args(kind)[0] is int else ""
            return f"{whole}{note.ge:g} to {note.le:g}"
    return ""


def check_broker(config: Config, origin: str) -> None:
    """Refuse an address that is none, and a password where it would be shown.

    Raises
    ------
    ConfigError
        It is one of these.
    """
    for section, url, ports in (
        ("mqtt", config.mqtt.url, MQTT),
        ("uplink", config.uplink.url, MQTT_OR_NATS),
    ):
        address = broker_address(url, f"{origin}: {section}.url", ports) if url else None
        if address is not None and (address.user or address.password is not None):
            raise ConfigError(
                f"{origin}: {section}.url has a user before its @, or a password (not shown here); valid: "
                f"{address.url}, with [{section}] user, and password_env or password_file for the password."
            )


def check_thresholds(config: Config, origin: str) -> None:
    """Refuse a threshold at which an event would end as it begins; what the model says is not known yet.

    Raises
    ------
    ConfigError
        There is one.
    """
    detector = config.detector
    sections: dict[str, ClassConfig | Any] = {"detector": detector}
    sections |= {f"detector.classes.{name}": own for name, own in detector.classes.items()}
    for where, own in sections.items():
        on = detector.onset_threshold if own.onset_threshold is None else own.onset_threshold
        off = own.offset_threshold
        if on != "auto" and off not in {None, "auto"} and off > on:
            raise ConfigError(
                f"{origin}: {where}: offset_threshold {off:g} is above onset_threshold "
                f"{on:g}; valid: {limits.THRESHOLD.low:g} to {on:g}, or an event would end as it begins."
            )
