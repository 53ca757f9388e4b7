"""Scorers of the classes of one run: every text is embedded once, however often they are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.records import ClassPrompt, Cohort, OwnSound
from monitor.scoring.prompts import build_prompts
from monitor.scoring.prototypes import build_prototypes, embed_phrases
from monitor.scoring.scorer import Scorer


class Scorers:
    """Makes scorers of the same classes, that differ in what was taught.

    Parameters
    ----------
    config
        With what was tuned for the model.

    Raises
    ------
    ConfigError
        The prompt template does not fit.
    """

    def __init__(self, encoder: Encoder, classes: Sequence[ClassPrompt], config: Config) -> None:
        prompts = build_prompts(classes, config, encoder.info.templates)
        self._prototypes = build_prototypes(encoder.embed_text, prompts, config.prompts.distractor_max_cosine)
        self._config = config
        self._cohort = encoder.info.cohort
        named = self._cohort is not None and self._cohort.kinds
        self._kinds = embed_phrases(encoder.embed_text, prompts.templates, named) if named else None

    def class_cosines(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines of float32 (n, d) with the words of each class, float32 (n, k)."""
        return np.asarray(vectors @ self._prototypes.vectors[: len(self._prototypes.classes)].T)

    def make(self, own: Mapping[str, OwnSound], cohort: Cohort | None = None) -> Scorer:
        """Return a scorer that knows the own sounds of these classes.

        Parameters
        ----------
        cohort
            Ordinary sound in place of the model's own.
        """
        config = self._config
        return Scorer(
            self._prototypes,
            config.scorer,
            config.drift,
            config.background.tau,
            cohort or self._cohort,
            self._kinds,
            own,
        )
