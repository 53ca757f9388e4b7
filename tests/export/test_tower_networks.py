"""The networks that are exported, beside transformers' own, in torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.encoders.log_mel import log_mel

torch = pytest.importorskip("torch", reason="torch is not installed; it comes with the extra 'export'")
pytest.importorskip("transformers", reason="transformers is not installed; it comes with the extra 'export'")

from monitor.export.front_end import FrontEndSpec, LogMel  # noqa: E402
from monitor.export.swin import Grid, Htsat, position_bias  # noqa: E402
from monitor.export.tower_networks import AudioTower, Stretch, TextTower  # noqa: E402
from tests.export import tiny  # noqa: E402


def make_sound(length: int = 480_000) -> Any:
    time_s = np.arange(length) / 48_000
    noise = 0.05 * np.random.default_rng(0).standard_normal((2, length))
    noise[1] += 0.6 * np.sin(2.0 * np.pi * (200.0 + 400.0 * time_s) * time_s)
    return torch.from_numpy(noise.astype(np.float32))


def source_embedding(model: Any, spectrograms: Any) -> Any:
    shorter = torch.zeros(len(spectrograms), 1, dtype=torch.bool)
    heard = model.audio_model(input_features=spectrograms, is_longer=shorter).pooler_output
    return torch.nn.functional.normalize(model.audio_projection(heard), dim=-1)


@pytest.mark.parametrize("mel", ["slaney", "htk"])
def test_the_front_end_draws_what_the_encoders_own_draws(mel: Any) -> None:
    sound = make_sound(48_000)
    found = LogMel(FrontEndSpec(mel))(sound).numpy()
    assert found.shape == (2, 101, 64)
    assert found[0] == pytest.approx(log_mel(sound.numpy(), mel)[0], abs=1e-3)


@pytest.mark.parametrize(("mel", "way"), [("slaney", "rand_trunc"), ("htk", "fusion")])
def test_the_front_end_draws_what_the_published_extractor_draws(mel: Any, way: str) -> None:
    from transformers import ClapFeatureExtractor

    sound = make_sound()[:1]
    extractor = ClapFeatureExtractor(frequency_min=50, truncation=way)
    wanted = extractor(sound[0].numpy(), sampling_rate=48_000, return_tensors="np")["input_features"][0, 0]
    assert LogMel(FrontEndSpec(mel))(sound)[0].numpy() == pytest.approx(wanted, abs=1e-3)


def test_a_checkpoint_trained_on_16_bits_hears_16_bits() -> None:
    sound = make_sound(9600) * 3.0
    steps = (np.clip(sound.numpy(), -1.0, 1.0) * 32767.0).astype(np.int16)
    rounded = torch.from_numpy((steps / 32767.0).astype(np.float32))
    assert torch.equal(
        LogMel(FrontEndSpec("slaney", int16=True))(sound), LogMel(FrontEndSpec("slaney"))(rounded)
    )


def test_silence_is_the_least_power_everywhere() -> None:
    assert LogMel(FrontEndSpec("slaney"))(torch.zeros(1, 4800)).unique().tolist() == [-100.0]


def test_a_spectrogram_is_stretched_as_torch_stretches_it() -> None:
    spectrogram = torch.rand(2, 1001, 64)
    wanted = torch.nn.functional.interpolate(
        spectrogram[:, None], (1024, 64), mode="bicubic", align_corners=True
    )[:, 0]
    assert Stretch(1001, 1024)(spectrogram).numpy() == pytest.approx(wanted.numpy(), abs=1e-4)


def test_every_patch_is_in_one_window() -> None:
    for grid in (Grid(64, 64, 64), Grid(16, 64, 64), Grid(4, 16, 16)):
        for shifted in (False, True):
            assert sorted(grid.windows(shifted).reshape(-1)) == list(range(grid.rows * grid.columns))


def test_the_bias_of_a_whole_window_is_the_sources() -> None:
    block = tiny.make_model(tiny.make_config()).audio_model.audio_encoder.layers[0].blocks[0]
    own = block.attention.self
    wanted = (
        own.relative_position_bias_table[own.relative_position_index.view(-1)]
        .view(64, 64, -1)
        .permute(2, 0, 1)
    )
    assert torch.allclose(position_bias(own.relative_position_bias_table, 8), wanted)


@pytest.mark.parametrize("fused", [False, True], ids=["unfused", "fused"])
@pytest.mark.parametrize("depths", [[2, 2, 2, 2], [1, 3, 2, 1]], ids=["even", "odd"])
def test_the_network_computes_what_the_source_computes(fused: bool, depths: list[int]) -> None:
    model = tiny.make_model(tiny.make_config(fused=fused, depths=depths))
    tower = AudioTower(model, FrontEndSpec("slaney")).eval()
    with torch.inference_mode():
        spectrograms = tower.log_mel(make_sound())[:, None]
        wanted = source_embedding(model, spectrograms.repeat(1, 4, 1, 1) if fused else spectrograms)
        found = tower(make_sound())
    assert found.numpy() == pytest.approx(wanted.numpy(), abs=2e-6)


def test_a_tower_of_the_published_size_computes_what_the_source_computes() -> None:
    config = tiny.make_config(
        patch_embeds_hidden_size=96,
        hidden_size=768,
        depths=[2, 2, 6, 2],
        num_attention_heads=[4, 8, 16, 32],
        projection_dim=512,
    )
    model = tiny.make_model(config)
    tower = AudioTower(model, FrontEndSpec("slaney")).eval()
    sound = make_sound()[:1]
    with torch.inference_mode():
        wanted = source_embedding(model, tower.log_mel(sound)[:, None])
        assert tower(sound).numpy() == pytest.approx(wanted.numpy(), abs=2e-6)


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_short_tower_is_near_the_whole_one_on_a_spectrogram_that_repeats(pieces: int) -> None:
    encoder = tiny.make_model(tiny.make_config()).audio_model.audio_encoder
    spectrogram = torch.randn(1, 256 * pieces, 64)
    with torch.inference_mode():
        short = Htsat(encoder, pieces).eval()(spectrogram)
        whole = Htsat(encoder).eval()(spectrogram.repeat(1, 4 // pieces, 1))
    assert float(torch.nn.functional.cosine_similarity(short, whole)) > 0.99


def test_padding_changes_no_text() -> None:
    tower = TextTower(tiny.make_model(tiny.make_config())).eval()
    ids = torch.tensor([[0, 9, 8, 2, 1, 1], [0, 7, 6, 5, 4, 2]])
    with torch.inference_mode():
        together = tower(ids, (ids != 1).long())
        alone = tower(ids[:1, :4], torch.ones(1, 4, dtype=torch.int64))
    assert together[:1].numpy() == pytest.approx(alone.numpy(), abs=1e-6)
    assert together.norm(dim=1).numpy() == pytest.approx(1.0, abs=1e-6)
