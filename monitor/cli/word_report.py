"""What can be said of typed words before anything is heard: known or not, what is near, how well measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config, ModelConfig
from monitor.encoders import Encoder, count_pieces, find
from monitor.errors import ConfigError
from monitor.names import folded_words
from monitor.records import ClassPrompt
from monitor.scoring.prompts import build_prompts
from monitor.scoring.prototypes import embed_phrases
from monitor.storage.own_sound_file import Quality
from monitor.storage.own_sounds import taught_sounds
from monitor.vocabulary.judge import Judge, Verdict
from monitor.vocabulary.measured import MEASURED_FILE, Measurement, of_word, read_measurements

LIKELY = 0.95
"""Two words are likely confused that are nearer than this share of all pairs of listed sounds: a clip was
named by a wrong word so near three to four times as often as by one less near (docs/words.md)."""
ALIKE = 0.8
"""Two words so near are names of one sound, and what was measured of one says something of the other: of all
pairs of listed sounds one in a thousand is."""
_SHOWN = 5


class Confusion(msgspec.Struct, frozen=True):
    """A word that may be told instead."""

    name: str
    cosine: float
    listed: bool
    """It is one of the typed words; else a distractor of the configuration, which takes the sound from it."""


class WordReport(msgspec.Struct, frozen=True):
    """What is known of one typed word."""

    name: str
    wording: str
    """The words that are compared with sound."""
    model: str
    verdict: Verdict
    measured: tuple[Measurement, ...]
    """Of this very word; empty: not measured."""
    measured_near: tuple[Measurement, ...]
    """Where it was not: of the nearest word that was, if that is another name of it (`ALIKE`)."""
    measured_near_cosine: float | None
    confusions: tuple[Confusion, ...]
    taught: TaughtWord | None = None
    """How it was taught to this model by examples, which then count beside the word; None: it was not."""


class TaughtWord(msgspec.Struct, frozen=True):
    """By what a class was taught."""

    examples: int
    taught: datetime
    quality: Quality | None


def report_words(classes: Sequence[ClassPrompt], encoder: Encoder, config: Config) -> list[WordReport]:
    """Return what is known of each of `classes`.

    Raises
    ------
    ModelError
        A file of the model cannot be read.
    ConfigError
        The prompt template does not fit.
    """
    templates = build_prompts(classes, config, encoder.info.templates).templates
    embed = partial(embed_phrases, encoder.embed_text, templates)
    judge = make_judge(encoder, config.model)
    verdicts = judge.judge([item.wording for item in classes])
    level = float(np.quantile(_pairs(judge.sounds), LIKELY))
    confusions = _confusions(classes, embed, config, level)
    model = find(config.model)
    audio = model.entry.audio
    table = read_measurements(model.path(audio).with_name(MEASURED_FILE), audio.sha256)
    measured = [of_word(table, item.wording, item.label, item.name) for item in classes]
    near = _nearest_measured(classes, table, embed)
    alike = [
        verdict.known is not False and cosine >= ALIKE
        for verdict, (_, cosine) in zip(verdicts, near, strict=True)
    ]
    examples = _taught(encoder)
    return [
        WordReport(
            name=item.label or item.name,
            wording=item.wording,
            model=encoder.info.identity,
            verdict=verdict,
            measured=own,
            measured_near=of_word(table, word) if same and not own else (),
            measured_near_cosine=cosine if same and not own else None,
            confusions=confused,
            taught=examples.get(item.name),
        )
        for item, verdict, own, (word, cosine), same, confused in zip(
            classes, verdicts, measured, near, alike, confusions, strict=True
        )
    ]


def _taught(encoder: Encoder) -> dict[str, TaughtWord]:
    """Return what was taught to this model, by class."""
    mine = [one for one in taught_sounds()[0] if one.model == encoder.info.identity]
    return {one.sound.name: TaughtWord(len(one.examples), one.taught, one.quality) for one in mine}


def make_judge(encoder: Encoder, config: ModelConfig) -> Judge:
    """Return what judges words by the model of `config`, in its own prompt."""
    return Judge(partial(embed_phrases, encoder.embed_text, encoder.info.templates), count_pieces(config))


class UnknownWords(NamedTuple):
    """Words that a model does not know."""

    names: frozenset[str]
    """Of their classes."""
    sentences: tuple[str, ...]
    """About each, or about a model that cannot tell."""


def unknown_words(classes: Sequence[ClassPrompt], encoder: Encoder, config: ModelConfig) -> UnknownWords:
    """Return the words that the model does not know, or that it cannot tell.

    Where all are listed names of sounds nothing is embedded.
    """
    judge = make_judge(encoder, config)
    asked = [item for item in classes if not judge.is_listed(item.wording)]
    verdicts = judge.judge([item.wording for item in asked]) if asked else []
    unknown = [one for one in zip(asked, verdicts, strict=True) if one[1].known is False]
    sentences = [unknown_sentence(verdict, item.label or item.name) for item, verdict in unknown]
    if any(verdict.known is None for verdict in verdicts):
        sentences.append(
            f"The model {encoder.info.name} does not tell names of sounds from other words, so nobody can "
            "say whether it knows yours."
        )
    return UnknownWords(frozenset(item.name for item, _ in unknown), tuple(sentences))


def unknown_sentence(verdict: Verdict, name: str) -> str:
    """Return what to tell of a word that is not known."""
    same = folded_words(name) == folded_words(verdict.wording)
    word = f"{name!r}" if same else f"{name!r} ({verdict.wording!r})"
    if verdict.why == "misspelt":
        return f"The model does not know the word {word}; did you mean {verdict.meant!r}?"
    near = " and ".join(f"{one.name!r} ({short(one.cosine)})" for one in verdict.nearest[:2])
    return (
        f"The model knows no sound called {word}, so it may never be told, or for another sound; the nearest "
        f"it knows are {near}; give it other English words."
    )


def short(cosine: float) -> str:
    """Return a cosine in two digits: .93."""
    return f"{cosine:.2f}".replace("0.", ".", 1)


def in_words(condition: str) -> str:
    """Return in what surroundings a word was measured: `clean`, `10 dB` over the background."""
    match condition:
        case "clean":
            return "by themselves"
        case "0 dB":
            return "as loud as a background"
    return f"{condition} over a background"


def refuse_unknown(sentences: Sequence[str]) -> None:
    """Raise for words that the model does not know.

    Raises
    ------
    ConfigError
        There are such sentences.
    """
    if sentences:
        raise ConfigError(f"{' '.join(sentences)} Refused, as --strict asks.")


def _pairs(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of all pairs."""
    return np.asarray((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)], np.float32)


def _confusions(
    classes: Sequence[ClassPrompt], embed: partial[NDArray[np.float32]], config: Config, level: float
) -> list[tuple[Confusion, ...]]:
    """Return, for each class, the other classes and the distractors that are as near as `level`."""
    distractors = config.prompts.distractors
    vectors = embed([*(item.wording for item in classes), *distractors])
    cosines = vectors @ vectors[: len(classes)].T
    kept = cosines[len(classes) :].max(axis=1, initial=-1.0) < config.prompts.distractor_max_cosine
    names = [*((item.label or item.name, True) for item in classes), *((one, False) for one in distractors)]
    allowed = np.concatenate([np.ones(len(classes), bool), kept])
    found = []
    for own in range(len(classes)):
        near = [
            Confusion(name, float(cosine), listed)
            for place, ((name, listed), cosine) in enumerate(zip(names, cosines[:, own], strict=True))
            if place != own and allowed[place] and cosine >= level
        ]
        found.append(tuple(sorted(near, key=lambda one: -one.cosine)[:_SHOWN]))
    return found


def _nearest_measured(
    classes: Sequence[ClassPrompt], table: Sequence[Measurement], embed: partial[NDArray[np.float32]]
) -> list[tuple[str, float]]:
    """Return the measured word nearest to each class, and its cosine; -1 where nothing was measured."""
    words = sorted({one.word for one in table})
    if not words:
        return [("", -1.0)] * len(classes)
    cosines = embed([item.wording for item in classes]) @ embed(words).T
    return [(words[int(row.argmax())], float(row.max())) for row in cosines]
