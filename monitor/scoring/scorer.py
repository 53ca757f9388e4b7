"""From a window's embedding to a score per class. Pure.

With z the window, m the mean of the background (`background.py`) and C_c the prototype of class c,

    s_c = z.C_c - tau m.C_c + beta z.d_c

is how much the window sounds like the class beyond what the background does all the time (arXiv 2506.04376,
2606.04844). tau is fixed, or, as it ships, z.m of the window itself: how much of it is background. Then s_c
is the cosine of the class with z less its part along m: all of the background goes where it is all that is
heard, nothing where a sound is clean or the background is another. Other sounds q, the distractors, lose
nothing: what the background sounds like stays a competitor.

The odds of a class are those against its competitors q together, ``(s_c - T log sum_q exp(s_q / T)) / T`` in
logs. Listed classes do not compete with one another: two may sound at once, no class moves another's score.
What the user has taught by examples is scored by these as well (`own_sounds.py`).
A cohort of ordinary sound turns odds into scores that mean the same for every class (`cohort.py`); without
one the score is the sigmoid of the odds. To these odds is added what somebody said of events that sounded
like this (`corrections.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import DriftConfig, ScorerConfig, Tau
from monitor.config.tuning import UNTUNED, fixed
from monitor.names import as_words
from monitor.records import Cohort, Likeness, OwnSound, Prototypes, WindowScores
from monitor.scoring.cohort import Tails, fit_tails
from monitor.scoring.corrections import Corrections
from monitor.scoring.own_sounds import Heads, fit_heads, moved_words

NO_SOUND = "no sound"
"""What a window without sound is most like."""
NOTHING_TAUGHT: Mapping[str, OwnSound] = MappingProxyType({})


class Scorer:
    """Scores embeddings against prototypes.

    Parameters
    ----------
    cohort
        Ordinary sound, as the same model hears it; None: scores are odds against other sounds and no more.
    kinds
        The names of the cohort's sounds, embedded as the classes are, float32 (kinds, d).
    own
        Class name -> its examples; classes without any are scored by their words.
    corrections
        What somebody said of events, for the same classes; None, or of nothing: no score is changed by it.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a score is made of
        self,
        prototypes: Prototypes,
        config: ScorerConfig,
        drift: DriftConfig,
        tau: Tau,
        cohort: Cohort | None = None,
        kinds: NDArray[np.float32] | None = None,
        own: Mapping[str, OwnSound] = NOTHING_TAUGHT,
        corrections: Corrections | None = None,
    ) -> None:
        self._prototypes = prototypes
        self._temperature = fixed(config.temperature, UNTUNED.temperature)
        self._beta = drift.beta
        self._tau = tau
        self.corrections = corrections
        """May be told more while a run lasts."""
        self.taught = frozenset(own)
        """Classes that are scored by examples as well."""
        self._competitors = prototypes.competitors.T.astype(np.float64)
        self._all_competitors = np.flatnonzero(prototypes.competitors.all(axis=0))
        self._tails: Tails | None = None
        names, words = prototypes.classes, prototypes.vectors[: len(prototypes.classes)]
        if cohort is None:
            self._heads: Heads = moved_words(names, own, words, self._temperature)
        else:
            cosines = None if kinds is None else kinds @ words.T
            self._heads = fit_heads(names, own, self._word_odds, cosines, cohort)
            odds = self._heads.add(self._word_odds(cohort.vectors), cohort.vectors)
            self._tails = fit_tails(odds, self._heads.cosines, cohort)

    @property
    def calibrated(self) -> bool:
        """Whether a score says how often an hour of ordinary sound gets there."""
        return self._tails is not None

    @property
    def kind_cosines(self) -> NDArray[np.float32] | None:
        """Cosines of the cohort's kinds with each class, (kinds, k), 1 where a kind is the very thing."""
        return self._heads.cosines

    @property
    def prompts(self) -> dict[str, str]:
        """What each class is compared with."""
        return dict(zip(self._prototypes.classes, self._prototypes.prompts, strict=True))

    def log_odds(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the log-odds of the scores, float64 (n, k), of windows in no background: float32 (n, d)."""
        odds = self._heads.add(self._word_odds(embeddings), embeddings)
        return odds if self._tails is None else self._tails.score_odds(odds)

    def score(
        self, embedding: NDArray[np.float32], background: NDArray[np.float32], start: int, stop: int
    ) -> WindowScores:
        """Return the score of the window [start, stop).

        Parameters
        ----------
        embedding
            float32 (d,), unit norm.
        background
            float32 (d,), at most of unit length: the mean of the background; zeros while it is not known.
        """
        count = len(self._prototypes.classes)
        adapted = self._prototypes.vectors @ embedding
        tau = own_tau(embedding, background) if self._tau == "auto" else self._tau
        adapted[:count] -= tau * self.class_cosines(background)
        adapted += self._beta * (self._prototypes.drift @ embedding)
        odds = self._odds(adapted[np.newaxis])
        odds = self._heads.add(odds, (embedding - tau * background)[np.newaxis])
        if self._tails is not None:
            odds = self._tails.score_odds(odds)
        terms = None if self.corrections is None else self.corrections.terms(embedding)
        values = _sigmoid(odds[0] if terms is None else odds[0] + terms)
        other, share = self._other(adapted)
        names = self._prototypes.classes
        lowered = {} if terms is None else _where_lowered(names, _sigmoid(odds[0]), terms)
        return WindowScores(
            start, stop, dict(zip(names, values.tolist(), strict=True)), other, share, lowered
        )

    def _word_odds(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the log-odds of the words alone in no background, float64 (n, k), of float32 (n, d)."""
        plain = embeddings @ self._prototypes.vectors.T
        return self._odds(plain + self._beta * (embeddings @ self._prototypes.drift.T))

    def _odds(self, profiles: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the log-odds of each class against its competitors, (n, k), of profiles (n, k + m).

        Without any the odds are against a cosine of 0.
        """
        count = len(self._prototypes.classes)
        scaled = profiles.astype(np.float64) / self._temperature
        if not self._competitors.size:
            return scaled[:, :count]
        top = scaled[:, count:].max(axis=1, keepdims=True)
        weights = np.exp(scaled[:, count:] - top) @ self._competitors
        against = np.where(weights > 0.0, top + np.log(np.maximum(weights, 1e-300)), 0.0)
        return np.asarray(scaled[:, :count] - against)

    def _other(self, profile: NDArray[np.float32]) -> tuple[str, float]:
        """Return the competitor of all classes that a window is most like, and its share of all there is."""
        if not len(self._all_competitors):
            return "", 0.0
        shares = self._shares(profile.astype(np.float64))[len(self._prototypes.classes) :]
        nearest = int(np.argmax(shares))
        return self._prototypes.distractors[self._all_competitors[nearest]], float(shares[nearest])

    def _shares(self, profile: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shares of classes and of competitors of all in a profile (k + m,); they add to 1.

        Distractors that say the same as a class are not among them.
        """
        count = len(self._prototypes.classes)
        told_apart = np.concatenate([profile[:count], profile[count:][self._all_competitors]])
        scaled = told_apart / self._temperature
        return np.asarray(np.exp(scaled - _log_sum_exp(scaled)))

    def no_sound(self, start: int, stop: int) -> WindowScores:
        """Return the score of a window in which there is no sound: it sounds like nothing."""
        return WindowScores(start, stop, dict.fromkeys(self._prototypes.classes, 0.0), NO_SOUND, 1.0)

    def class_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the inner products of the classes with `vector`, float32 (d,): float32 (k,)."""
        return np.asarray(self._prototypes.vectors[: len(self._prototypes.classes)] @ vector)

    def sounds_like(self, vector: NDArray[np.float32], most: int) -> list[Likeness]:
        """Return the `most` classes and distractors nearest in direction to `vector`, float32 (d,).

        Best first; the shares of all of them add up to 1.
        """
        length = float(np.linalg.norm(vector))
        if not length:
            return []
        shares = self._shares((self._prototypes.vectors @ vector).astype(np.float64) / length)
        phrases = list(map(as_words, self._prototypes.classes))
        phrases += [self._prototypes.distractors[index] for index in self._all_competitors]
        best = np.argsort(-shares, kind="stable")[:most]
        return [Likeness(phrases[index], float(shares[index])) for index in best]


def own_tau(embeddings: NDArray[np.float32], backgrounds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return z.m of each window and its background, at least 0: float32 (...,) of float32 (..., d) each.

    The tau that needs no grid: it grows with the share of the background in what is heard, and with how
    alike the background's own windows are.
    """
    return np.asarray(np.maximum((embeddings * backgrounds).sum(axis=-1), 0.0), np.float32)


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0))))


def _where_lowered(
    names: Sequence[str], values: NDArray[np.float64], terms: NDArray[np.float64]
) -> dict[str, float]:
    """Return the scores before corrections of the classes that these lower."""
    return {name: float(values[at]) for at, name in enumerate(names) if terms[at] < 0.0}


def _log_sum_exp(values: NDArray[np.float64]) -> float:
    """Return log(sum(exp(values)))."""
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).sum()))
