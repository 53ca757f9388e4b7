"""`monitor config save`: what somebody changed in a running monitor, written into the user's own file.

The file keeps its comments, its order and whatever else is in it; the one before stays beside it as
``FILE.bak``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from monitor.bus.messages import ClassState, Snapshot
from monitor.config.settings import Config, checked, load_config
from monitor.errors import ConfigError
from monitor.files.new_file import write_over
from monitor.files.reading import parse_toml, read_stored, stored_text
from monitor.files.toml import toml_value
from monitor.files.toml_edit import value_at, with_value
from monitor.names import folded_words
from monitor.scoring.prompts import parse_classes

_BACKUP = ".bak"


class Written(msgspec.Struct, frozen=True):
    """One setting of the file that is another now."""

    name: str
    """As in the file: ``detector.classes.siren.onset_threshold``."""
    before: Any
    """None: the file did not have it."""
    after: Any


class Saved(msgspec.Struct, frozen=True):
    """What was done."""

    changes: tuple[Written, ...]
    sentences: tuple[str, ...]
    """The same for people."""


def save(path: Path, snapshot: Snapshot, source_id: str | None = None) -> Saved:
    """Write thresholds that were set by hand, and which classes are muted, into the file at `path`.

    Parameters
    ----------
    source_id
        Of several sources the one that counts.

    Raises
    ------
    ConfigError
        The file cannot be read or written, or is no configuration; it is left as it was. Or two sources
        differ in what is to be written.
    """
    states = _states(snapshot, source_id)
    text = _read(path)
    config = load_config(path) if path.exists() else Config()
    known, unknown = _listed(states, config)
    left = tuple(f"{name} is not among the classes of {path}, and is left out." for name in unknown)
    values = parse_toml(text)
    changes = [
        Written(".".join(keys), before, after)
        for keys, after in _wanted(known, config)
        if (before := value_at(values, keys)) != after
    ]
    if not changes:
        return Saved((), (f"Nothing differs: {path} is as it was.", *left))
    kept = _replace(path, text, _edited(path, text, _wanted(known, config)))
    told = tuple(f"{one.name}: {_told(one.before)} -> {toml_value(one.after)}" for one in changes)
    return Saved(tuple(changes), (*told, f"Wrote {path}{kept}.", *left))


def _wanted(states: Sequence[ClassState], config: Config) -> list[tuple[tuple[str, ...], Any]]:
    """Return what the file is to say, by keys; a class is called there as it is already."""
    detector = config.detector
    found: list[tuple[tuple[str, ...], Any]] = []
    for state in states:
        name = _called(state, detector.classes)
        own = detector.classes.get(name)
        if state.set_by_hand:
            found.append((("detector", "classes", name, "onset_threshold"), state.onset_threshold))
        if state.set_by_hand and own is not None and own.offset_threshold is not None:
            found.append((("detector", "classes", name, "offset_threshold"), state.offset_threshold))
    loud = {folded_words(_name(state)) for state in states if not state.muted}
    muted = [name for name in detector.muted if folded_words(name) not in loud]
    there = {folded_words(name) for name in muted}
    muted += [_name(state) for state in states if state.muted and folded_words(_name(state)) not in there]
    if list(detector.muted) != muted:
        found.append((("detector", "muted"), muted))
    return found


def _edited(path: Path, text: str, wanted: Sequence[tuple[tuple[str, ...], Any]]) -> str:
    try:
        for keys, value in wanted:
            text = with_value(text, keys, value)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}.") from None
    checked(parse_toml(text), str(path), {})
    return text


def _replace(path: Path, before: str, after: str) -> str:
    """Write the file and the one before beside it; return what to say of that."""
    backup = path.with_name(path.name + _BACKUP)
    try:
        if before:
            write_over(backup, before)
        write_over(path, after)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; it is as it was.") from None
    return f"; the one before is {backup}" if before else ""


def _states(snapshot: Snapshot, source_id: str | None) -> list[ClassState]:
    """Return what is in force for each class, at the sources that count."""
    ids = [health.source_id for health in snapshot.health]
    if source_id is not None and source_id not in ids:
        raise ConfigError(f"The monitor has no source {source_id!r}; valid: {', '.join(ids)}.")
    found: dict[str, ClassState] = {}
    for health in snapshot.health:
        for state in health.classes if source_id in {None, health.source_id} else ():
            first = found.setdefault(state.class_, state)
            if _by_hand(first) != _by_hand(state):
                raise ConfigError(
                    f"{state.label or state.class_} is set otherwise at one source than at another; say "
                    f"which counts: --source ID, one of {', '.join(ids)}."
                )
    return list(found.values())


def _by_hand(state: ClassState) -> tuple[bool, float | None]:
    return state.muted, state.onset_threshold if state.set_by_hand else None


def _read(path: Path) -> str:
    try:
        return stored_text(read_stored(path)) if path.exists() else ""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path} cannot be read: {why}; name a file of your settings.") from None


def _listed(states: Sequence[ClassState], config: Config) -> tuple[list[ClassState], list[str]]:
    """Return the classes that the file listens for, and the names of others that differ."""
    classes = parse_classes(",".join(config.prompts.classes), config.prompts.aliases)
    names = {folded_words(item.label or item.name) for item in classes}
    known = [state for state in states if folded_words(_name(state)) in names]
    others = [state for state in states if state not in known and _by_hand(state) != (False, None)]
    return known, [_name(state) for state in others]


def _called(state: ClassState, names: Iterable[str]) -> str:
    """Return what a class is called in the file; its own name where it is not in it."""
    wanted = folded_words(_name(state))
    return next((name for name in names if folded_words(name) == wanted), _name(state))


def _name(state: ClassState) -> str:
    return state.label or state.class_


def _told(value: Any) -> str:
    return "not set" if value is None else toml_value(value)
