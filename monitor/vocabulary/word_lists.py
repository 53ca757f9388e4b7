"""The lists that typed words are measured by: names of sounds, and words that are none."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from monitor.names import folded_words

_LISTS = Path(__file__).with_name("sound_names.toml")


class Names(msgspec.Struct, frozen=True):
    """Words of five kinds."""

    sounds: tuple[str, ...]
    """Names of sounds, likely ones first."""
    imitative: tuple[str, ...]
    """Words that imitate a sound: many models place them anywhere, so nothing is learnt from them."""
    soundless: tuple[str, ...]
    """Ordinary words that name nothing to be heard."""
    foreign: tuple[str, ...]
    """Ordinary words of other languages than English."""
    made_up: tuple[str, ...]
    """Letters by chance."""

    @property
    def others(self) -> tuple[str, ...]:
        """All that name no sound."""
        return self.soundless + self.foreign + self.made_up

    @property
    def lexicon(self) -> tuple[str, ...]:
        """The single words of the names of sounds, in order: what a misspelt word may have been meant as."""
        return single_words(self.sounds + self.imitative)


_DECODER = msgspec.json.Decoder(Names)


@cache
def read_names() -> Names:
    """Return the lists that come with the program."""
    lists = tomllib.loads(_LISTS.read_text("utf-8"))
    return _DECODER.decode(msgspec.json.encode({name: _items(text) for name, text in lists.items()}))


def single_words(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Return every word of `phrases` once, folded, in order."""
    return tuple(dict.fromkeys(word for phrase in phrases for word in folded_words(phrase).split()))


def _items(text: str) -> list[str]:
    return [re.sub(r"\s+", " ", item).strip() for item in text.split(",") if item.strip()]
