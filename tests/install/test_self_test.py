"""Models that load, and yet do not work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.config.settings import ModelConfig
from monitor.encoders.onnx import OnnxEngine
from monitor.errors import ModelError
from monitor.install.self_test import self_test
from monitor.models.store import find_model
from tests.encoders.tiny_models import DIM, tiny_model, words


@dataclass
class Tower:
    """A text tower with a defect of choice. Satisfies `TextTower`."""

    mixes: bool = False
    """What it gives for a text depends on the others."""
    blind: bool = False
    scale: float = 1.0

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        seeds = [[0] if self.blind else list(row) for row in ids]
        rows = [np.random.default_rng(seed).standard_normal(DIM) for seed in seeds]
        found = np.array(rows, np.float32) * np.float32(self.scale)
        return found + 3.0 * found.mean(axis=0) * (len(ids) > 1) if self.mixes else found


@dataclass
class FakeEngine:
    """Satisfies `Engine`."""

    tower: Tower = field(default_factory=Tower)
    scale: float = 1.0
    deaf: bool = False
    batches: bool = False

    def audio(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = np.ones((len(sound), DIM), np.float32) if self.deaf else np.array(sound[:, :DIM])
        return (heard + 0.5) * np.float32(self.scale)

    def open_text(self) -> Tower:
        return self.tower


def test_the_model_in_the_box_passes() -> None:
    model = find_model("embedded")
    result = self_test(model, OnnxEngine(model, ModelConfig()))
    assert result.alike_texts < 0.95
    assert result.alike_sounds < 0.99
    assert result.batch == pytest.approx(1.0, abs=1e-5)


def test_a_sound_model_passes(tmp_path: Path) -> None:
    result = self_test(tiny_model().write(tmp_path), FakeEngine())
    assert result.batch == pytest.approx(1.0)


def test_a_tokenizer_that_lost_its_words_is_found(tmp_path: Path) -> None:
    model = tiny_model(tokenizer=words(("<s>", "</s>", "<pad>", "<mask>"))).write(tmp_path)
    with pytest.raises(ModelError, match="the tokenizer gives different texts the same tokens"):
        self_test(model, FakeEngine())


def test_a_text_tower_that_reads_nothing_is_found(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"different texts get the same embedding \(cosine 1\.000000\)"):
        self_test(tiny_model().write(tmp_path), FakeEngine(Tower(blind=True)))


def test_a_text_tower_that_mixes_its_batch_is_found(tmp_path: Path) -> None:
    model = tiny_model().write(tmp_path)
    with pytest.raises(ModelError, match="a text changes with the one beside it"):
        self_test(model, FakeEngine(Tower(mixes=True)))
    one_by_one = tiny_model(text_mask=False).write(tmp_path)
    assert self_test(one_by_one, FakeEngine(Tower(mixes=True))).batch == 1.0


@pytest.mark.parametrize("scale", [0.0, float("nan"), float("inf")])
def test_a_tower_that_gives_no_numbers_is_found(tmp_path: Path, scale: float) -> None:
    model = tiny_model().write(tmp_path)
    with np.errstate(invalid="ignore"):
        with pytest.raises(ModelError, match="audio embeddings are not of unit norm"):
            self_test(model, FakeEngine(scale=scale))
        with pytest.raises(ModelError, match="text embeddings are not of unit norm"):
            self_test(model, FakeEngine(Tower(scale=scale)))


def test_an_audio_tower_that_hears_nothing_is_found(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="different sounds get the same embedding"):
        self_test(tiny_model().write(tmp_path), FakeEngine(deaf=True))


def test_a_tower_of_another_space_is_found(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"text embeddings have {DIM} dimensions, not 5"):
        self_test(tiny_model(dim=5).write(tmp_path), FakeEngine())
