"""What the audio teacher (EfficientAT) and a model of the program hear in whole clips, window by window."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.corpus.clips import load
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.evaluation.methods.embedding_store import EmbeddingStore
from monitor.evaluation.methods.stream_runner import METHODS, listen_to
from monitor.evaluation.synthesis.plans import StreamPlan
from monitor.evaluation.synthesis.streams import Stream
from monitor.names import as_words
from monitor.scoring.prompts import parse_classes

WINDOW_S, HOP_S = 2.0, 0.5
"""What the teacher hears at a time, and how far apart."""
SHOWN_TAGS = 6
"""The strongest so many are told."""
KINDS: Mapping[str, tuple[str, ...]] = {
    "baby_cry": ("Baby cry, infant cry",),
    "car_horn": ("Vehicle horn, car horn, honking", "Toot", "Air horn, truck horn"),
    "dog_bark": ("Dog", "Bark", "Yip", "Bow-wow"),
    "door_knock": ("Knock",),
    "doorbell": ("Doorbell", "Ding-dong"),
    "fire_smoke_alarm": ("Smoke detector, smoke alarm", "Fire alarm"),
    "glass_break": ("Shatter",),
    "gunshot": ("Gunshot, gunfire", "Machine gun", "Fusillade", "Artillery fire", "Cap gun"),
    "scream": ("Screaming",),
    "siren": (
        "Siren",
        "Civil defense siren",
        "Police car (siren)",
        "Ambulance (siren)",
        "Fire engine, fire truck (siren)",
    ),
}
"""Class -> AudioSet classes of the teacher that are it; other classes: those that are named as it is."""


@dataclass(frozen=True)
class Tags:
    """What the teacher hears in the windows of one clip."""

    starts_s: NDArray[np.float64]
    """(n,) begin of each window."""
    probabilities: NDArray[np.float32]
    """(n, 527)."""
    names: Sequence[str]

    def of(self, class_name: str) -> NDArray[np.float32]:
        """Return the probability of a class in each window, (n,)."""
        return self.probabilities[:, columns(class_name, self.names)].max(axis=1)

    def strongest(self, start_s: float, stop_s: float) -> str:
        """Return the tags of most probability within a span, as `Name .87; Name .41`."""
        inside = (self.starts_s + WINDOW_S > start_s) & (self.starts_s < stop_s)
        most = self.probabilities[inside].max(axis=0)
        chosen = np.argsort(-most)[:SHOWN_TAGS]
        return "; ".join(f"{self.names[at]} {most[at]:.2f}" for at in chosen)


class Hearing:
    """The teacher and a model that hear whole clips."""

    def __init__(self, teacher: Path, encoder: Encoder, classes: Sequence[str]) -> None:
        from tools.train.teacher import Teacher

        self._teacher = Teacher(teacher).eval()
        with (teacher / "class_labels_indices.csv").open(newline="", encoding="utf-8") as file:
            self.names = [row["display_name"] for row in csv.DictReader(file)]
        for name in classes:
            columns(name, self.names)
        self._encoder = encoder
        self._classes = parse_classes(",".join(classes))

    def tags(self, path: Path) -> Tags:
        """Return what the teacher hears."""
        import torch

        from tools.train.teacher import RATE

        samples = load(path, RATE)
        window, hop = round(WINDOW_S * RATE), round(HOP_S * RATE)
        if len(samples) < window:
            samples = np.pad(samples, (0, window - len(samples)))
        starts = np.arange(0, len(samples) - window + 1, hop)
        logits = []
        with torch.inference_mode():
            for at in range(0, len(starts), 32):
                windows = np.stack([samples[start : start + window] for start in starts[at : at + 32]])
                logits.append(self._teacher(torch.from_numpy(windows))[1].sigmoid().numpy())
        return Tags(starts / RATE, np.concatenate(logits), self.names)

    def scores(self, path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """Return the end of each of the model's windows in seconds, and its scores by class."""
        rate = self._encoder.sample_rate
        samples = load(path, rate)
        samples = np.pad(samples, (0, max(0, self._encoder.window_len - len(samples))))
        stream = Stream(StreamPlan("clip", rate, len(samples), None, ()), samples)
        plain = {"zero-shot": METHODS["zero-shot"]}
        heard = next(listen_to([stream], EmbeddingStore(self._encoder, None), self._classes, Config(), plain))
        stops = np.array([score.stop / rate for score in heard.scores])
        values = {
            one.name: np.array([score.values[one.name] for score in heard.scores]) for one in self._classes
        }
        return stops, values


def columns(class_name: str, names: Sequence[str]) -> list[int]:
    """Return the teacher's classes that are a class of ours; one that has none is refused."""
    wanted = KINDS.get(class_name) or tuple(name for name in names if name.lower() == as_words(class_name))
    if not wanted:
        raise ConfigError(
            f"The teacher has no class for {class_name!r}; valid: {', '.join(KINDS)}, or an AudioSet name."
        )
    return [names.index(name) for name in wanted]
