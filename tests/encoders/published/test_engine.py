"""MS-CLAP, AudioCLIP and Wav2CLIP from files laid out as they are published, of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing

import monitor
from monitor.encoders import Encoder
from monitor.encoders.published.catalogue import PUBLICATIONS, TOKENIZER
from monitor.errors import ModelAbsent, ModelError

torch = pytest.importorskip("torch", reason="published models need the extra rivals")
pytest.importorskip("transformers", reason="published models need the extra rivals")

from monitor.encoders.published import audioclip, clip_text, msclap, wav2clip  # noqa: E402
from tests.encoders.published import files  # noqa: E402

NAMES = tuple(PUBLICATIONS)
SMALL = {
    "msclap": files.msclap(first=2, layers=1, width=64),
    "msclap23": files.msclap23(embed=32, depths=(2, 1, 1, 1), layers=1, width=64),
    "audioclip": files.audioclip(depths=(1, 1, 1, 1), layers=1, width=64),
    "wav2clip": files.wav2clip(),
}
"""Few layers and channels, but every kind of tensor there is."""
MILLIONS = {"msclap": (83, 111), "msclap23": (29, 126), "audioclip": (32, 64), "wav2clip": (12, 63)}
"""Parameters of the audio tower and the text tower."""
LABELS = ["siren", "dog barking", "rain"]


def small(folder: Path, name: str, **changed: Any) -> Path:
    """Write a small model of a kind; a tensor that is changed to None is left out."""
    tensors = files.by_lot(SMALL[name])
    tensors |= changed
    kept = {key: value for key, value in tensors.items() if value is not None}
    words = files.by_lot(files.transformers_text(1, 64, 512)) if name == "wav2clip" else {}
    return files.write(folder / name, name, kept, words)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fetched")
    for name in NAMES:
        small(root, name)
    return root


@pytest.fixture(scope="module")
def encoders(root: Path) -> dict[str, Encoder]:
    return {name: monitor.load_encoder(str(root / name)) for name in NAMES}


def sounds(encoder: Encoder, count: int = 2) -> Any:
    """Noise, then a tone in less noise."""
    random = np.random.default_rng(0)
    found = 0.1 * random.standard_normal((count, encoder.window_len))
    found[1:] = 0.1 * found[1:] + tone(1000.0, encoder).numpy()
    return found.astype(np.float32)


def tone(hz: float, encoder: Encoder) -> Any:
    time = np.arange(encoder.window_len) / encoder.sample_rate
    return torch.from_numpy((0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32))[None]


@pytest.mark.parametrize("name", NAMES)
def test_sound_and_words_land_in_one_space_of_the_published_size(
    encoders: dict[str, Encoder], name: str
) -> None:
    encoder, publication = encoders[name], PUBLICATIONS[name]
    heard, words = encoder.embed_audio(sounds(encoder)), encoder.embed_text(LABELS)
    assert (encoder.sample_rate, encoder.window_len) == (
        publication.sample_rate,
        5 * publication.sample_rate,
    )
    assert heard.shape == (2, publication.dim)
    assert words.shape == (3, publication.dim)
    assert np.linalg.norm(heard, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(words, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.abs(heard[0] - heard[1]).max() > 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_each_word_has_an_embedding_of_its_own(encoders: dict[str, Encoder], name: str) -> None:
    words = encoders[name].embed_text(LABELS)
    assert (words @ words.T)[np.triu_indices(3, 1)].max() < 0.99999


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_is_heard_alike_alone_and_beside_others(encoders: dict[str, Encoder], name: str) -> None:
    encoder = encoders[name]
    windows = sounds(encoder)
    windows[1] *= 8.0
    together = encoder.embed_audio(windows)
    for row, window in zip(together, windows, strict=True):
        assert encoder.embed_audio(window[None])[0] == pytest.approx(row, abs=1e-5)
    assert np.isfinite(encoder.embed_audio(np.zeros_like(windows))).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_tensor_that_is_missing_or_has_no_place_is_refused(tmp_path: Path, name: str) -> None:
    norms = {
        "msclap": "audio_encoder.base.bn0.weight",
        "msclap23": "audio_encoder.base.htsat.norm.weight",
        "audioclip": "audio.att3.bn.weight",
        "wav2clip": "audio_encoder.bn1.weight",
    }
    with pytest.raises(ModelError, match=r"lack 1 tensors, .* the first; they are not the published ones"):
        monitor.load_encoder(str(small(tmp_path / "a", name, **{norms[name]: None})))
    stray = norms[name].rpartition(".")[0] + ".stray"
    with pytest.raises(ModelError, match="have, and should not, 1 tensors"):
        monitor.load_encoder(str(small(tmp_path / "b", name, **{stray: torch.zeros(3)})))


REAL: dict[str, tuple[Any, Any]] = {
    "msclap": (msclap.audio_tower, files.msclap),
    "msclap23": (msclap.audio_tower, files.msclap23),
    "audioclip": (audioclip.audio_tower, files.audioclip),
    "wav2clip": (wav2clip.audio_tower, files.wav2clip),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_published_tensor_of_the_real_shape_has_its_place(name: str) -> None:
    """On torch's device without memory: names and shapes must agree, values do not matter."""
    audio_tower, shapes = REAL[name]
    tensors = files.empty(shapes())
    words = files.empty(files.transformers_text(12, 512, 512)) if name == "wav2clip" else tensors
    text_tower: Any = msclap.text_tower if name.startswith("msclap") else clip_text.text_tower
    with torch.device("meta"):
        towers = audio_tower(tensors), text_tower(words)
    millions = tuple(round(sum(one.numel() for one in tower.parameters()) / 1e6) for tower in towers)
    assert (
        millions
        == {"msclap": (83, 111), "msclap23": (29, 126), "audioclip": (32, 64), "wav2clip": (12, 63)}[name]
    )


@pytest.mark.parametrize("name", ["msclap", "msclap23"])
def test_the_front_end_of_ms_clap_is_power_in_the_stored_bands_in_decibels(
    encoders: dict[str, Encoder], name: str
) -> None:
    tensors = files.by_lot(SMALL[name])
    tower = msclap.audio_tower(tensors)
    sound = torch.from_numpy(sounds(encoders[name])[1:])
    found = tower.decibels(sound)[0, 0]

    samples = np.pad(sound[0].numpy().astype(np.float64), 512, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 1024)[::320] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    stored = next(one for key, one in tensors.items() if key.endswith("melW")).numpy()
    assert found.shape == (1 + 5 * 44_100 // 320, 64)
    assert found.numpy() == pytest.approx(10 * np.log10(np.maximum(power @ stored, 1e-10)), abs=1e-2)


def test_the_network_of_2023_hears_five_seconds_repeated_to_seven(encoders: dict[str, Encoder]) -> None:
    tower = msclap.audio_tower(files.by_lot(SMALL["msclap23"]))
    sound = torch.from_numpy(sounds(encoders["msclap23"], 1))
    whole = torch.cat([sound, sound], dim=1)[:, : 7 * 44_100]
    with torch.inference_mode():
        assert tower(sound).numpy() == pytest.approx(tower(whole).numpy(), abs=1e-5)


def test_the_text_of_2023_is_read_off_its_last_token(encoders: dict[str, Encoder]) -> None:
    """Published code pads to 77 with `!`, the token 0, behind a causal mask: what comes after is not seen."""
    tower = msclap.text_tower(files.by_lot(SMALL["msclap23"]))
    ids = torch.tensor([[15496, 995]])
    with torch.inference_mode():
        padded = torch.nn.functional.pad(torch.cat([ids, torch.tensor([[220, 50256]])], 1), (0, 73))
        mask = (torch.arange(77) < 4).long()[None]
        hidden = tower.network(input_ids=padded, attention_mask=mask).last_hidden_state[:, 3]
        assert tower(ids).numpy() == pytest.approx(tower.projection(hidden).numpy(), abs=1e-5)


def test_audioclip_puts_a_tone_where_its_transform_has_it_before_it_learns(
    encoders: dict[str, Encoder],
) -> None:
    """Order 0 and bandwidth 1 make the splines a Fourier transform of 2048 points, 21.5 Hz a bin."""
    tower = audioclip.AudioClip((1, 1, 1, 1), 4).eval()
    sound = tone(1000.0, encoders["audioclip"])
    with torch.inference_mode():
        image, louder = tower.spectrogram(torch.cat([sound, 2.0 * sound])).reshape(2, 1023, 392)[..., 196]
    loudest = int(image.argmax())
    assert abs(loudest - 1000 * 2048 / 44_100) < 1.0
    assert float(louder[loudest] - image[loudest]) == pytest.approx(6.02, abs=0.05)


def test_wav2clip_takes_no_notice_of_level(encoders: dict[str, Encoder]) -> None:
    encoder = encoders["wav2clip"]
    windows = sounds(encoder)
    assert np.sum(encoder.embed_audio(windows) * encoder.embed_audio(4 * windows), axis=1) == pytest.approx(
        1.0, abs=1e-3
    )


def test_one_text_network_in_both_kinds_of_names_gives_the_same() -> None:
    theirs = files.by_lot(files.openai_text(2, 64, 32))
    tower = clip_text.text_tower(theirs)
    again = clip_text.text_tower(tower.network.state_dict())
    ids = torch.tensor([[49406, 320, 1125, 49407]])
    with torch.inference_mode():
        assert tower(ids).numpy() == pytest.approx(again(ids).numpy(), abs=1e-6)
        longer = torch.nn.functional.pad(ids, (0, 73))  # as published: zeros, which a causal mask hides
        assert tower(ids).numpy() == pytest.approx(tower(longer).numpy(), abs=1e-5)


def test_a_pickle_that_holds_more_than_weights_is_refused(root: Path, tmp_path: Path) -> None:
    folder = small(tmp_path, "audioclip")
    torch.save({"audio.conv1.weight": torch.nn.Linear(2, 2)}, folder / "AudioCLIP-Full-Training.pt")
    with pytest.raises(ModelError, match="holds more than weights"):
        monitor.load_encoder(str(folder))


@pytest.mark.parametrize("name", NAMES)
def test_a_tokenizer_of_five_tokens_is_refused(root: Path, tmp_path: Path, name: str) -> None:
    folder = small(tmp_path, name)
    made = Tokenizer(WordLevel({str(place): place for place in range(5)}))
    made.save(str(folder / TOKENIZER))
    with pytest.raises(ModelError, match=f"knows 5 tokens, the model {PUBLICATIONS[name].tokens.vocabulary}"):
        monitor.load_encoder(str(folder)).embed_text(["siren"])


def test_a_tokenizer_with_other_numbers_is_refused(tmp_path: Path) -> None:
    folder = small(tmp_path, "audioclip")
    made = files.tokenizer(PUBLICATIONS["audioclip"])
    made.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    made.save(str(folder / TOKENIZER))
    with pytest.raises(ModelError, match="the tokenizer turns 'a photo of a cat' into"):
        monitor.load_encoder(str(folder)).embed_text(["siren"])


def test_the_hash_of_the_weights_is_in_the_identity(root: Path, encoders: dict[str, Encoder]) -> None:
    from monitor.models.store import sha256_of

    sha256 = sha256_of(root / "audioclip" / "AudioCLIP-Full-Training.pt")
    assert encoders["audioclip"].info.identity == f"audioclip-{sha256[:12]}"


def test_what_is_fetched_is_found_by_its_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_MODELS", str(root))
    assert monitor.load_encoder("wav2clip").info.name == "wav2clip"
    monkeypatch.setenv("MONITOR_MODELS", str(root / "none"))
    with pytest.raises(ModelAbsent, match=r"lacks CLAP_weights_2022.pth .* and tokenizer.json"):
        monitor.load_encoder("msclap")
