"""A byte-level BPE tokenizer made by code, laid out as RoBERTa's: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers.pre_tokenizers import ByteLevel

WORDS = ("Hello", "Ġworld", "dog", "Ġbarking", "siren", "Ġsound", "Ġof", "the", "Ġa", "glass", "Ġbreaking")
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
PLACES = {"Hello": 31_414, "Ġworld": 232}
"""Where RoBERTa has these words; kept where the vocabulary is as large."""


def make_tokenizer(vocabulary: int) -> Tokenizer:
    """Return a tokenizer with exactly so many tokens, of which most are never used."""
    merges = [pair for word in WORDS for pair in _merges(word)]
    pieces = dict.fromkeys([*sorted(ByteLevel.alphabet()), *(a + b for a, b in merges)])
    fixed = {word: place for word, place in PLACES.items() if place < vocabulary - 1}
    fixed |= {token: place for place, token in enumerate(SPECIAL)} | {"<mask>": vocabulary - 1}
    rest = iter(place for place in range(vocabulary) if place not in set(fixed.values()))
    table = fixed | {piece: next(rest) for piece in pieces if piece not in fixed}
    table |= {f"unused{place}": place for place in rest}
    tokenizer = Tokenizer(models.BPE(table, list(dict.fromkeys(merges)), unk_token=SPECIAL[3]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([*SPECIAL, "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def write_tokenizer(path: Path, vocabulary: int) -> Path:
    """Write such a tokenizer, padding and truncation set as published files have them."""
    tokenizer = make_tokenizer(vocabulary)
    tokenizer.enable_truncation(512)
    path.write_text(json.dumps(json.loads(tokenizer.to_str())), "utf-8")
    return path


def _merges(word: str) -> list[tuple[str, str]]:
    return [(word[:end], word[end]) for end in range(1, len(word))]
