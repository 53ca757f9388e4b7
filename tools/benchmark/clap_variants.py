"""The ways to embed sound and text that `benchmark_clap.py` compares, each one call on arrays; sounds to try.

What laion-clap 1.1.7 takes, as found by installing it beside torch 2.13 and transformers 5.23:

- It pins numpy below 2, so Python 3.12 is the newest that will do, and brings some 80 packages, 1.9 GB with
  torch (weights-and-biases, librosa with numba, h5py, pandas and scikit-learn among them). The exporter's
  ml_dtypes asks for numpy 2 and runs with 1.26 all the same, so install `numpy<2` last.
- It imports torchvision and Pillow without declaring them. Of torchvision an unfused model uses nothing, so
  where it is not installed its names are stood in for here; `pip install pillow` does for the other.
- On import it loads three tokenizers from the hub. Offline, transformers 5 makes empty ones of five tokens
  and says nothing, so texts are given as token ids here.
- Its constructor fetches the weights of roberta-base, which a checkpoint then replaces. Here the text network
  starts with random weights instead.
- `load_ckpt` unpickles whatever the file holds. Here a state is handed over that was read with weights only.

Set HF_HUB_OFFLINE=1 before Python starts, or it tries the hub again and again.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Doubles = NDArray[np.float64]

SAMPLE_RATE = 48_000
"""Hz."""
WINDOW_LEN = 480_000
"""Samples: ten seconds."""
_LEVELS_DB = (-50.0, -3.0)
"""Peaks lie between these, full scale 0."""

TRANSFORMERS, LAION = "transformers", "laion-clap"
LABELS = {
    LAION: "laion-clap, torch",
    TRANSFORMERS: "transformers' ClapModel, torch",
    "public": "its graph as public files have it, log-mel in NumPy",
    "public-int8": "the same, uint8 as public files are",
    "fp32": "**exported, float32**",
    "int8": "**exported, int8**",
    "two": "exported, two pieces (5.12 s)",
    "one": "exported, one piece (2.56 s)",
}
"""Audio variants in the order of the tables."""
TEXT_LABELS = {
    LAION: "laion-clap, torch (pads to 77 tokens)",
    TRANSFORMERS: "transformers' ClapModel, torch",
    "text": "**exported, float32**",
    "text-int8": "**exported, int8**",
}
HF_FOLDER = "hf"
"""The weights as transformers writes them."""
HEARD_LEN = {"two": 245_760, "one": 122_880}
"""Samples an audio tower hears where it is not ten seconds."""

LAION_TOKENS = 77
"""Every text is padded to this length by laion-clap's own tokenizer."""
PADDING_ID = 1
"""RoBERTa's token for what is no text."""
_ROBERTA_ROWS, _ROBERTA_POSITIONS = 50_265, 514
_TORCHVISION = {
    "torchvision": (),
    "torchvision.datasets": (),
    "torchvision.ops": (),
    "torchvision.ops.misc": ("FrozenBatchNorm2d",),
    "torchvision.transforms": (
        "Normalize",
        "Compose",
        "RandomResizedCrop",
        "InterpolationMode",
        "ToTensor",
        "Resize",
        "CenterCrop",
    ),
}
"""Modules of torchvision that are imported, and the names taken from each."""


@dataclass(frozen=True)
class Variant:
    """One way to embed sound."""

    name: str
    embed: Callable[[Floats], Floats]
    """From sound, float32 (n, `heard_len(name)`), to float32 (n, 512), unit norm."""
    front: Callable[[Floats], object]
    """Its front end alone, on the same sound."""


def heard_len(name: str) -> int:
    """Return the samples a variant takes."""
    return HEARD_LEN.get(name, WINDOW_LEN)


def open_audio(name: str, folder: Path, weights: Path, threads: int, *, spinning: bool = False) -> Variant:
    """Load one variant; torch runs on as many threads as its environment says."""
    if name == TRANSFORMERS:
        return _transformers_audio(folder)
    if name == LAION:
        return _laion_audio(weights)
    session = open_graph(folder / f"{name}.onnx", threads, spinning=spinning)
    if name.startswith("public"):
        return Variant(name, lambda sound: _run(session, _pictures(sound)), _pictures)
    front_name = name if name in HEARD_LEN else "fp32"
    front = open_graph(folder / f"{front_name}-front.onnx", threads, spinning=spinning)
    return Variant(name, lambda sound: _run(session, sound), lambda sound: _run(front, sound))


def open_text(name: str, folder: Path, weights: Path, threads: int) -> Callable[[Ids], Floats]:
    """Load one way to embed texts of one length, token ids (n, t)."""
    if name == LAION:
        return _laion(weights).embed_tokens
    if name == TRANSFORMERS:
        return _transformers_text(folder)
    session = open_graph(folder / f"{name}.onnx", threads)

    def embed(ids: Ids) -> Floats:
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return np.asarray(session.run(None, feed)[0])

    return embed


def open_graph(path: Path, threads: int, *, spinning: bool = False) -> Any:
    """Open a graph as `monitor` does; 0 threads and spinning are ONNX Runtime's own settings."""
    from monitor.encoders.runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = min(threads, 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def _run(session: Any, given: NDArray[Any]) -> Floats:
    return np.asarray(session.run(None, {session.get_inputs()[0].name: given})[0])


def _rounded(sound: Floats) -> Floats:
    """Round sound to 16 bits, as laion-clap does and the graphs exported from its weights do."""
    steps = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    return np.asarray(steps / np.float32(32767), np.float32)


def _pictures(sound: Floats) -> Floats:
    """Draw what a graph without a front end takes, as `monitor` does."""
    from monitor.encoders.log_mel import log_mel

    return log_mel(_rounded(sound), "slaney")[:, None]


def _transformers_audio(folder: Path) -> Variant:
    import torch
    from transformers import ClapFeatureExtractor

    model = _transformers(folder)
    extractor = ClapFeatureExtractor(frequency_min=50, frequency_max=14_000, truncation="rand_trunc")

    def front(sound: Floats) -> Any:
        return extractor(list(_rounded(sound)), sampling_rate=SAMPLE_RATE, return_tensors="pt")

    def embed(sound: Floats) -> Floats:
        with torch.inference_mode():
            return _unit(model.get_audio_features(**front(sound)))

    return Variant(TRANSFORMERS, embed, front)


def _transformers_text(folder: Path) -> Callable[[Ids], Floats]:
    import torch

    model = _transformers(folder)

    def embed(ids: Ids) -> Floats:
        with torch.inference_mode():
            given = torch.from_numpy(ids)
            return _unit(model.get_text_features(input_ids=given, attention_mask=torch.ones_like(given)))

    return embed


@lru_cache
def _transformers(folder: Path) -> Any:
    """Return the model as its users load it."""
    from transformers import ClapModel

    model: Any = ClapModel.from_pretrained(folder / HF_FOLDER, local_files_only=True)
    return model.eval()


def _unit(features: Any) -> Floats:
    """Return embeddings of unit norm; before transformers 5 they come bare."""
    import torch

    points = getattr(features, "pooler_output", features)
    return np.asarray(torch.nn.functional.normalize(points, dim=-1))


def _laion_audio(weights: Path) -> Variant:
    clap = _laion(weights)
    return Variant(LAION, clap.embed, clap.log_mel)


@lru_cache
def _laion(weights: Path) -> LaionClap:
    from monitor.export.weights import load_pickle

    return LaionClap(load_pickle(weights)["state_dict"])


class LaionClap:
    """An unfused model of laion-clap with HTSAT-tiny, in evaluation mode."""

    def __init__(self, state: Mapping[str, Tensor] | None = None) -> None:
        """Build the model with a checkpoint's state, or with the random weights it begins with."""
        package = import_laion_clap()
        self._clap = package.CLAP_Module(enable_fusion=False, device="cpu", amodel="HTSAT-tiny").eval()
        if state is not None:
            self._clap.model.load_state_dict(known_to(state, self._clap.model.state_dict()))

    @property
    def state(self) -> dict[str, Tensor]:
        """The weights, named as in a checkpoint."""
        return dict(self._clap.model.state_dict())

    def embed(self, windows: Floats) -> Floats:
        """Embed sound, float32 (n, 480000) at 48 kHz, as its users do: float32 (n, 512)."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._clap.get_audio_embedding_from_data(windows))

    def log_mel(self, windows: Floats) -> Tensor:
        """Compute the front end alone, behind the same rounding to 16 bits."""
        import torch

        rounded = np.clip(windows, -1, 1) * 32767
        sound = torch.from_numpy((rounded.astype(np.int16) / 32767).astype(np.float32))
        tower = self._clap.model.audio_branch
        with torch.inference_mode():
            picture: Tensor = tower.logmel_extractor(tower.spectrogram_extractor(sound))
            return picture

    def embed_tokens(self, ids: Ids) -> Floats:
        """Embed texts given as token ids, int64 (n, t), padded as its tokenizer does: float32 (n, 512)."""
        import torch

        padded, mask = pad(ids)
        given = {"input_ids": torch.from_numpy(padded), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            return np.asarray(self._clap.get_text_embedding(["given as ids"], tokenizer=lambda _: given))


def pad(ids: Ids) -> tuple[Ids, Ids]:
    """Pad token ids (n, t) to `LAION_TOKENS`; return them and their mask."""
    missing = ((0, 0), (0, LAION_TOKENS - ids.shape[1]))
    return np.pad(ids, missing, constant_values=PADDING_ID), np.pad(np.ones_like(ids), missing)


def known_to(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that the model has, without the prefix of training on several GPUs."""
    bare = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    return {name: tensor for name, tensor in bare.items() if name in wanted}


def import_laion_clap() -> Any:
    """Import laion-clap; stand in for what it takes from torchvision and from the hub.

    Raises
    ------
    ModuleNotFoundError
        It is not installed.
    """
    from transformers import RobertaModel  # before torchvision is stood in for: it looks for it, too

    if importlib.util.find_spec("torchvision") is None:
        for name, attributes in _TORCHVISION.items():
            stand_in(name, attributes)
    RobertaModel.from_pretrained = classmethod(_begin_randomly)  # type: ignore[method-assign, assignment]
    import laion_clap  # type: ignore[import-not-found]

    return laion_clap


def stand_in(name: str, attributes: Sequence[str]) -> None:
    """Register a module with these names in it, none of which does anything."""
    module = types.ModuleType(name)
    module.__spec__ = importlib.util.spec_from_loader(name, loader=None)
    for attribute in attributes:
        setattr(module, attribute, type(attribute, (), {}))
    sys.modules[name] = module
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules[above], last, module)


def _begin_randomly(model: Any, _name: str) -> Any:
    """Stand in for `RobertaModel.from_pretrained("roberta-base")`: the same network, random weights."""
    from transformers import RobertaConfig

    return model(
        RobertaConfig(
            vocab_size=_ROBERTA_ROWS,
            max_position_embeddings=_ROBERTA_POSITIONS,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
        )
    )


def make_sounds(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Make `count` sounds, the kinds in turn: float32 (count, 480000), full scale +-1.0."""
    rng = np.random.default_rng(seed)
    found = np.empty((count, WINDOW_LEN), np.float32)
    for number, sound in enumerate(found):
        made = _KINDS[number % len(_KINDS)](rng)
        sound[:] = made / np.abs(made).max() * 10 ** (rng.uniform(*_LEVELS_DB) / 20)
    return found


def _times() -> Doubles:
    return np.arange(WINDOW_LEN) / SAMPLE_RATE


def _tone(rng: np.random.Generator) -> Doubles:
    """Sum harmonics of one steady pitch."""
    pitch_hz, levels = rng.uniform(80, 3000), rng.uniform(0, 1, 6)
    return np.asarray(
        sum(level * np.sin(2 * np.pi * pitch_hz * k * _times()) for k, level in enumerate(levels, 1))
    )


def _wail(rng: np.random.Generator) -> Doubles:
    """Sweep a pitch up and down."""
    low_hz, span_hz, rate_hz = rng.uniform(300, 900), rng.uniform(200, 2000), rng.uniform(0.2, 6)
    pitch_hz = low_hz + span_hz * (0.5 + 0.5 * np.sin(2 * np.pi * rate_hz * _times()))
    return np.asarray(np.sin(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE))


def _noise(rng: np.random.Generator) -> Doubles:
    """Draw noise whose spectrum falls, is flat, or rises."""
    spectrum = np.fft.rfft(rng.normal(size=WINDOW_LEN))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** rng.uniform(-1.2, 0.4)
    return np.asarray(np.fft.irfft(spectrum, WINDOW_LEN))


def _beeps(rng: np.random.Generator) -> Doubles:
    """Switch a high tone on and off."""
    on = (_times() * rng.uniform(0.5, 5)) % 1 < rng.uniform(0.1, 0.7)
    return np.asarray(on * np.sin(2 * np.pi * rng.uniform(1500, 4500) * _times()) + 1e-4 * _noise(rng))


def _knocks(rng: np.random.Generator) -> Doubles:
    """Strike something that rings a few milliseconds, some times."""
    sound = 1e-4 * rng.normal(size=WINDOW_LEN)
    ring = np.exp(-np.arange(4800) / rng.uniform(100, 1000)) * rng.normal(size=4800)
    for start in rng.integers(0, WINDOW_LEN - 4800, rng.integers(3, 20)):
        sound[start : start + 4800] += ring
    return sound


def _babble(rng: np.random.Generator) -> Doubles:
    """Let noise in two bands swell at the pace of syllables."""
    swell = np.maximum(0, np.sin(2 * np.pi * rng.uniform(2, 5) * _times() + 3 * np.sin(_times()))) ** 2
    low = _noise(rng) * np.sin(2 * np.pi * rng.uniform(200, 800) * _times())
    return np.asarray(swell * low + 0.01 * _noise(rng))


_KINDS: tuple[Callable[[np.random.Generator], Doubles], ...] = (
    _tone,
    _wail,
    _noise,
    _beeps,
    _knocks,
    _babble,
)
