"""What sound is paired with: words and captions, and how they are put to a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import PromptConfig
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.files.reading import read_stored, stored_text
from monitor.scoring.prototypes import embed_phrases
from monitor.text import clean
from monitor.vocabulary.word_lists import read_names

_MOST, _LONGEST = 20_000, 300
_AS_IT_IS = ("{}",)


class Captions(msgspec.Struct, frozen=True):
    """c captions."""

    texts: tuple[str, ...]
    vectors: NDArray[np.float32]
    """float32 (c, d), unit norm."""
    prompted: tuple[str, ...]
    """The same as a sentence that a tower can learn: in the first template."""
    own: bool
    """Whether they are the user's, not the program's word lists."""


def embed_captions(
    encoder: Encoder, wordings: Sequence[str], captions: Sequence[str], templates: Sequence[str]
) -> Captions:
    """Return the captions of a file as they are; where there are none, words in the templates.

    Those are the classes' wordings and the names of sounds that come with the program.
    """
    if captions:
        vectors = embed_phrases(encoder.embed_text, _AS_IT_IS, captions)
        return Captions(tuple(captions), vectors, tuple(captions), own=True)
    words = tuple(dict.fromkeys((*wordings, *PromptConfig().distractors, *read_names().sounds)))
    prompted = tuple(templates[0].replace("{}", word) for word in words)
    return Captions(words, embed_phrases(encoder.embed_text, templates, words), prompted, own=False)


def read_captions(path: Path) -> list[str]:
    """Return the captions of a text file, one a line, each once.

    Raises
    ------
    ConfigError
        It cannot be read, or holds none or too many.
    """
    try:
        lines = stored_text(read_stored(path)).splitlines()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"Cannot read the captions {path}: {why}; give a text file with one caption a line."
        ) from None
    captions = list(dict.fromkeys(text for line in lines if (text := clean(line).strip())))
    if not captions or len(captions) > _MOST or max(map(len, captions)) > _LONGEST:
        raise ConfigError(
            f"{path} holds {len(captions)} captions; valid: 1 to {_MOST} lines of at most {_LONGEST} "
            "characters."
        )
    return captions
