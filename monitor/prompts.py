"""Class names -> the words that are compared with the sound. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from monitor.config import MAX_CLASSES, Config
from monitor.errors import ConfigError
from monitor.records import ClassPrompt, Prompts

_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_MAX_WORDING = 200


def parse_classes(text: str, aliases: Mapping[str, str] | None = None) -> list[ClassPrompt]:
    """Read `--classes`: names or `name="own wording"`, separated by commas.

    Raises
    ------
    ConfigError
        No class, too many, one given twice, or a name that cannot be part of a topic.
    """
    items = _split(text)
    if not items:
        raise ConfigError("The class list is empty; name at least one, for example --classes siren,dog_bark.")
    if len(items) > MAX_CLASSES:
        raise ConfigError(
            f"{len(items)} classes are listed, at most {MAX_CLASSES} can be told apart; shorten the list or "
            "run a second monitor with --bind."
        )
    classes = [_class_prompt(item, aliases or {}) for item in items]
    names = [item.name for item in classes]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"The class {name!r} is listed twice; give each class once.")
    return classes


def _split(text: str) -> list[str]:
    """Split at commas outside double quotes."""
    if text.count('"') % 2:
        raise ConfigError(f"A quote is not closed in the class list {text!r}.")
    items = (item.strip() for item in re.findall(r'(?:"[^"]*"|[^,])+', text))
    return [item[1:-1] if re.fullmatch(r'"[^"]*"', item) else item for item in items if item]


def _class_prompt(item: str, aliases: Mapping[str, str]) -> ClassPrompt:
    label, given, wording = (part.strip() for part in item.partition("="))
    name = re.sub(r"\s+", "_", label.lower())
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{label!r} cannot be a class name; use up to 40 letters, digits, '_' and '-', and write other "
            'wordings as name="the words".'
        )
    wording = re.sub(r"^(['\"])(.*)\1$", r"\2", wording) if given else aliases.get(name, name_to_words(name))
    if not re.search(r"[A-Za-z0-9]", wording) or len(wording) > _MAX_WORDING or re.search(r'[="]', wording):
        raise ConfigError(
            f"The wording of class {name!r} must be 1 to {_MAX_WORDING} characters with at least one letter "
            "and neither '=' nor quotes."
        )
    return ClassPrompt(name, wording)


def name_to_words(name: str) -> str:
    """Return a class name as words: `dog_bark` -> `dog bark`."""
    return re.sub(r"[_-]+", " ", name).strip()


def build_prompts(
    classes: Sequence[ClassPrompt], config: Config, model_templates: str | Sequence[str]
) -> Prompts:
    """Return every phrase of a run, and the templates: those of the configuration, else the model's own.

    Raises
    ------
    ConfigError
        A template does not hold exactly one `{}`.
    """
    given = config.prompts.template or model_templates
    templates = (given,) if isinstance(given, str) else tuple(given)
    for template in templates:
        if template.count("{}") != 1:
            raise ConfigError(
                f"The prompt template {template!r} must hold {{}} once, where the class words go."
            )
    return Prompts(
        templates=templates,
        classes=tuple(item.name for item in classes),
        wordings=tuple(item.wording for item in classes),
        distractors=config.prompts.distractors,
        noise_phrases=config.drift.phrases if config.drift.beta else (),
    )
