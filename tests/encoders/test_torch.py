"""The torch path against transformers' own pipeline, on a random tiny model of the real architecture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import monitor
from monitor.encoders import Encoder
from monitor.errors import ModelError
from tests.encoders.tiny_models import words

torch = pytest.importorskip("torch", reason="the torch path needs the extra export")
transformers = pytest.importorskip("transformers", reason="the torch path needs the extra export")

LABELS = ["dog barking", "siren", "a baby cries in the next room"]


def tiny_clap(folder: Path, *, fusion: bool = False) -> Any:
    """Write a checkpoint as Hugging Face lays it out, and return the model."""
    tokenizer = words()
    text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    audio = {
        "depths": [1, 1, 1, 1], "patch_embeds_hidden_size": 8, "num_attention_heads": [1, 1, 2, 2],
        "hidden_size": 64, "enable_fusion": fusion, "fusion_type": "aff_2d" if fusion else None,
        "enable_patch_layer_norm": True,
    }  # fmt: skip
    torch.manual_seed(0)
    vocabulary = len(json.loads(tokenizer)["model"]["vocab"])
    config = transformers.ClapConfig(
        text_config={**text, "vocab_size": vocabulary}, audio_config=audio, projection_dim=8
    )
    model = transformers.ClapModel(config).eval()
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(tokenizer)
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    tiny_clap(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return monitor.load_encoder(str(folder), provider="torch")


def sounds(length: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    random = np.random.default_rng(0)
    return (0.1 * random.standard_normal((2, length))).astype(np.float32)


def test_a_checkpoint_says_itself_what_it_takes(encoder: Encoder, folder: Path) -> None:
    assert (encoder.sample_rate, encoder.window_len, encoder.dim) == (48_000, 480_000, 8)
    assert encoder.info.hop_s == 1.0
    assert encoder.info.name == folder.name


@pytest.mark.parametrize("fusion", [False, True], ids=["unfused", "fused"])
@pytest.mark.parametrize("window_s", [0.0, 3.0], ids=["10 s", "3 s repeated"])
def test_sound_becomes_what_transformers_makes_of_it(tmp_path: Path, fusion: bool, window_s: float) -> None:
    model = tiny_clap(tmp_path, fusion=fusion)
    encoder = monitor.load_encoder(str(tmp_path), provider="torch", window_s=window_s)
    windows = sounds(encoder.window_len)
    extractor = transformers.ClapFeatureExtractor(
        frequency_min=50, truncation="fusion" if fusion else "rand_trunc"
    )
    given = extractor(list(windows), sampling_rate=48_000, return_tensors="pt")
    given["is_longer"] = torch.zeros((2, 1), dtype=torch.bool)  # the extractor calls one at random longer
    with torch.inference_mode():
        expected = model.get_audio_features(**given)
    expected = getattr(expected, "pooler_output", expected).numpy()
    assert np.sum(encoder.embed_audio(windows) * expected, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_words_become_what_transformers_makes_of_them(folder: Path, encoder: Encoder) -> None:
    model = transformers.ClapModel.from_pretrained(folder).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    for label, ours in zip(LABELS, encoder.embed_text(LABELS), strict=True):
        ids = torch.tensor([tokenizer(label)["input_ids"]])
        with torch.inference_mode():
            expected = model.get_text_features(input_ids=ids)
        assert ours == pytest.approx(getattr(expected, "pooler_output", expected).numpy()[0], abs=1e-5)


def test_a_pickled_checkpoint_is_not_read(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "config.json", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"model\.safetensors: No such file"):
        monitor.load_encoder(str(tmp_path), provider="torch")


def test_a_name_is_no_folder() -> None:
    with pytest.raises(ModelError, match="provider = torch reads a Hugging Face folder"):
        monitor.load_encoder("clap", provider="torch")


@pytest.mark.parametrize(
    ("config", "says"),
    [('{"model_type": "bert"}', "a model of type 'bert'"), ("{", "not valid"), ("[]", "not valid")],
)
def test_another_configuration_is_refused(tmp_path: Path, config: str, says: str) -> None:
    (tmp_path / "config.json").write_text(config, "utf-8")
    with pytest.raises(ModelError, match=says):
        monitor.load_encoder(str(tmp_path), provider="torch")


def test_damaged_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "model.safetensors").write_bytes(b"12345678")
    with pytest.raises(ModelError, match="cannot be loaded"):
        monitor.load_encoder(str(tmp_path / "copy"), provider="torch")


def test_weights_that_are_missing_are_not_made_up(folder: Path, tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "model.safetensors"
    weights = safetensors.load_file(path)
    del weights["audio_projection.linear1.weight"]
    safetensors.save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(
        ModelError, match=r"lacks 1 of the model's weights, audio_projection\.linear1\.weight"
    ):
        monitor.load_encoder(str(tmp_path / "copy"), provider="torch")
