"""Class names -> the words that are compared with the sound. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from monitor.config.by_class import one_each
from monitor.config.settings import MAX_CLASSES, Config
from monitor.errors import ConfigError
from monitor.names import LONGEST, class_id, folded_words, is_label
from monitor.records import ClassPrompt, Prompts
from monitor.scoring.negation import negation_in
from monitor.text import clean, from_system

_MAX_WORDING = 200
_JOINERS = re.compile("[\u200c\u200d]")
"""Within words of some scripts; a topic, a key and an eye do without them."""


def parse_classes(text: str, aliases: Mapping[str, str] | None = None) -> list[ClassPrompt]:
    """Read `--classes`: names or `name="own wording"`, separated by commas.

    Raises
    ------
    ConfigError
        No class, too many, one given twice, two of one wording, a name that is none, or a wording that
        asks for an absence.
    """
    items = _split(from_system(text))
    if not items:
        raise ConfigError("The class list is empty; name at least one, for example --classes siren,dog_bark.")
    if len(items) > MAX_CLASSES:
        raise ConfigError(
            f"{len(items)} classes are listed, at most {MAX_CLASSES} can be told apart; shorten the list or "
            "run a second monitor with --bind."
        )
    given = {
        folded_words(name): wording for name, wording in one_each(aliases or {}, "prompts.aliases").items()
    }
    classes = [_class_prompt(item, given) for item in items]
    _refuse_equals(classes)
    return classes


def _refuse_equals(classes: Sequence[ClassPrompt]) -> None:
    """Raise for two classes that one sound would set off together."""
    names: dict[str, ClassPrompt] = {}
    wordings: dict[str, ClassPrompt] = {}
    for item in classes:
        for name in (item.name, folded_words(item.label)):
            first = names.setdefault(name, item)
            if first is not item:
                as_well = (
                    "" if first.label == item.label else f" ({first.label!r} and {item.label!r} are one name)"
                )
                raise ConfigError(f"The class {first.name!r} is listed twice{as_well}; give each class once.")
        first = wordings.setdefault(folded_words(item.wording), item)
        if first is not item:
            raise ConfigError(
                f"The classes {first.label!r} and {item.label!r} both listen for {item.wording!r}, and one "
                "sound would be two alarms; leave one out, or give it other words."
            )


def _split(text: str) -> list[str]:
    """Split at commas outside double quotes."""
    if text.count('"') % 2:
        raise ConfigError(f"A quote is not closed in the class list {text!r}.")
    items = (item.strip() for item in re.findall(r'(?:"[^"]*"|[^,])+', text))
    return [item[1:-1] if re.fullmatch(r'"[^"]*"', item) else item for item in items if item]


def _class_prompt(item: str, aliases: Mapping[str, str]) -> ClassPrompt:
    label, given, wording = (part.strip() for part in item.partition("="))
    label = unicodedata.normalize("NFC", _JOINERS.sub("", label))
    if not is_label(label) or clean(label) != label:
        raise ConfigError(
            f"{label!r} cannot be a class name; valid: up to {LONGEST} letters of any script, digits, "
            "blanks, '_' and '-', and other wordings as name=\"the words\"."
        )
    if given:
        wording = re.sub(r"^(['\"])(.*)\1$", r"\2", wording)
    else:
        wording = aliases.get(folded_words(label), name_to_words(label.lower()))
    if (
        not re.search(r"[A-Za-z0-9]", wording)
        or len(wording) > _MAX_WORDING
        or re.search(r'[="]', wording)
        or clean(wording) != _JOINERS.sub("", wording)
    ):
        raise ConfigError(
            f"The wording of class {label!r} is {wording!r}; valid: 1 to {_MAX_WORDING} characters with at "
            f"least one letter from a to z and neither '=' nor quotes, as in {label}=\"doorbell\"."
        )
    if negation := negation_in(wording):
        raise ConfigError(
            f"The wording of class {label!r} is {wording!r}, and no model hears {negation!r}: an absence "
            "has no sound, and the class would answer to what it denies; name what is to be heard."
        )
    return ClassPrompt(class_id(label), wording, label)


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
