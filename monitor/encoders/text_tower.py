"""Words -> token ids -> the text tower: embedded once, in batches, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.embedding_cache import TextCache
from monitor.errors import ModelError
from monitor.models.store import StoredModel
from monitor.text import sanitise
from monitor.units import unit_norm

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many of how many texts are embedded."""

_AT_ONCE = 16
"""More only cost memory, which the runtime keeps."""


class TextTower(Protocol):
    """A text tower that is loaded."""

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for texts of one length, token ids int64 (n, t)."""


class Texts:
    """The text side of a stored model.

    Texts of one length make a batch, so that nothing is ever padded: some public graphs take no mask, and
    padding would make all words alike. The tower is loaded for texts that are not in the cache, and let go
    after: it may be ten times as large as what listens all day.
    """

    def __init__(
        self,
        model: StoredModel,
        open_tower: Callable[[], TextTower],
        cache: TextCache | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._model = model
        self._open_tower = open_tower
        self._cache = cache or TextCache(None, "", 0)
        self._progress = progress

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm.

        Raises
        ------
        ModelError
            A file is missing or altered, or the tokenizer is not the model's.
        """
        wanted = list(dict.fromkeys(texts))
        known = self._cache.read(wanted)
        missing = [text for text in wanted if text not in known]
        if missing:
            tokenizer = load_tokenizer(self._model)
            tower = self._open_tower()
            for batch in self._batches(tokenizer, missing):
                vectors = unit_norm(tower.embed(np.array(list(batch.values()), np.int64)))
                found = dict(zip(batch, vectors, strict=True))
                self._cache.write(found)
                known |= found
                if self._progress is not None:
                    self._progress(len(known) - len(wanted) + len(missing), len(missing))
        rows = [known[text] for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self._model.entry.dim)

    def _batches(self, tokenizer: Any, texts: Sequence[str]) -> Iterator[dict[str, list[int]]]:
        """Yield texts with their token ids, as many of one length as may go together."""
        ids = {text: cut(self._model, tokenizer, text).ids or [0] for text in texts}
        at_once = _AT_ONCE if self._model.entry.text_mask else 1
        for _, group in groupby(sorted(texts, key=lambda text: len(ids[text])), lambda text: len(ids[text])):
            alike = list(group)
            for start in range(0, len(alike), at_once):
                yield {text: ids[text] for text in alike[start : start + at_once]}


class PieceCounter:
    """Tells into how many pieces a model's tokenizer cuts words; the tokenizer is read once, when asked."""

    def __init__(self, find: Callable[[], StoredModel]) -> None:
        self._find = find
        self._model: StoredModel | None = None
        self._tokenizer: Any = None

    def __call__(self, words: Sequence[str]) -> list[int]:
        """Return the pieces of each word, as it stands within a text: after a blank; 0 where it has none.

        Raises
        ------
        ModelError
            The tokenizer is missing, altered, or not the model's.
        """
        model = self._model = self._model or self._find()
        if self._tokenizer is None:
            self._tokenizer = load_tokenizer(model)
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        found = [cut(model, self._tokenizer, f" {word}", whole=False).tokens for word in words]
        return [0 if unknown in tokens else len(tokens) for tokens in found]


def cut(model: StoredModel, tokenizer: Any, text: str, *, whole: bool = True) -> Any:
    """Return the pieces of `text`; `whole`: with what the tower wants before and behind them.

    Raises
    ------
    ModelError
        The tokenizer knows of no piece for some of it.
    """
    try:
        return tokenizer.encode(text, add_special_tokens=whole)
    except Exception as error:  # noqa: BLE001 - the library raises bare Exception
        raise ModelError(
            f"Model {model.name!r}: the tokenizer cannot take {text!r} ({sanitise(str(error))}); it is not "
            "the model's own, install the model again."
        ) from None


def load_tokenizer(model: StoredModel) -> Any:
    """Return the tokenizer of `model`, once it has shown that it is the one the text tower was trained with.

    A wrong one, or one that lost its vocabulary, would give every word the same embedding.

    Raises
    ------
    ModelError
        It is missing, altered or another one.
    """
    from tokenizers import Tokenizer

    entry = model.entry
    try:
        tokenizer = Tokenizer.from_str(model.read(entry.tokenizer).decode())
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises bare Exception
        why = sanitise(str(error))
        raise ModelError(f"Model {model.name!r}: the tokenizer cannot be read: {why}.") from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(entry.max_tokens)
    found = tokenizer.get_vocab_size()
    if entry.vocabulary and found != entry.vocabulary:
        raise ModelError(
            f"Model {model.name!r}: the tokenizer knows {found} tokens, the model {entry.vocabulary}; "
            "it is not the model's own, install the model again."
        )
    for text, wanted in entry.golden.items():
        if (ids := cut(model, tokenizer, text).ids) != wanted:
            raise ModelError(
                f"Model {model.name!r}: the tokenizer turns {text!r} into {ids}, and must turn it into "
                f"{wanted}; it is not the model's own, install the model again."
            )
    return tokenizer
