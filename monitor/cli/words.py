"""The `words` verb: what a model knows of the words that one means to listen for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb, model_flag
from monitor.config.settings import load_config
from monitor.console import show, show_json
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.names import folded_words

if TYPE_CHECKING:
    from monitor.cli.word_report import WordReport
    from monitor.vocabulary.measured import Measurement

_KNOWN = {True: "known", False: "not known", None: "cannot be told"}


def add_words(verbs: Any, add_verb: AddVerb) -> None:
    """Add `words` to the verbs of the program."""
    words = add_verb(verbs, "words", _words, "tell what a model knows of words, and how well it was measured")
    words.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help='"smoke alarm" doorbell alarm="smoke detector beeping"; none: the configuration\'s',
    )
    words.add_argument(
        "--model", metavar="NAME", help="a model of `monitor models list`, or ./FOLDER with model.toml in it"
    )
    words.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    words.add_argument("--json", action="store_true", help="one JSON list on standard output")


def _words(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config, os.environ, model_flag(arguments))
    from monitor.cli.word_report import report_words
    from monitor.encoders import load
    from monitor.pipeline.taught_classes import taught_aliases
    from monitor.progress import WordsProgress
    from monitor.scoring.prompts import parse_classes
    from monitor.storage.own_sounds import taught_sounds

    aliases = taught_aliases(taught_sounds()[0], config)
    given = [_one(word) for word in arguments.words or config.prompts.classes]
    refused = {one: why for one in given if (why := _refusal(one, aliases))}
    accepted = [one for one in given if one not in refused]
    if accepted or not refused:
        classes = parse_classes(",".join(accepted), aliases)
        reports = report_words(classes, load(config.model, WordsProgress(sys.stderr)), config)
        if arguments.json:
            show_json(msgspec.json.encode(reports))
        else:
            show("\n".join(line for report in reports for line in _lines(report)))
    if refused:
        raise ConfigError(" ".join(refused.values()))
    return 0


def _refusal(word: str, aliases: Mapping[str, str]) -> str | None:
    """Return why a word cannot be asked for; None: it can."""
    from monitor.scoring.prompts import parse_classes

    try:
        parse_classes(word, aliases)
    except ConfigError as error:
        return str(error)
    return None


def _one(word: str) -> str:
    """Return an argument as one item of a class list, where a shell took the quotes off its wording."""
    return f'"{word}"' if "=" in word and "," in word and '"' not in word else word


def _lines(report: WordReport) -> list[str]:
    """Return what there is to say of one word."""
    from monitor.cli.word_report import short, unknown_sentence

    verdict = report.verdict
    same = folded_words(report.name) == folded_words(report.wording)
    head = f"{report.name}: {_KNOWN[verdict.known]}" + ("" if same else f" (as {report.wording!r})")
    why = [unknown_sentence(verdict, report.name)] if verdict.known is False and not report.taught else []
    if verdict.known is None:
        why = ["The model does not tell names of sounds from other words."]
    near = ", ".join(f"{one.name} {short(one.cosine)}" for one in verdict.nearest)
    confusions = ", ".join(
        f"{one.name} {short(one.cosine)}{' (listed)' if one.listed else ''}" for one in report.confusions
    )
    begin = [head, *(f"    {sentence}" for sentence in why), *_taught_lines(report)]
    if verdict.why == "misspelt":
        return begin  # what lies near its letters means nothing
    return [
        *begin,
        f"    nearest     {near}",
        *_measured_lines(report),
        f"    confusions  {confusions or 'none is near'}",
    ]


def _taught_lines(report: WordReport) -> list[str]:
    if report.taught is None:
        return []
    one, quality = report.taught, report.taught.quality
    found = "" if quality is None else f"; {quality.found} of {one.examples} found when left out"
    count = f"{one.examples} example{'' if one.examples == 1 else 's'}"
    return [f"    taught      by {count} on {one.taught.astimezone():%Y-%m-%d}{found}"]


def _measured_lines(report: WordReport) -> list[str]:
    from monitor.cli.word_report import short

    if report.measured:
        told = [_measured(one) for one in report.measured]
    elif report.measured_near:
        cosine = short(report.measured_near_cosine or 0.0)
        near = f"not by this name; {report.measured_near[0].word}, which is near ({cosine}):"
        told = [near, *(f"  {_measured(one)}" for one in report.measured_near)]
    else:
        told = ["not measured, nor is another name of it"]
    return [f"    {'measured' if not place else '':12s}{line}" for place, line in enumerate(told)]


def _measured(one: Measurement) -> str:
    found = ", ".join(f"{percent:.0f} % {condition}" for condition, percent in one.percent.items())
    return f"{found}: {one.clips} clips, best of {one.among} words ({one.recordings})"
