from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import monitor
from monitor.encoders import Encoder
from monitor.errors import ModelError


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
    ort = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in ort.get_available_providers():
        pytest.skip("this machine has the CUDA provider")
    with pytest.raises(ModelError, match="not available here"):
        monitor.load_encoder(provider="cuda")
    with pytest.raises(ModelError, match="no provider 'tpu'; legal: cpu, cuda"):
        monitor.load_encoder(provider="tpu")


def test_loading_the_model_in_the_box_needs_no_torch() -> None:
    """In a process of its own: tests of the tools may have imported torch into this one."""
    program = "import sys, monitor; monitor.load_encoder(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=50).returncode == 0
