"""What a score promises, kept or not, on sound that the cohort does not hold; and what is found meanwhile.

    python -m tools.train.check_scale --data ../shared/data/index.csv

The recordings of folds 1 to 3 that nothing is chosen by fall into two halves. The cohort is built of one, and
the other is heard, both ways round: its backgrounds, speech and music, in windows a second apart, are what
may give false alarms; its clips of what a word names are what should be found. The network has met all of
them, so this is about the scale and not about the encoder. Words are the labels of events that have enough
recordings in each half; those that any outdoor recording may hold are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor import load_encoder
from monitor.config.settings import Config
from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import Corpus, read_data
from monitor.encoders import Encoder
from monitor.evaluation.cohorts import CohortPlan, build_cohort
from monitor.names import as_words
from monitor.progress import progress
from monitor.scoring.cohort import SAME_WORDS
from monitor.scoring.prompts import build_prompts, parse_classes
from monitor.scoring.prototypes import build_prototypes, embed_phrases
from monitor.scoring.scorer import Scorer
from tools.train.corpus import is_validation

FOLDS = (1, 2, 3)
ASKED = (0.1, 0.5, 2.0)
"""False alarms an hour of one word."""
LEAST_RECORDINGS = 4
"""Of a word in each half."""
EVERYWHERE = frozenset(
    {
        *(
            "bird_chirp",
            "clapping",
            "engine",
            "fire_crackle",
            "footsteps",
            "keyboard_typing",
            "laugh",
            "rain",
        ),
        *("sea_waves", "thunder", "train", "water_drops", "wind"),
    }
)
"""What backgrounds hold without saying so."""
BOOTSTRAP_ROUNDS = 300


@dataclass(frozen=True)
class ScoredClip:
    """One clip: the score of each word in each window."""

    clip: Clip
    scores: NDArray[np.float64]
    """(windows, words)."""


def half_of(group: str) -> int | None:
    """Return the half a recording belongs to; None: it is kept to choose by."""
    if is_validation(group):
        return None
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) // 100 % 2


def words_of(corpus: Corpus) -> list[str]:
    """Return the labels that are tried."""
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for clip in corpus.clips:
        half = half_of(clip.group)
        if clip.is_in(FOLDS) and clip.kind == "event" and half is not None:
            found[clip.label][half].add(clip.group)
    enough = [name for name, halves in found.items() if min(map(len, halves)) >= LEAST_RECORDINGS]
    return sorted(set(enough) - EVERYWHERE)


def make_scorer(encoder: Encoder, corpus: Corpus, words: list[str], half: int) -> Scorer:
    """Return the scorer of a run whose cohort is one half."""
    config = Config()
    plan = CohortPlan(FOLDS)
    with progress(f"cohort of half {half}", plan.most) as advance:
        cohort = build_cohort(encoder, corpus, plan, lambda group: half_of(group) == half, advance)
    prompts = build_prompts(parse_classes(",".join(words)), config, encoder.info.templates)
    prototypes = build_prototypes(encoder.embed_text, prompts, config.prompts.distractor_max_cosine)
    kinds = embed_phrases(encoder.embed_text, prompts.templates, cohort.kinds)
    return Scorer(prototypes, config.scorer, config.drift, config.background.tau, cohort, kinds)


def hear(
    scorer: Scorer, encoder: Encoder, corpus: Corpus, words: list[str], half: int
) -> Iterator[ScoredClip]:
    """Yield each clip of a half that matters here."""
    clips = [
        clip
        for clip in corpus.clips
        if clip.is_in(FOLDS)
        and clip.is_audible
        and half_of(clip.group) == half
        and (clip.kind != "event" or clip.label in words)
    ]
    silence = np.zeros(encoder.dim, np.float32)
    with progress(f"half {half}", len(clips)) as advance:
        for clip in clips:
            rows = [
                list(scorer.score(encoder.embed_audio(window)[0], silence, 0, 1).values.values())
                for window in _windows(load(corpus.find(clip.path), encoder.sample_rate), encoder)
            ]
            yield ScoredClip(clip, np.array(rows))
            advance()


def _windows(samples: NDArray[np.float32], encoder: Encoder) -> Iterator[NDArray[np.float32]]:
    """Yield float32 (1, window_len), a second apart; a shorter clip lies amid silence."""
    short = max(encoder.window_len - len(samples), 0)
    padded = np.pad(samples, (short // 2, short - short // 2))
    for start in range(0, len(padded) - encoder.window_len + 1, encoder.sample_rate):
        yield padded[np.newaxis, start : start + encoder.window_len]


class Tally:
    """False alarms and finds at each rate that is asked for, by recording."""

    def __init__(
        self, heard: list[ScoredClip], words: list[str], others: dict[str, NDArray[np.bool_]]
    ) -> None:
        self._words = words
        alarms: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(ASKED)))
        hours: dict[str, float] = defaultdict(float)
        found: dict[tuple[str, str], list[NDArray[np.bool_]]] = defaultdict(list)
        thresholds = 1.0 / (1.0 + np.array(ASKED))
        for one in heard:
            group = one.clip.group
            if one.clip.kind == "event":
                best = one.scores[:, words.index(one.clip.label)].max()
                found[one.clip.label, group].append(best >= thresholds)
                continue
            over = one.scores[:, others[one.clip.label], np.newaxis] >= thresholds
            begins = over & ~np.concatenate([np.zeros_like(over[:1]), over[:-1]])
            alarms[group] += begins.sum(axis=(0, 1))
            hours[group] += len(one.scores) / 3600.0
        groups = sorted(hours)
        self.alarms = np.array([alarms[group] for group in groups])
        self.hours = np.array([hours[group] for group in groups])
        self.found = {key: np.array(rows) for key, rows in sorted(found.items())}

    def figures(self, rng: np.random.Generator | None) -> NDArray[np.float64]:
        """Return false alarms an hour of a word, and mean recall over words, (2, rates).

        Parameters
        ----------
        rng
            Draws recordings; None: all of them, once each.
        """
        drawn = (
            np.arange(len(self.hours)) if rng is None else rng.integers(len(self.hours), size=len(self.hours))
        )
        rate = self.alarms[drawn].sum(axis=0) / self.hours[drawn].sum() / len(self._words)
        recalls = []
        for word in self._words:
            rows = [rows for (label, _), rows in self.found.items() if label == word]
            kept = _draw(len(rows), rng)
            recalls.append(np.concatenate([rows[at] for at in kept]).mean(axis=0))
        return np.array([rate, np.mean(recalls, axis=0)])


def _draw(count: int, rng: np.random.Generator | None) -> NDArray[np.int64]:
    return np.arange(count) if rng is None else rng.integers(count, size=count)


def others_of(encoder: Encoder, corpus: Corpus, words: list[str]) -> dict[str, NDArray[np.bool_]]:
    """Return, by label, which words say something else."""
    labels = sorted({clip.label for clip in corpus.clips})
    phrases = list(map(as_words, (*labels, *words)))
    vectors = embed_phrases(encoder.embed_text, encoder.info.templates, phrases)
    same = vectors[: len(labels)] @ vectors[len(labels) :].T >= SAME_WORDS
    return dict(zip(labels, ~same, strict=True))


def main() -> None:
    """Print a table as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/index.csv"), help="index of clips")
    parser.add_argument("--model", default="embedded", help="model to hear with")
    args = parser.parse_args()
    encoder, corpus = load_encoder(args.model), read_data(args.data)
    words = words_of(corpus)
    others = others_of(encoder, corpus, words)
    tallies = []
    for half in (0, 1):
        scorer = make_scorer(encoder, corpus, words, half)
        tallies.append(Tally(list(hear(scorer, encoder, corpus, words, 1 - half)), words, others))
    plain = np.mean([one.figures(None) for one in tallies], axis=0)
    rng = np.random.default_rng(0)
    drawn = [np.mean([one.figures(rng) for one in tallies], axis=0) for _ in range(BOOTSTRAP_ROUNDS)]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    table = [
        {
            "asked_per_hour": rate,
            "realised_per_hour": [round(float(x[0, at]), 3) for x in (plain, low, high)],
            "recall": [round(float(x[1, at]), 3) for x in (plain, low, high)],
        }
        for at, rate in enumerate(ASKED)
    ]
    sources = sum(len(one.hours) for one in tallies)
    counted = {
        "words": len(words),
        "word_hours": round(len(words) * float(sum(one.hours.sum() for one in tallies)), 1),
        "ordinary_recordings": sources,
        "recordings_of_words": sum(len(one.found) for one in tallies),
    }
    print(json.dumps({"n": counted, "table": table}, indent=1))


if __name__ == "__main__":
    main()
