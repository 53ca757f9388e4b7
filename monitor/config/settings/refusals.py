"""Why a value is refused, as one sentence: where it came from, which it is, what is valid. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monitor.config import limits
from monitor.config.broker import without_user
from monitor.config.checks import ZERO, what_is_valid, zero_or
from monitor.config.notify_checks import WAYS
from monitor.config.settings.fleet import SOURCE_NAME, FleetSource, GroupConfig
from monitor.config.settings.notify import TargetConfig
from monitor.config.settings.sections import ClassConfig, Config
from monitor.text import sanitise

_LONGEST_VALUE = 80
"""Characters of a refused value that are shown."""

TABLES: Mapping[str, type[msgspec.Struct]] = {
    "detector.classes": ClassConfig,
    "notify.targets": TargetConfig,
    "fleet.sources": FleetSource,
    "fleet.groups": GroupConfig,
}
"""Keys that hold a table of tables, each of which has the keys of a struct."""

_PLAIN_WORDS = {
    "`float`": "a number", "`int`": "a whole number", "`str`": "text", "`bool`": "true or false",
    "`object`": "a table", "`array`": "a list", "`str | array`": "text or a list of texts",
}  # fmt: skip
"""How msgspec names types, and how a user does."""

_CHOICES = {
    "capture.channel": "mix, loudest, left, right, or a number from 1",
    "capture.channels": "mix, loudest, left, right, or a number from 1",
    "clips.speech": "skip or keep",
    "memory.keep": "none, events or all",
    "diary.form": "auto, text, json or journal",
    "diary.level": "error, warning, info or debug",
    "self_test.daily": "service, always or never",
    "self_test.at": "a time of day, HH:MM",
    "scan.keep": "float16, int8 or none",
    "detector.classes.*.rhythm": "tell, require, ignore, T3, T4, telephone or appliance",
    "background.tau": f"auto, or {limits.TAU}",
    "background.guard_score": f"auto, or {limits.GUARD_SCORE}",
    "background.change_ratio": f"auto, or {limits.CHANGE_RATIO}",
    "scorer.temperature": f"auto, or {limits.TEMPERATURE}",
    "detector.onset_threshold": f"auto, or {limits.THRESHOLD}",
    "detector.offset_threshold": f"auto, or {limits.THRESHOLD}",
    "fleet.sources.*.channel": "mix, loudest, left, right, or a number from 1",
    "fleet.groups.*.channel": "mix, loudest, left, right, or a number from 1",
    "fleet.sources.*.thresholds": f"a table of classes, each {limits.THRESHOLD}",
    "fleet.groups.*.thresholds": f"a table of classes, each {limits.THRESHOLD}",
    "notify.targets.*.method": "post or get",
    "notify.targets.*.messages": "a list of onset, update, offset",
    "notify.targets.*.again_after_s": f"a list of numbers, {limits.AGAIN_AFTER_S}",
    "notify.targets.*.quiet": "HH:MM-HH:MM, or empty",
    "mqtt.prefix": "such as monitor or home/monitor; no blank, + or #, no / at its ends",
    "uplink.prefix": "such as fleet or city/north: letters a to z, digits, - and _, at most four parts",
    "mqtt.discovery_prefix": "such as homeassistant, or empty; no blank, + or #, no / at its ends",
}
"""What a key that takes words may be."""


def valid_values(keys: Sequence[str]) -> str:
    """Return what the setting at `keys` may be, as words; empty where its type says all there is to say."""
    name = ".".join(keys[:2])
    if len(keys) == 2 and name in ZERO:
        return zero_or(name)
    if len(keys) == 4:
        return _CHOICES.get(f"{name}.*.{keys[3].partition('[')[0]}") or what_is_valid(Config, keys)
    return _CHOICES.get(name) or what_is_valid(Config, keys)


def explain(message: str, merged: Mapping[str, Any], environment: Mapping[str, Any], origin: str) -> str:
    """Return msgspec's message as one sentence: where the value came from, which it is, what is valid."""
    _, _, table = message.partition(" - at `key` in `$.")
    if table:
        return f"{origin}: {_refused_name(table.rstrip('`'), merged)}"
    text, _, path = message.partition(" - at `$.")
    if not path:
        return f"{origin}: {message}."
    keys = _place(path.rstrip("`"), merged)
    value = _value(merged, keys)
    if len(keys) == 2 and keys[1] in environment.get(keys[0], {}):
        origin = f"MONITOR_{keys[0].upper()}_{keys[1].upper()}"
    for technical, plain in _PLAIN_WORDS.items():
        text = text.replace(technical, plain)
    given = "" if value is None or _secret(keys) else f" is {_shown(value)}"
    valid = valid_values(keys)
    said = f"valid: {valid}" if valid and value is not None else f"{text[0].lower()}{text[1:]}"
    return f"{origin}: {sanitise('.'.join(keys))}{given}; {said}."


def _refused_name(path: str, merged: Mapping[str, Any]) -> str:
    """Return which name in the table at `path` is refused; msgspec says what it expected, as a pattern."""
    names = _value(merged, path.split(".")) or {}
    refused = next((name for name in names if re.fullmatch(SOURCE_NAME, str(name)) is None), "")
    return (
        f"{sanitise(repr(refused))} in [{path}] cannot be a name; valid: letters a to z, digits, - and _, "
        "a letter or digit first, 64 at most."
    )


def _value(merged: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return the value at `keys`, the last of which may be followed by its place in a list; None: none."""
    value: Any = merged
    for key in keys:
        name, _, place = key.partition("[")
        value = value.get(name) if isinstance(value, Mapping) else None
        if place and isinstance(value, list):
            value = value[int(place.rstrip("]"))]
    return value


def _secret(keys: Sequence[str]) -> bool:
    """Tell whether what stands at `keys` may hold the address of somebody who is told, or of a camera."""
    if keys[:1] == ["capture"] and (len(keys) < 2 or keys[1].partition("[")[0] == "sources"):
        return True
    if keys[0] == "fleet" and keys[3:4] == ["source"]:
        return True
    return keys[0] == "notify" and (len(keys) < 4 or keys[3].partition("[")[0] in WAYS)


def _shown(value: Any) -> str:
    """Return a refused value; a number may be longer than can be written out."""
    try:
        text = without_user(repr(value))
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _place(path: str, merged: Mapping[str, Any]) -> list[str]:
    """Return the keys that lead to a refused value; msgspec does not say which entry of a table it is."""
    before, entry, after = path.partition("[...]")
    if not entry:
        return path.split(".")
    *sections, table = before.split(".")
    entries = merged[sections[0]][table]
    kind = TABLES[f"{sections[0]}.{table}"]
    at_fault = [name for name, own in entries.items() if not _fits(own, kind)]
    within = after.replace("[...]", "").lstrip(".")  # nor which of a table in it
    return [*sections, table, *at_fault[:1], *(key for key in within.split(".") if key)]


def _fits(value: Any, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
