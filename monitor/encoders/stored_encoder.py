"""A stored model as an `Encoder`: all that is the same whichever library runs its towers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.encoder import stacked
from monitor.encoders.info import EncoderInfo
from monitor.encoders.spectrograms import Spectrograms
from monitor.encoders.text_tower import Texts, TextTower
from monitor.errors import ModelError
from monitor.models.store import StoredModel
from monitor.records import Window
from monitor.units import seconds_to_len, unit_norm

_SHORTEST_WINDOW_S = 0.5
_SILENT = 1e-5
"""-100 dB re full scale: a window in which no sample is louder is silence, of a muted or dead microphone."""


class Engine(Protocol):
    """A library that runs the two towers of one model."""

    @property
    def batches(self) -> bool:
        """Whether several windows at once cost less than one after another."""

    def audio(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for sound (n, input_len), or log-mels (n, 1, t, bands), float32."""

    def open_text(self) -> TextTower:
        """Load the text tower."""


class StoredEncoder:
    """Maps sound and words into one space. Satisfies `Encoder`.

    Silence costs nothing: its embedding is made once.
    """

    def __init__(
        self,
        model: StoredModel,
        engine: Engine,
        window_s: float = 0.0,
        texts: Texts | None = None,
    ) -> None:
        """Run `model` by `engine`.

        Parameters
        ----------
        window_s
            Seconds per window; 0: the model's own.
        texts
            The text side; None: one without a cache.

        Raises
        ------
        ModelError
            The model takes no windows of that length.
        """
        self._model = model
        self._engine = engine
        self._texts = texts or Texts(model, engine.open_text)
        self.info = _info(model, _window_len(model, window_s), engine.batches)
        """All there is to know of it."""
        self._silence: NDArray[np.float32] | None = None
        self._spectrograms = Spectrograms(model.entry.mel)

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.info.sample_rate

    @property
    def window_len(self) -> int:
        """Samples per window."""
        return self.info.window_len

    @property
    def dim(self) -> int:
        """Dimensions of the space."""
        return self.info.dim

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm.

        Raises
        ------
        ValueError
            `windows` is not (n, window_len) or holds values that are not numbers.
        """
        return self._embed(np.ascontiguousarray(windows, np.float32))

    def embed_windows(self, windows: Sequence[Window]) -> NDArray[np.float32]:
        """Return what `embed_audio` gives for the samples of `windows`, to the last bit, and sooner.

        What windows of one stretch share, in this call or with the one before, is computed once.

        Raises
        ------
        ValueError
            As `embed_audio`.
        """
        return self._embed(stacked(windows), windows)

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm."""
        return self._texts.embed(texts)

    def _embed(self, audio: NDArray[np.float32], windows: Sequence[Window] = ()) -> NDArray[np.float32]:
        """Return the embeddings of float32 (n, window_len), the samples of `windows` if there are any."""
        if audio.ndim != 2 or audio.shape[1] != self.window_len:
            raise ValueError(f"windows must be (n, {self.window_len}), not {audio.shape}")
        if not len(audio):
            return np.zeros((0, self.dim), np.float32)
        peaks = np.maximum(audio.max(axis=1), -audio.min(axis=1))
        if not np.isfinite(peaks).all():
            raise ValueError("windows hold values that are not numbers")
        sounding = peaks > _SILENT
        if sounding.all():
            return self._listen(audio, windows)
        embeddings = np.repeat(self._embed_silence(), len(audio), axis=0)
        if sounding.any():
            embeddings[sounding] = self._listen(audio[sounding], list(compress(windows, sounding)))
        return embeddings

    def _listen(self, audio: NDArray[np.float32], windows: Sequence[Window] = ()) -> NDArray[np.float32]:
        entry = self._model.entry
        sound = repeat_to(audio, entry.input_len or self.window_len)
        if entry.front_end == "log_mel":
            sound = self._spectrograms.draw(sound, windows if sound is audio else ())[:, np.newaxis]
        return unit_norm(self._engine.audio(sound))

    def _embed_silence(self) -> NDArray[np.float32]:
        if self._silence is None:
            self._silence = self._listen(np.zeros((1, self.window_len), np.float32))
        return self._silence


def repeat_to(audio: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return float32 (n, t) repeated to (n, length): whole copies, then zeros, as CLAP's extractor does."""
    copies = length // audio.shape[1]
    if copies * audio.shape[1] == length == audio.shape[1]:
        return audio
    repeated = np.zeros((len(audio), length), np.float32)
    repeated[:, : copies * audio.shape[1]] = np.tile(audio, copies)
    return repeated


def _info(model: StoredModel, window_len: int, batches: bool) -> EncoderInfo:
    """Return what there is to know of `model` but its cohort, in windows of `window_len` samples."""
    entry = model.entry
    identity = f"{model.name}-{entry.identity or entry.audio.sha256[:12]}"
    own = window_len == entry.window_len
    return EncoderInfo(
        name=model.name,
        identity=identity if own else f"{identity}-{window_len / entry.sample_rate:g}s",
        sample_rate=entry.sample_rate,
        window_len=window_len,
        dim=entry.dim,
        hop_s=entry.hop_s,
        templates=entry.prompts or (entry.prompt,),
        batches=batches,
        tuning=entry.tuning,
        pinned=model.is_pinned,
    )


def _window_len(model: StoredModel, window_s: float) -> int:
    """Return samples per window.

    Raises
    ------
    ModelError
        The model takes no windows of `window_s` seconds.
    """
    entry = model.entry
    own_s = entry.window_len / entry.sample_rate
    if not window_s:
        return entry.window_len
    if not entry.input_len:
        raise ModelError(
            f"Model {model.name!r} hears windows of {own_s:g} s and no others; leave model.window_s at 0."
        )
    longest_s = entry.input_len / entry.sample_rate
    if not _SHORTEST_WINDOW_S <= window_s <= longest_s:
        raise ModelError(
            f"model.window_s is {window_s:g}; model {model.name!r} takes windows of "
            f"{_SHORTEST_WINDOW_S:g} to {longest_s:g} s, or 0 for its own {own_s:g} s."
        )
    return seconds_to_len(window_s, entry.sample_rate)
