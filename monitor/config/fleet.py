"""`[fleet]` -> what is heard, each source with the settings that are in force for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from monitor.config.by_class import by_class
from monitor.config.checks import check_thresholds
from monitor.config.settings import ClassConfig, Config, DetectorConfig, PromptConfig, TargetConfig
from monitor.config.settings.fleet import FleetSource, GroupConfig
from monitor.errors import ConfigError
from monitor.names import folded_words
from monitor.records import MADE_BY_CODE, ClassPrompt


class Place(msgspec.Struct, frozen=True):
    """One source of a run and what is in force for it."""

    source_id: str
    """What it is called in topics; empty: what the source itself says."""
    label: str
    """What people read; the same."""
    classes: tuple[ClassPrompt, ...]
    """What is listened for, in the order of the run."""
    config: Config


def sources_of(config: Config) -> tuple[str, ...]:
    """Return what is heard, as `--source` takes it: what was named, else the fleet, else the default."""
    if heard_as_fleet(config):
        return tuple(own.source for own in config.fleet.sources.values())
    return config.capture.sources


def heard_as_fleet(config: Config) -> bool:
    """Tell whether the sources of a run are those of the fleet: no others were named."""
    return bool(config.fleet.sources) and config.capture.sources == Config().capture.sources


def made_by_code(config: Config) -> frozenset[str]:
    """Return the ids of the sources of which nothing is real, also where a fleet calls them otherwise."""
    named = {name for name, own in config.fleet.sources.items() if own.source in MADE_BY_CODE}
    return MADE_BY_CODE | named


def wiring(config: Config) -> list[tuple[object, ...]]:
    """Return what of a fleet no run changes while it goes on: its sources in order, how each is heard."""
    return [
        (name, own.source, own.label, own.group, own.channel, _group(config, own).channel)
        for name, own in config.fleet.sources.items()
    ]


def listed_classes(config: Config) -> tuple[str, ...]:
    """Return the classes of a run: those of `[prompts]`, and those that only a part of the fleet hears."""
    own = [_classes(config, source) for source in config.fleet.sources.values()]
    if not heard_as_fleet(config) or not any(own):
        return config.prompts.classes
    general = config.prompts.classes
    wanted = general if not all(own) or general != PromptConfig().classes else ()
    found: dict[str, str] = {}
    for name in (*wanted, *(name for names in own for name in names)):
        found.setdefault(folded_words(name), name)
    return tuple(found.values())


def places(config: Config, classes: Sequence[ClassPrompt], strict: bool) -> list[Place]:
    """Return the sources of a run, in order, each with what is in force for it.

    Parameters
    ----------
    config
        As it was read, before `by_class`.
    classes
        All that are listened for.
    strict
        As for `by_class`. Without it, where the classes were given on the command line, every source hears
        all of them.

    Raises
    ------
    ConfigError
        A setting of a source is for a class that is not listened for, or two contradict each other.
    """
    if not heard_as_fleet(config):
        whole = by_class(config, classes, strict)
        return [Place("", "", tuple(classes), whole) for _ in config.capture.sources]
    return [_place(name, own, config, classes, strict) for name, own in config.fleet.sources.items()]


def without_groups(config: Config) -> Config:
    """Return `config` with the sources that each target is told of by their ids: of a group, all in it."""
    targets = {
        name: replace(target, sources=tuple(_told_of(target, config))) if target.sources else target
        for name, target in config.notify.targets.items()
    }
    return replace(config, notify=replace(config.notify, targets=targets))


def _told_of(target: TargetConfig, config: Config) -> list[str]:
    members = [name for name, own in config.fleet.sources.items() if own.group in target.sources]
    return [*(name for name in target.sources if name not in config.fleet.groups), *members]


def _group(config: Config, own: FleetSource) -> GroupConfig:
    return config.fleet.groups.get(own.group, GroupConfig())


def _classes(config: Config, own: FleetSource) -> tuple[str, ...]:
    return own.classes or _group(config, own).classes


def _place(
    name: str, own: FleetSource, config: Config, classes: Sequence[ClassPrompt], strict: bool
) -> Place:
    where = f"fleet.sources.{name}"
    listed = {folded_words(one.label or one.name) for one in classes}
    wanted = {folded_words(one) for one in _classes(config, own)} & listed if strict else set[str]()
    heard = [one for one in classes if not wanted or folded_words(one.label or one.name) in wanted]
    laid = _laid_over(_laid_over(config, _group(config, own)), own)
    check_thresholds(laid, where)
    try:
        in_force = by_class(laid, classes, strict)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return Place(name, own.label or name, tuple(heard), in_force)


def _laid_over(config: Config, own: GroupConfig) -> Config:
    """Return `config` with what a group or a source says itself."""
    detector, calibration, capture = config.detector, config.calibration, config.capture
    urgent = detector.urgent if own.urgent is None else own.urgent
    muted = detector.muted if own.muted is None else own.muted
    detector = replace(detector, urgent=urgent, muted=muted)
    if own.thresholds:
        detector = replace(detector, classes=_thresholds(detector, own.thresholds))
    if own.false_alarms_per_hour is not None:
        calibration = replace(calibration, false_alarms_per_hour=own.false_alarms_per_hour)
    if own.channel is not None:
        capture = replace(capture, channel=own.channel)
    return replace(config, detector=detector, calibration=calibration, capture=capture)


def _thresholds(detector: DetectorConfig, thresholds: Mapping[str, float]) -> dict[str, ClassConfig]:
    """Return the settings of single classes, with onset thresholds over those that they have."""
    found = dict(detector.classes)
    known = {folded_words(name): name for name in found}
    for name, value in thresholds.items():
        key = known.get(folded_words(name), name)
        found[key] = replace(found.get(key, ClassConfig()), onset_threshold=value)
    return found
