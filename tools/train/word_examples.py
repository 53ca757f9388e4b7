"""Sound knowledge as phrases to learn: what is said, and the sound that is then heard."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.train.phrases import PLACES, PROMPTS

TABLE = Path(__file__).with_name("sound_knowledge.toml")
PARAPHRASES = Path(__file__).with_name("paraphrases.toml")
MAIN_PROMPT = "the sound of {}"
PER_ENTRY = 5
"""Phrases made of each entry: bare, in the main prompt, and so many less two at random."""

JOINS = (
    ("{} with {}", 0.5),
    ("{} and {}", 1.0),
    ("{} with {} in the background", 0.5),
    ("{} over {}", 0.5),
    ("{} while {}", 0.7),
    ("{} then {}", 1.0),
)
"""Two sounds in one phrase, and the weight of the second."""
_NO_ARTICLE = re.compile(
    r"^(a|an|the|my|some\w*|people|[a-z]+'s|two|three|kids|children)\b|s$|(men|cattle|police|water|wind|rain)$"
)


@dataclass(frozen=True)
class Entry:
    """One phrase of the table."""

    phrase: str
    thing: str
    """The thing or event it is about; what is held out together."""
    sounds: tuple[tuple[str, ...], ...]
    """The sounds it means, each in some wordings, the class word first."""


@dataclass(frozen=True)
class Example:
    """A phrase to learn and the texts it is drawn to."""

    text: str
    heard: tuple[tuple[str, float], ...]
    """(text, weight); the weights of a phrase about one sound sum to 1."""


def _items(text: str) -> list[str]:
    return [" ".join(item.split()) for item in text.split(",") if item.strip()]


def read_paraphrases(path: Path = PARAPHRASES) -> dict[str, list[str]]:
    """Read the test list: class words, several separated by spaces -> phrases that mean them."""
    found: dict[str, list[str]] = tomllib.loads(path.read_text())
    return found


def read_table(path: Path = TABLE) -> list[Entry]:
    """Read all entries of the table; a phrase that stands under several sounds means all of them."""
    sounds: dict[str, tuple[str, list[tuple[str, ...]]]] = {}
    for group in tomllib.loads(path.read_text())["sound"]:
        wordings = tuple(group["is"])
        things, acts = _items(group.get("things", "")), _items(group.get("acts", ""))
        phrases = [(thing, thing) for thing in things if group.get("alone", True)]
        phrases += [(f"{thing} {act}", thing) for thing in things for act in acts]
        phrases += [(event, event) for event in _items(group.get("events", ""))]
        for phrase, thing in phrases:
            meant = sounds.setdefault(phrase, (thing, []))[1]
            if wordings not in meant:
                meant.append(wordings)
    names = {wording for _, meant in sounds.values() for wordings in meant for wording in wordings}
    return [
        Entry(phrase, thing, tuple(meant)) for phrase, (thing, meant) in sounds.items() if phrase not in names
    ]


def without(entries: list[Entry], kept_secret: Iterable[str]) -> list[Entry]:
    """Drop each entry that has one of the phrases in it, word for word."""
    secret = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in kept_secret) or r"(?!)")
    return [entry for entry in entries if not secret.search(entry.phrase)]


def _pull(sounds: tuple[tuple[str, ...], ...], prompt: str, weight: float = 1.0) -> list[tuple[str, float]]:
    each = [weight / len(sounds) / len(wordings) for wordings in sounds]
    return [
        (prompt.format(wording), share)
        for wordings, share in zip(sounds, each, strict=True)
        for wording in wordings
    ]


class Teller:
    """Draws examples from entries; the same seed draws the same ones."""

    def __init__(self, entries: list[Entry], seed: int) -> None:
        self._entries, self._random = entries, random.Random(seed)

    def _say(self, entry: Entry) -> str:
        if _NO_ARTICLE.search(entry.thing) or entry.thing == entry.phrase or self._random.random() < 0.6:
            return entry.phrase
        article = "an" if entry.phrase[0] in "aeiou" else "a"
        return f"{self._random.choice([article, 'the'])} {entry.phrase}"

    def _vary(self, entry: Entry) -> Example:
        said = self._say(entry)
        if self._random.random() < 0.5:
            said = f"{said} {self._random.choice(PLACES)}"
        prompt = self._random.choice([*PROMPTS, "{}", "{}"])
        return Example(prompt.format(said), tuple(_pull(entry.sounds, prompt)))

    def single(self) -> Iterator[Example]:
        """Yield PER_ENTRY examples of every entry, in order."""
        for entry in self._entries:
            for prompt in ("{}", MAIN_PROMPT):
                yield Example(prompt.format(self._say(entry)), tuple(_pull(entry.sounds, prompt)))
            for _ in range(PER_ENTRY - 2):
                yield self._vary(entry)

    def _part(self) -> tuple[str, tuple[tuple[str, ...], ...]]:
        """Draw a sound by its name or by an entry that means it, all sounds alike."""
        entry = self._random.choice(self._entries)
        if self._random.random() < 0.5:
            wordings = self._random.choice(entry.sounds)
            return self._random.choice(wordings), (wordings,)
        return self._say(entry), entry.sounds

    def scene(self) -> Example:
        """Draw two sounds in one phrase."""
        (first, heard_first), (second, heard_second) = self._part(), self._part()
        join, weight = self._random.choice(JOINS)
        prompt = self._random.choice(["{}", MAIN_PROMPT, self._random.choice(PROMPTS)])
        pull = _pull(heard_first, prompt) + _pull(heard_second, prompt, weight)
        return Example(prompt.format(join.format(first, second)), tuple(pull))


def descriptions(ontology: Path) -> Iterator[Example]:
    """Yield what the AudioSet ontology says of each class, drawn to the name of the class."""
    for entry in json.loads(ontology.read_text()):
        clause = re.split(r"[.;]", entry["description"])[0].strip().lower()
        if len(clause) > 8:
            yield Example(clause, ((entry["name"].lower(), 1.0),))


def make_examples(entries: list[Entry], ontology: Path, scenes: int, seed: int = 7) -> list[Example]:
    """Make all examples: of the entries, of two sounds at once, of the ontology; no text comes twice."""
    teller = Teller(entries, seed)
    made = [*descriptions(ontology), *teller.single(), *(teller.scene() for _ in range(scenes))]
    return list({example.text: example for example in reversed(made)}.values())


def spoken_for(entries: list[Entry]) -> set[str]:
    """List the prompts and places of all entries, whose meaning is not the text teacher's to say."""
    phrases = [entry.phrase for entry in entries]
    forms = [prompt.format(phrase) for phrase in phrases for prompt in PROMPTS]
    return {*forms, *(f"{phrase} {place}" for phrase in phrases for place in PLACES)}
