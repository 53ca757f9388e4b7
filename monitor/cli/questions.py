"""The five questions of `monitor init`, and the configuration that the answers make.

Which microphone, which sounds, which of them are urgent, how many false alarms, and how you are told.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.cli.dialogue import Dialogue
from monitor.cli.values import names, per_hour
from monitor.config.by_class import by_class
from monitor.config.settings import Config
from monitor.console import show
from monitor.errors import ConfigError, SourceError
from monitor.names import class_id, folded_words
from monitor.progress import WordsProgress, steps
from monitor.records import ClassPrompt
from monitor.scoring.prompts import parse_classes
from monitor.sources.devices import MAX_LISTED, Device, find

if TYPE_CHECKING:
    from monitor.cli.meters import Impression
    from monitor.cli.word_report import WordReport
    from monitor.encoders import Encoder
    from monitor.vocabulary.judge import Verdict

_DEFAULT_MICROPHONE = "default"
_NONE = "none"
_URGENT = ("alarm", "siren", "smoke", "fire", "scream", "glass")
"""What makes a sound urgent that nobody has said anything about: one of these words in it."""


def asked(dialogue: Dialogue, listening: Config) -> tuple[Config, list[str]]:
    """Ask all five questions; return the configuration, and what to type before it is run.

    Parameters
    ----------
    listening
        With what is listened and judged meanwhile; nothing of it is in the configuration that is returned.

    Raises
    ------
    MonitorError
        A pipe answered what cannot be, or the model cannot be had.
    """
    from monitor.cli.ways_to_tell import told

    encoder = None if dialogue.silent else _encoder(listening)
    sources = _sources(dialogue, listening, encoder)
    classes = _classes(dialogue, listening, encoder)
    urgent = _urgent(dialogue, classes)
    rate = _false_alarms(dialogue, Config().calibration.false_alarms_per_hour)
    config = Config()
    config = replace(
        config,
        capture=replace(config.capture, sources=sources),
        prompts=replace(
            config.prompts,
            classes=tuple(one.label or one.name for one in classes),
            aliases=_aliases(classes),
        ),
        detector=replace(config.detector, urgent=urgent),
        calibration=replace(config.calibration, false_alarms_per_hour=rate),
    )
    by_class(config, classes, strict=True)
    return told(dialogue, config)


def _encoder(config: Config) -> Encoder:
    from monitor.encoders import load

    with steps() as say:
        say(f"loading the model {config.model.name}")
        return load(config.model, WordsProgress(sys.stderr))


def _sources(dialogue: Dialogue, config: Config, encoder: Encoder | None) -> tuple[str, ...]:
    """Ask which microphone; where there is none the default one is waited for."""
    from monitor.sources.microphone import list_devices

    usual = Config().capture.sources
    if encoder is None:
        return usual
    try:
        devices = list_devices()
    except SourceError as error:
        show(f"1 of 5. No microphone can be had. {error}")
        return usual
    if not devices:
        show("1 of 5. No microphone is there; the default one is heard as soon as it is plugged in.")
        return usual
    show("1 of 5. Which microphone? Say something, or clap.\n")
    _show_all(devices, config, encoder)
    question = "Number, name or id; * is the default"
    return dialogue.question(question, _DEFAULT_MICROPHONE, lambda text: (_source(devices, text),))


def _source(devices: Sequence[Device], text: str) -> str:
    if text.casefold() == _DEFAULT_MICROPHONE:
        return f"mic:{_DEFAULT_MICROPHONE}"
    return f"mic:{find(devices, text).id}"


def _show_all(devices: Sequence[Device], config: Config, encoder: Encoder) -> None:
    from monitor.cli.meters import line, listen_to_all

    for one in listen_to_all(devices[:MAX_LISTED], config, encoder):
        show(line(one.device, one.level_dbfs))
        show(f"         {_said(one)}")
    if len(devices) > MAX_LISTED:
        show(f"  and {len(devices) - MAX_LISTED} more: `monitor devices` lists them.")


def _said(one: Impression) -> str:
    """Return what a microphone seems to hear, or what is wrong with it."""
    heard = f"it seems to hear: {one.words}" if one.words else one.finding.found
    return f"{heard}. {one.finding.do}" if one.finding.do else heard


def _classes(dialogue: Dialogue, config: Config, encoder: Encoder | None) -> list[ClassPrompt]:
    usual = ",".join(Config().prompts.classes)
    if encoder is None:
        return parse_classes(usual)
    show('\n2 of 5. Which sounds? Names in English, or a name="and a description", separated by commas.\n')
    text, again = "Sounds", usual
    while True:
        classes = dialogue.question(text, again, parse_classes)
        meant = _show_words(classes, config, encoder)
        if meant is None or not dialogue.at_terminal:
            return classes
        again = ",".join(map(_written, classes))
        if meant != again and dialogue.agreed(f"Take {meant}?", "yes"):
            classes, again = parse_classes(meant), meant
            if _show_words(classes, config, encoder) is None:
                return classes
        if not dialogue.agreed("Write other words?"):
            return classes


def _show_words(classes: Sequence[ClassPrompt], config: Config, encoder: Encoder) -> str | None:
    """Say of each word whether the model knows it, and how well it is heard.

    Return the list as it was meant, with what is likely misspelt spelt rightly; None: all are known.
    """
    from monitor.cli.word_report import report_words

    reports = report_words(classes, encoder, config)
    for report in reports:
        show(f"    {_judgement(report)}")
    if all(report.verdict.known is not False for report in reports):
        return None
    meant = [_as_meant(one, report.verdict) for one, report in zip(classes, reports, strict=True)]
    return ",".join(dict.fromkeys(map(_written, meant)))


def _as_meant(one: ClassPrompt, verdict: Verdict) -> ClassPrompt:
    """Return a class with the word that it was likely meant as."""
    if verdict.known is not False or verdict.why != "misspelt":
        return one
    if _aliases([one]):
        return replace(one, wording=verdict.meant)
    return ClassPrompt(class_id(verdict.meant), verdict.meant, verdict.meant)


def _judgement(report: WordReport) -> str:
    from monitor.cli.word_report import in_words, unknown_sentence

    if report.verdict.known is False:
        return f"{report.name}: {unknown_sentence(report.verdict, report.name)}"
    listed = [one.name for one in report.confusions if one.listed]
    alike = f"; likely confused with {', '.join(listed)}, which you listed too" if listed else ""
    for one in report.measured[:1] or report.measured_near[:1]:
        percent = ", ".join(f"{share:.0f} % {in_words(at)}" for at, share in one.percent.items())
        name = "" if report.measured else f" (measured by {one.word}, which is near)"
        found = f"of {one.clips} recordings told from {one.among - 1} other sounds: {percent}"
        return f"{report.name}: known; {found}{name}{alike}"
    return f"{report.name}: known; how well it is heard was not measured{alike}"


def _urgent(dialogue: Dialogue, classes: Sequence[ClassPrompt]) -> tuple[str, ...]:
    named = [one.label or one.name for one in classes]
    usual = [name for name in named if any(word in folded_words(name) for word in _URGENT)]
    if dialogue.silent:
        return tuple(usual)
    show("\n3 of 5. Which of them are urgent? Told at once, and MISSED until you have seen them.\n")
    question = f"Some of {', '.join(named)}, or {_NONE}"
    return dialogue.question(question, ",".join(usual) or _NONE, lambda text: _some_of(text, named))


def _some_of(text: str, named: Sequence[str]) -> tuple[str, ...]:
    """Return those of `named` that `text` lists."""
    if text.casefold() == _NONE:
        return ()
    known = {folded_words(name): name for name in named}
    found = []
    for name in names(text):
        if folded_words(name) not in known:
            raise ConfigError(f"{name!r} is not among your sounds; valid: {', '.join(named)}, {_NONE}")
        found.append(known[folded_words(name)])
    return tuple(dict.fromkeys(found))


def _false_alarms(dialogue: Dialogue, usual: float) -> float:
    if dialogue.silent:
        return usual
    show("\n4 of 5. How many false alarms may there be, of all sounds together? Fewer: more is missed.\n")
    return dialogue.question("So many, as 5/h or 12/day", f"{usual:g}/h", per_hour)


def _aliases(classes: Sequence[ClassPrompt]) -> dict[str, str]:
    """Return the descriptions that are not the names."""
    return {
        one.label or one.name: one.wording
        for one in classes
        if folded_words(one.wording) != folded_words(one.label or one.name)
    }


def _written(one: ClassPrompt) -> str:
    return f'{one.label or one.name}="{one.wording}"' if _aliases([one]) else one.label or one.name
