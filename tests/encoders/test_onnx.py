from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import monitor
from monitor.config.settings import ModelConfig
from monitor.encoders import Encoder
from monitor.encoders.onnx import AudioTower, OnnxEngine, describe
from monitor.encoders.runtime import onnxruntime
from monitor.errors import ModelError
from monitor.models.store import StoredModel, find_model
from tests.encoders.tiny_models import (
    DIM,
    graph,
    log_mel_tower,
    node,
    text_tower,
    tiny_model,
    value,
)

BOOL = 9
"""Element type of onnx.proto3."""
_SPECTROGRAM = (1, 200, 128)
"""Of one window, as the box takes it."""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return monitor.load_encoder()


def test_sound_and_words_share_one_space_of_unit_vectors(encoder: Encoder) -> None:
    random = np.random.default_rng(0)
    audio = encoder.embed_audio(random.standard_normal((3, encoder.window_len)).astype(np.float32) * 0.1)
    text = encoder.embed_text(["dog bark", "siren"])
    assert audio.shape == (3, encoder.dim)
    assert text.shape == (2, encoder.dim)
    assert np.linalg.norm(audio, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(text, axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "amplitude", [0.0, 1e-9, 1e-4, 1.0, 100.0], ids=["silence", "tiny", "faint", "full", "clipped"]
)
def test_any_level_gives_a_finite_unit_vector(encoder: Encoder, amplitude: float) -> None:
    noise = np.random.default_rng(1).standard_normal((1, encoder.window_len)).astype(np.float32)
    embedding = encoder.embed_audio(noise * np.float32(amplitude))
    assert np.isfinite(embedding).all()
    assert float(np.linalg.norm(embedding)) == pytest.approx(1.0, abs=1e-4)


def test_a_batch_of_windows_equals_one_at_a_time(encoder: Encoder) -> None:
    windows = np.random.default_rng(2).standard_normal((4, encoder.window_len)).astype(np.float32) * 0.1
    one_by_one = np.concatenate([encoder.embed_audio(window[np.newaxis]) for window in windows])
    assert encoder.embed_audio(windows) == pytest.approx(one_by_one, abs=1e-4)


def test_padding_in_a_batch_of_texts_changes_nothing(encoder: Encoder) -> None:
    texts = ["siren", "a small dog barks twice while a train passes in the rain", "door"]
    one_by_one = np.concatenate([encoder.embed_text([text]) for text in texts])
    assert encoder.embed_text(texts) == pytest.approx(one_by_one, abs=1e-4)


def test_synonyms_are_nearer_than_strangers(encoder: Encoder) -> None:
    dog, puppy, siren = encoder.embed_text(["dog bark", "a barking dog", "siren"])
    assert dog @ puppy > dog @ siren


def test_any_text_can_be_embedded(encoder: Encoder) -> None:
    odd = ["", "   ", "xqzt", "日本語", "😀", "word " * 500]
    assert np.isfinite(encoder.embed_text(odd)).all()


def test_nothing_in_nothing_out(encoder: Encoder) -> None:
    assert encoder.embed_text([]).shape == (0, encoder.dim)
    assert encoder.embed_audio(np.zeros((0, encoder.window_len), np.float32)).shape == (0, encoder.dim)


def test_wrong_shapes_and_values_that_are_not_numbers_are_refused(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="windows must be"):
        encoder.embed_audio(np.zeros((1, 7), np.float32))
    with pytest.raises(ValueError, match="not numbers"):
        encoder.embed_audio(np.full((1, encoder.window_len), np.nan, np.float32))


def test_a_provider_that_is_not_there_is_refused_and_does_not_fall_back() -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has the CUDA provider")
    with pytest.raises(ModelError, match="not available here"):
        monitor.load_encoder(provider="cuda")
    with pytest.raises(ModelError, match="no provider 'tpu'; valid: cpu, cuda, torch"):
        monitor.load_encoder(provider="tpu")


def test_loading_the_model_in_the_box_needs_no_torch() -> None:
    """In a process of its own: tests of the tools may have imported torch into this one."""
    program = "import sys, monitor; monitor.load_encoder(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=50).returncode == 0


def test_a_graph_is_described_without_being_run() -> None:
    model = find_model("embedded")
    graph = describe(model, model.entry.audio)
    assert [str(port) for port in graph.inputs] == ["input_features float (any, 1, 200, 128)"]
    assert [str(port) for port in graph.outputs] == [f"embedding float (any, {model.entry.dim})"]


def test_what_is_no_graph_cannot_be_described(tmp_path: Path) -> None:
    model = tiny_model(audio=b"no graph").write(tmp_path / "mine")
    with pytest.raises(ModelError, match=r"Model 'mine': .* cannot be read as ONNX at byte"):
        describe(model, model.entry.audio)


def test_arrays_that_stay_on_the_device_give_what_arrays_that_are_copied_give() -> None:
    """On a GPU they stay; the same binding works without one."""
    model = find_model("embedded")
    tower = open_tower(model, device="cpu")
    copying = open_tower(model, device=None)
    random = np.random.default_rng(0)
    for count in (1, 3, 1, 2, 4, 5, 1):  # more sizes than are kept
        spectrograms = random.standard_normal((count, *_SPECTROGRAM)).astype(np.float32)
        assert (tower.embed(spectrograms) == copying.embed(spectrograms)).all()


def test_an_embedding_outlives_the_next_call() -> None:
    model = find_model("embedded")
    tower = open_tower(model, device="cpu")
    random = np.random.default_rng(0)
    spectrograms = random.standard_normal((2, 1, *_SPECTROGRAM)).astype(np.float32)
    first = tower.embed(spectrograms[0])
    kept = first.copy()
    tower.embed(spectrograms[1])
    assert (first == kept).all()


@pytest.mark.parametrize("device", [None, "cpu"])
def test_a_tower_of_a_public_file_gets_a_spectrogram(tmp_path: Path, device: str | None) -> None:
    model = tiny_model(audio=log_mel_tower(), front_end="log_mel").write(tmp_path / "public")
    spectrogram = np.random.default_rng(0).standard_normal((2, 1, 1001, 64)).astype(np.float32)
    assert open_tower(model, device).embed(spectrogram).shape == (2, DIM)


@pytest.mark.parametrize("device", [None, "cpu"])
def test_a_tower_that_asks_is_told_that_no_window_is_longer_than_its_own(
    tmp_path: Path, device: str | None
) -> None:
    content = graph(
        [node("Cast", ["is_longer"], ["embedding"], to=1), node("Identity", ["input_features"], ["unused"])],
        [value("input_features", 1, ["n", 1, 1001, 64]), value("is_longer", BOOL, ["n", 1])],
        [value("embedding", 1, ["n", 1])],
        {},
    )
    model = tiny_model(audio=content, front_end="log_mel", dim=1).write(tmp_path / "fused")
    assert (open_tower(model, device).embed(np.zeros((2, 1, 1001, 64), np.float32)) == 0.0).all()


def test_a_tower_that_needs_another_front_end_than_the_entry_says_is_refused(tmp_path: Path) -> None:
    model = tiny_model(audio=log_mel_tower()).write(tmp_path / "public")
    with pytest.raises(ModelError, match="needs front_end = 'log_mel', the entry says 'waveform'"):
        OnnxEngine(model, ModelConfig())


def test_a_text_tower_without_mask_reads_words(tmp_path: Path) -> None:
    content = text_tower(mask=False)
    model = tiny_model(text=content, text_mask=False).write(tmp_path / "public")
    masked = tiny_model().write(tmp_path / "own")
    texts = ["dog barking", "siren"]
    assert load_folder(model).embed_text(texts) == pytest.approx(
        load_folder(masked).embed_text(texts), abs=1e-6
    )


def load_folder(model: StoredModel) -> Encoder:
    return monitor.load_encoder(str(model.folder))


def open_tower(model: StoredModel, device: str | None) -> AudioTower:
    path = model.folder / model.entry.audio.file
    return AudioTower(onnxruntime.InferenceSession(path), model.entry.dim, device)
