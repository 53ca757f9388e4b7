"""What the audio tower is asked: what the teacher hears, and which words name it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from bank import Bank
from class_words import ClassTexts
from mixing import Batch
from teacher_recipes import OFFSET, POWER
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.06
"""Of the softmax over class words."""
EVIDENCE_WEIGHT = 12.0
HIDDEN_WEIGHT = 6.0
ODDS_WEIGHT = 0.5
"""Of each word's own yes or no, so that a cosine means the same in every window (SigLIP, X. Zhai, 2023)."""
NAMES_WEIGHT = 0.5
"""Of the divergence from the goal's similarities to the AudioSet names: keeps unlisted sounds in place."""
LABEL_PULL = 1.0
"""How far the goal lies from the audio teacher's own point toward the label's words."""


def teacher_point(evidence: Tensor, names: Tensor) -> Tensor:
    """Place the audio teacher's evidence in the joint space: posteriors, sharpened, times the names."""
    return functional.normalize(torch.sigmoid(evidence - OFFSET) ** POWER @ names, dim=1)


class Hearing:
    """The teacher's hidden layer and its answers, for the clean sound."""

    def __init__(self, bank: Bank) -> None:
        self._bank, self._prior = bank, bank.prior()
        sample = bank.hidden[:: max(1, len(bank.hidden) // 20_000)].float()
        self._centre, self._scale = sample.mean(dim=0), sample.std(dim=0) + 0.05

    def loss(self, hidden: Tensor, evidence: Tensor, batch: Batch) -> Tensor:
        """Compare hidden (n, 512) and evidence (n, 527) with the teacher's."""
        main, other = batch.items[:, 0], batch.items[:, 1]
        clean = torch.sigmoid(self._bank.logits[main].float() - self._prior)
        also = torch.sigmoid(self._bank.logits[other].float() - self._prior)
        wanted = torch.maximum(clean, also * batch.shares[:, 1:])
        by_evidence = functional.binary_cross_entropy_with_logits(evidence, wanted)
        target = (self._bank.hidden[main].float() - self._centre) / self._scale
        by_hidden = ((hidden - target).square().mean(dim=1) * batch.shares[:, 0]).mean()
        return EVIDENCE_WEIGHT * by_evidence + HIDDEN_WEIGHT * by_hidden


class Naming:
    """The class words, the odds of each, and the place among the AudioSet names."""

    def __init__(self, bank: Bank, texts: ClassTexts, names: Tensor) -> None:
        self._bank, self._texts, self._names = bank, texts, names
        self._prior = bank.prior()

    def loss(
        self, odds: Callable[[Tensor], Tensor], point: Tensor, batch: Batch, rng: np.random.Generator
    ) -> Tensor:
        """Compare points (n, d) with what the labels say; `odds` turns cosines into log-odds."""
        words = self._texts.draw(rng)
        answers = self._answers(batch, len(words))
        cosines = point @ words.T
        each = functional.binary_cross_entropy_with_logits(
            odds(cosines), (2 * answers).clamp(max=1), reduction="none"
        )
        by_odds = (each.sum(dim=1) * answers.sum(dim=1)).mean()
        by_words = -(answers * functional.log_softmax(cosines / TEMPERATURE, dim=1)).sum(dim=1).mean()
        return by_words + ODDS_WEIGHT * by_odds + NAMES_WEIGHT * self._by_names(point, batch, answers, words)

    def _by_names(self, point: Tensor, batch: Batch, answers: Tensor, words: Tensor) -> Tensor:
        clean = self._bank.logits[batch.items[:, 0]].float() - self._prior
        label = functional.normalize(answers @ words, dim=1) * answers.sum(dim=1, keepdim=True)
        goal = functional.normalize(teacher_point(clean, self._names) + LABEL_PULL * label, dim=1)
        return functional.kl_div(
            functional.log_softmax(point @ self._names.T / TEMPERATURE, dim=1),
            functional.log_softmax(goal @ self._names.T / TEMPERATURE, dim=1),
            reduction="batchmean",
            log_target=True,
        )

    def _answers(self, batch: Batch, classes: int) -> Tensor:
        """Add up the shares of each class: (n, classes); a row adds up to less where part has no label."""
        answers = torch.zeros(len(batch.items), classes)
        for at in range(2):
            labels = self._bank.classes[batch.items[:, at]].long()
            shares = self._bank.shares[batch.items[:, at]].float() * batch.shares[:, at : at + 1]
            answers.scatter_add_(1, labels.clamp(min=0), shares * (labels >= 0))
        return answers
