"""Settings of single classes, found by whatever name the user wrote; refused where no class has it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from monitor.config.settings import Config
from monitor.errors import ConfigError
from monitor.names import class_id, folded_words
from monitor.records import ClassPrompt

T = TypeVar("T")


def by_class(config: Config, classes: Sequence[ClassPrompt], strict: bool) -> Config:
    """Return `config` with the settings of single classes under the names that `classes` have in topics.

    Parameters
    ----------
    strict
        Refuse settings of a class that is not listened for: an alarm that would never come. Without it, as
        where the classes were given on the command line, a configuration may hold others too; then only a
        name that looks like a misspelt one is refused.

    Raises
    ------
    ConfigError
        A setting belongs to no class, or two of them to one.
    """
    listed = {folded_words(item.label or item.name): item.name for item in classes}
    detector = config.detector
    named = (*detector.urgent, *detector.muted, *detector.classes)
    _refuse_unlisted("The detector has settings for", named, listed, strict)
    _refuse_unlisted("There is an alias for", config.prompts.aliases, listed, strict)
    for name, target in config.notify.targets.items():
        _refuse_unlisted(f"The target {name} is told of", target.classes, listed, strict)
    own = one_each(detector.classes, "detector.classes")
    return replace(
        config,
        detector=replace(
            detector,
            urgent=tuple(_name(name, listed) for name in detector.urgent),
            muted=tuple(_name(name, listed) for name in detector.muted),
            classes={_name(name, listed): settings for name, settings in own.items()},
        ),
    )


def one_each(settings: Mapping[str, T], where: str) -> dict[str, T]:
    """Return `settings` by name, unless two of the names mean one class.

    Raises
    ------
    ConfigError
        They do.
    """
    found: dict[str, str] = {}
    for name in settings:
        first = found.setdefault(folded_words(name), name)
        if first != name:
            raise ConfigError(f"{where} has {first!r} and {name!r}, which are one class; keep one of them.")
    return dict(settings)


def _name(name: str, listed: Mapping[str, str]) -> str:
    return listed.get(folded_words(name), class_id(name))


def _refuse_unlisted(what: str, names: Iterable[str], listed: Mapping[str, str], strict: bool) -> None:
    for name in names:
        key = folded_words(name)
        near = difflib.get_close_matches(key, listed, n=1)
        if key not in listed and (strict or near):
            names_listed = ", ".join(listed.values())
            hint = (
                f"did you mean {listed[near[0]]!r}?" if near else f"add it to the classes ({names_listed})."
            )
            raise ConfigError(f"{what} {name!r}, which is not listened for; {hint}")
