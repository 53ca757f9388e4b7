"""What is made of streams window by window, before any threshold: by words, and by taggers' own classes.

For a tagger a class is its AudioSet classes (`tools.maintain.tagging.KINDS`), their odds added up: no word,
no cohort and no background is in it. The teacher hears windows cut from one spectrogram of the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.encoders import Encoder
from monitor.pipeline.scorers import Scorers
from monitor.records import ClassPrompt, Window
from tools.maintain.tagging import columns
from tools.train.joint_space import audioset_names
from tools.train.teacher import RATE, Teacher
from tools.train.yamnet import RATE as YAMNET_RATE
from tools.train.yamnet import WINDOW_LEN as YAMNET_LEN
from tools.train.yamnet import Yamnet, labels_of

_HOP = 320
"""Samples from frame to frame of the teacher's spectrogram."""
_TOGETHER = 8
_LEAST = 1e-4
"""Probabilities of YAMNet are kept this far from 0 and 1."""


class Listener(Protocol):
    """Something that tells classes apart."""

    @property
    def name(self) -> str:
        """What it is called in a table and in file names."""

    def hear(self, samples: NDArray[np.float32], windows: Sequence[Window], /) -> NDArray[np.float64]:
        """Return log-odds (n, classes) where each window ends, of float32 samples at 32 kHz."""


class Words:
    """A model of the program and typed words, on the scale of its cohort, no background taken off."""

    def __init__(self, encoder: Encoder, classes: Sequence[ClassPrompt]) -> None:
        self.name = encoder.info.name
        self._encoder = encoder
        self._scorer = Scorers(encoder, classes, with_tuning(Config(), encoder.info.tuning)).make({})

    def hear(self, _: NDArray[np.float32], windows: Sequence[Window], /) -> NDArray[np.float64]:
        """Return log-odds (n, classes)."""
        points = [self._encoder.embed_audio(one.samples[np.newaxis])[0] for one in windows]
        return self._scorer.log_odds(np.stack(points))


class TeacherTags:
    """EfficientAT mn04, with windows of so many seconds; shorter ones where a stream begins."""

    def __init__(self, folder: Path, classes: Sequence[str], window_s: int) -> None:
        self.name = f"teacher_{window_s}s"
        self._frames = window_s * RATE // _HOP
        self._teacher = Teacher(folder).eval()
        names = audioset_names(folder)
        self._columns = [columns(one, names) for one in classes]

    @torch.inference_mode()
    def hear(self, samples: NDArray[np.float32], windows: Sequence[Window], /) -> NDArray[np.float64]:
        """Return log-odds (n, classes)."""
        mel = self._teacher.front(torch.from_numpy(samples.copy())[np.newaxis])
        ends = [min(one.stop // _HOP + 1, mel.shape[-1]) for one in windows]
        logits = np.zeros((len(ends), 527), np.float32)
        whole = [at for at, end in enumerate(ends) if end > self._frames]
        for first in range(0, len(whole), _TOGETHER):
            some = whole[first : first + _TOGETHER]
            cut = torch.cat([mel[..., ends[at] - self._frames - 1 : ends[at]] for at in some])
            logits[some] = self._teacher.network(cut)[1].numpy()
        for at in sorted(set(range(len(ends))) - set(whole)):
            logits[at] = self._teacher.network(mel[..., : ends[at]])[1][0].numpy()
        return added_up(logits, self._columns)


class YamnetTags:
    """YAMNet's public file, in LiteRT; it hears .975 s at a time."""

    name = "yamnet"

    def __init__(self, folder: Path, classes: Sequence[str]) -> None:
        self._network = Yamnet(folder, _LEAST)
        self._columns = [columns(one, labels_of(folder)) for one in classes]

    def hear(self, samples: NDArray[np.float32], windows: Sequence[Window], /) -> NDArray[np.float64]:
        """Return log-odds (n, classes)."""
        low = np.pad(soxr.resample(samples, RATE, YAMNET_RATE), (YAMNET_LEN, 0)).astype(np.float32)
        ends = [min(one.stop * YAMNET_RATE // RATE, len(low) - YAMNET_LEN) for one in windows]
        found = self._network.hear_windows(np.stack([low[end : end + YAMNET_LEN] for end in ends]))
        return added_up(found, self._columns)


def added_up(logits: NDArray[np.floating[Any]], chosen: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Return the log of the sum of the odds of the columns of each class, (n, classes), of (n, columns)."""
    each = [np.logaddexp.reduce(logits[:, list(own)].astype(np.float64), axis=1) for own in chosen]
    return np.stack(each, axis=1)
