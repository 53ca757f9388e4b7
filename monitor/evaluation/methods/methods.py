"""The papers' methods and ours: from embeddings and words to a score per class. Pure.

A profile P(z) says how near a sound z is to every class: its cosines to prototypes, from words, from
unlabelled clips or from labelled ones. What the background b sounds like is taken off it: P(z) - tau P(b). A
bonus for being heard in noise may be added after (`drift`, as published). `auto` is what the program does.

Scores say which class is nearest, and in which sound a class is nearest: both the answer to "which one" and
the ranking of mixtures, of one label or several, follow from them as they are. The sigmoid that turns them
into answers per class keeps their order, so accuracy and average precision need none.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.evaluation.methods import bounds
from monitor.evaluation.methods.bounds import Profile
from monitor.evaluation.methods.window_batch import MethodInput
from monitor.scoring.prototypes import drift_directions
from monitor.scoring.scorer import own_tau
from monitor.units import unit_norm

Vectors = NDArray[np.float32]

PrototypeKind = Literal["text", "tgap", "few-shot", "class-means", "mlp"]
BackgroundKind = Literal["none", "text", "audio", "auto"]

_PLAIN = "zero-shot"
_PROTOTYPES: dict[str, PrototypeKind] = {name: name for name in get_args(PrototypeKind) if name != "text"}
_BACKGROUNDS: dict[str, BackgroundKind] = {
    "text-background": "text",
    "audio-background": "audio",
    "auto": "auto",
}
_DRIFT = "drift"
_REPETITIONS = 10
"""Samples of the clips of `few-shot` that make one figure."""


class Words(msgspec.Struct, frozen=True):
    """The text side of one model; float32, unit norm."""

    classes: Vectors
    """t(c), (k, d)."""
    background: Vectors
    """The phrases of the text background, (p, d)."""
    noisy: Vectors
    """t("c with p"), (k, q, d), for the q noise phrases."""
    names: tuple[str, ...]
    """The k classes."""


class Settings(msgspec.Struct, frozen=True):
    """The free numbers of the methods."""

    tau_text: float = 0.2
    """Share of the text background that is taken off (arXiv 2506.04376)."""
    tau_audio: float = 0.7
    """Share of the background that is taken off (arXiv 2506.04376)."""
    beta: float = 0.1
    """Weight of the drift bonus; the paper gives no figure."""
    k: int = 35
    """Clips in a prototype of `tgap` (arXiv 2306.12300)."""
    shots: int = 5
    """Labelled clips of each class for `few-shot`."""
    seed: int = 0


class Method(msgspec.Struct, frozen=True):
    """One way to score."""

    prototypes: PrototypeKind = "text"
    background: BackgroundKind = "none"
    drift: bool = False

    @property
    def name(self) -> str:
        """As `parse_method` reads it."""
        background = [name for name, kind in _BACKGROUNDS.items() if kind == self.background]
        prototypes = [name for name in _PROTOTYPES if name == self.prototypes]
        drift = [_DRIFT] if self.drift else []
        return "+".join([*prototypes, *background, *drift]) or _PLAIN

    @property
    def needs_background(self) -> bool:
        """Whether it must have heard the background elsewhere."""
        return self.background not in {"none", "text"}


ZERO_SHOT = Method()


def parse_method(text: str) -> Method:
    """Read a method: `zero-shot`, or parts joined by `+`, in any order.

    Raises
    ------
    ConfigError
        An unknown part, or two that exclude one another.
    """
    parts = [part.strip() for part in text.split("+")]
    if parts == [_PLAIN]:
        return Method()
    prototypes = [_PROTOTYPES[part] for part in parts if part in _PROTOTYPES]
    backgrounds = [_BACKGROUNDS[part] for part in parts if part in _BACKGROUNDS]
    groups = len(prototypes), len(backgrounds), parts.count(_DRIFT)
    if sum(groups) < len(parts) or max(groups) > 1:
        raise ConfigError(
            f"There is no method {text!r}; write {_PLAIN}, or join with '+' at most one of "
            f"{', '.join(_PROTOTYPES)}, at most one of {', '.join(_BACKGROUNDS)}, and {_DRIFT}."
        )
    return Method((prototypes or ["text"])[0], (backgrounds or ["none"])[0], _DRIFT in parts)


def repetitions(method: Method, settings: Settings) -> list[Settings]:
    """Return the settings whose figures are to be averaged: one, but for `few-shot` one per draw of clips."""
    seeds = range(settings.seed, settings.seed + (_REPETITIONS if method.prototypes == "few-shot" else 1))
    return [msgspec.structs.replace(settings, seed=seed) for seed in seeds]


def score(method: Method, given: MethodInput, words: Words, settings: Settings) -> Vectors:
    """Return the scores of every mixture at every SNR, float32 (n_snrs, n, k).

    A clean sound is scored with the background of its mixture too: what a method takes off it there is
    what the method costs.

    Raises
    ------
    ConfigError
        The method needs clips or scikit-learn, and there is none.
    """
    means = given.backgrounds.mean(axis=1)
    backgrounds = means if method.background == "auto" else unit_norm(means)
    profile = class_profile(method, given, words, settings)
    spoken = unit_norm(words.background.sum(axis=0, keepdims=True))
    around = profile(spoken if method.background == "text" else backgrounds)
    scores = np.zeros((len(given.windows), len(backgrounds), len(words.names)), np.float32)
    drift = drift_directions(words.classes, words.noisy.reshape(-1, words.classes.shape[1]))
    for found, sounds in zip(scores, given.windows, strict=True):
        found[:] = profile(sounds) - _tau(method, settings, sounds, backgrounds) * around
        if method.drift:
            found[:] += np.float32(settings.beta) * (sounds @ drift.T)
    return scores


def text_guided(pool: Vectors, classes: Vectors, k: int) -> Vectors:
    """Return the mean direction of the `k` clips nearest to each class's words (TGAP, arXiv 2306.12300).

    Parameters
    ----------
    pool
        Unlabelled clips, float32 (m, d), unit norm; all of them where there are fewer than `k`.
    classes
        float32 (k, d), unit norm.
    """
    nearest = np.argsort(-(classes @ pool.T), axis=1, kind="stable")[:, :k]
    return unit_norm(np.stack([pool[chosen].mean(axis=0) for chosen in nearest]))


def class_profile(method: Method, given: MethodInput, words: Words, settings: Settings) -> Profile:
    """Return P: from sounds to their nearness to every class.

    Raises
    ------
    ConfigError
        The method learns from clips, and there are none; or it needs scikit-learn, which is missing.
    """
    if method.prototypes != "text" and not len(given.pool):
        raise ConfigError(
            f"The method {method.prototypes!r} learns from clips, and there are none; "
            "name other folds with --pool-folds."
        )
    if method.prototypes == "mlp":
        return bounds.mlp(*_labelled(given, words), words.names, settings.seed)
    prototypes = _prototypes(method, given, words, settings)
    return lambda embeddings: np.asarray(embeddings @ prototypes.T)


def _prototypes(method: Method, given: MethodInput, words: Words, settings: Settings) -> Vectors:
    if method.prototypes == "tgap":
        return text_guided(given.pool, words.classes, settings.k)
    if method.prototypes == "few-shot":
        return bounds.few_shot(*_labelled(given, words), words.names, settings.shots, settings.seed)
    if method.prototypes == "class-means":
        return bounds.class_means(*_labelled(given, words), words.names)
    return words.classes


def _labelled(given: MethodInput, words: Words) -> tuple[Vectors, bounds.Labels]:
    return bounds.with_words(given.pool, given.pool_labels, words.names, words.classes)


def _tau(
    method: Method, settings: Settings, embeddings: Vectors, backgrounds: Vectors
) -> Vectors | np.float32:
    """Return the share of the background's profile that is taken off, one or float32 (n, 1)."""
    if method.background == "auto":
        return own_tau(embeddings, backgrounds)[:, np.newaxis]
    return np.float32({"text": settings.tau_text, "audio": settings.tau_audio}.get(method.background, 0.0))
