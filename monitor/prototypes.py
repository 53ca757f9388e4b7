"""The vectors a window is compared with: classes, distractors, background words, drift directions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.records import Prompts, Prototypes
from monitor.units import unit_norm

EmbedText = Callable[[Sequence[str]], NDArray[np.float32]]
"""`Encoder.embed_text`."""


def build_prototypes(embed_text: EmbedText, prompts: Prompts, distractor_max_cosine: float) -> Prototypes:
    """Embed every phrase of a run.

    Parameters
    ----------
    distractor_max_cosine
        A distractor nearer than this to a listed class means the same and is left out.
    """
    class_vectors = embed_text(prompts.class_prompts)
    distractor_vectors = embed_text(prompts.distractor_prompts)
    kept = np.flatnonzero((distractor_vectors @ class_vectors.T).max(axis=1) < distractor_max_cosine)
    vectors = np.concatenate([class_vectors, distractor_vectors[kept]])
    texts = [*prompts.class_prompts, *(prompts.distractor_prompts[index] for index in kept)]
    return Prototypes(
        classes=prompts.classes,
        prompts=prompts.class_prompts,
        distractors=tuple(prompts.distractors[index] for index in kept),
        vectors=vectors,
        text_background=vectors @ _mean_direction(embed_text(prompts.background_prompts)),
        drift=drift_directions(embed_text, texts, vectors, prompts.noise_phrases),
    )


def _mean_direction(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the unit mean of unit vectors (n, d); zeros for none."""
    return unit_norm(vectors.sum(axis=0))


def drift_directions(
    embed_text: EmbedText, texts: Sequence[str], vectors: NDArray[np.float32], noise_phrases: Sequence[str]
) -> NDArray[np.float32]:
    """Return d_c = unit(mean_p [t("c with p") - t(c)]), float32 (n, d); zeros without phrases.

    Drift-augmented scoring, arXiv 2606.04844.
    """
    if not noise_phrases:
        return np.zeros_like(vectors)
    noisy = embed_text([f"{text} with {phrase}" for text in texts for phrase in noise_phrases])
    return unit_norm(noisy.reshape(len(texts), len(noise_phrases), -1).mean(axis=1) - vectors)
