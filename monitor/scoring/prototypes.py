"""The vectors a window is compared with: classes, distractors, drift directions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.records import Prompts, Prototypes
from monitor.units import unit_norm

EmbedText = Callable[[Sequence[str]], NDArray[np.float32]]
"""`Encoder.embed_text`."""


def build_prototypes(embed_text: EmbedText, prompts: Prompts, distractor_max_cosine: float) -> Prototypes:
    """Embed every phrase of a run, all at once.

    Parameters
    ----------
    distractor_max_cosine
        A distractor nearer than this to a class means the same and is no competitor of it. It stays one of
        all others: what one class is weighed against does not depend on which others are listed.
    """
    named = [*prompts.wordings, *prompts.distractors]
    noisy = in_noise(named, prompts.noise_phrases)
    vectors = embed_phrases(embed_text, prompts.templates, [*named, *noisy])
    of_named, of_noisy = np.split(vectors, [len(named)])
    count = len(prompts.wordings)
    competitors = of_named[:count] @ of_named[count:].T < distractor_max_cosine
    some = competitors.any(axis=0)
    kept = np.flatnonzero(np.concatenate([np.ones(count, np.bool_), some]))
    return Prototypes(
        classes=prompts.classes,
        prompts=prompts.class_prompts,
        distractors=tuple(named[index] for index in kept[count:]),
        vectors=of_named[kept],
        drift=drift_directions(of_named, of_noisy)[kept],
        competitors=competitors[:, some],
    )


def in_noise(phrases: Sequence[str], noises: Sequence[str]) -> list[str]:
    """Return "c with p" for every noise p of each phrase c, all p of one c together."""
    return [f"{phrase} with {noise}" for phrase in phrases for noise in noises]


def embed_phrases(
    embed_text: EmbedText, templates: Sequence[str], phrases: Sequence[str]
) -> NDArray[np.float32]:
    """Return float32 (n, d), unit norm: each phrase's mean direction over the templates it is put into."""
    texts = [template.replace("{}", phrase) for phrase in phrases for template in templates]
    vectors = embed_text(texts)
    return unit_norm(vectors.reshape(len(phrases), len(templates), vectors.shape[1]).mean(axis=1))


def drift_directions(vectors: NDArray[np.float32], noisy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return d_c = unit(mean_p [t("c with p") - t(c)]), float32 (n, d); zeros without noise phrases.

    Drift-augmented scoring, arXiv 2606.04844.

    Parameters
    ----------
    vectors
        t(c), float32 (n, d).
    noisy
        t("c with p"), float32 (n * p, d), all p of one c together.
    """
    if not len(noisy):
        return np.zeros_like(vectors)
    return unit_norm(noisy.reshape(len(vectors), -1, vectors.shape[1]).mean(axis=1) - vectors)
