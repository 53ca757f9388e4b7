"""Models of a few kilobytes that ONNX Runtime really runs, written without the onnx library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from monitor.models.manifest import ModelEntry, ModelFile
from monitor.models.store import StoredModel, write_entry

DIM = 8
SAMPLE_RATE = 1600
WINDOW_LEN = 160
WORDS = (
    "dog", "barking", "glass", "breaking", "siren", "a", "baby", "cries", "in", "the", "next", "room", "rain",
    "falls", "on", "tin", "roof", "while", "people", "are", "talking",
)  # fmt: skip
_FLOAT, _INT64 = 1, 7
_KINDS = {"float32": _FLOAT, "int64": _INT64}


@dataclass(frozen=True)
class TinyModel:
    """The files of a model."""

    audio: bytes
    text: bytes
    tokenizer: bytes
    entry: ModelEntry

    def write(self, folder: Path) -> StoredModel:
        """Write the files and `model.toml` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in ("audio", "text", "tokenizer"):
            (folder / getattr(self.entry, part).file).write_bytes(getattr(self, part))
        write_entry(self.entry, folder)
        return StoredModel(folder.name, self.entry, folder)


def tiny_model(
    *,
    seed: int = 0,
    audio: bytes = b"",
    text: bytes = b"",
    tokenizer: bytes = b"",
    **fields: object,
) -> TinyModel:
    """Make a model; its files can be given, and any field of its entry."""
    audio, text, tokenizer = audio or waveform_tower(seed), text or text_tower(seed), tokenizer or words()
    entry = ModelEntry(
        audio=ModelFile("audio.onnx", sha256(audio)),
        text=ModelFile("text.onnx", sha256(text)),
        tokenizer=ModelFile("tokenizer.json", sha256(tokenizer)),
        sample_rate=SAMPLE_RATE,
        window_len=WINDOW_LEN,
        dim=DIM,
        licence="none",
        source=f"a test, seed {seed}",
        prompt="{}",
        max_tokens=16,
    )
    return TinyModel(audio, text, tokenizer, msgspec.structs.replace(entry, **fields))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def words(vocabulary: tuple[str, ...] = WORDS) -> bytes:
    """A tokenizer that knows some words; all others are one token."""
    ids = {word: number for number, word in enumerate(("[UNK]", *vocabulary))}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer.to_str().encode()


def waveform_tower(seed: int = 0, length: int = WINDOW_LEN, dim: int = DIM) -> bytes:
    weights = _random(seed, (length, dim))
    return graph(
        [node("MatMul", ["audio", "weights"], ["embedding"])],
        [value("audio", _FLOAT, ["n", length])],
        [value("embedding", _FLOAT, ["n", dim])],
        {"weights": weights},
    )


def log_mel_tower(seed: int = 0) -> bytes:
    """An audio tower that takes a spectrogram, as public CLAP files do."""
    return graph(
        [
            node("ReduceSum", ["input_features", "axes"], ["pooled"], keepdims=0),
            node("MatMul", ["pooled", "weights"], ["audio_embeds"]),
        ],
        [value("input_features", _FLOAT, ["n", 1, 1001, 64])],
        [value("audio_embeds", _FLOAT, ["n", DIM])],
        {"axes": np.array([1, 2]), "weights": _random(seed, (64, DIM))},
    )


def text_tower(seed: int = 0, *, mask: bool = True) -> bytes:
    """The sum of a vector per token; with `mask`, of those it lets through."""
    tensors = {"vectors": _random(seed, (64, DIM)), "axes": np.array([1]), "last": np.array([2])}
    nodes = [node("Gather", ["vectors", "input_ids"], ["found"])]
    if mask:
        nodes += [
            node("Cast", ["attention_mask"], ["share"], to=_FLOAT),
            node("Unsqueeze", ["share", "last"], ["column"]),
            node("Mul", ["found", "column"], ["heard"]),
        ]
    nodes.append(node("ReduceSum", ["heard" if mask else "found", "axes"], ["text_embeds"], keepdims=0))
    names = ["input_ids", "attention_mask"] if mask else ["input_ids"]
    inputs = [value(name, _INT64, ["n", "t"]) for name in names]
    return graph(nodes, inputs, [value("text_embeds", _FLOAT, ["n", DIM])], tensors)


def graph(
    nodes: list[bytes], inputs: list[bytes], outputs: list[bytes], tensors: dict[str, NDArray[np.generic]]
) -> bytes:
    """A serialised ONNX model, operator set 17."""
    parts = [_field(1, one) for one in nodes] + [_field(2, b"tower")]
    parts += [_field(5, _tensor(name, array)) for name, array in tensors.items()]
    parts += [_field(11, one) for one in inputs] + [_field(12, one) for one in outputs]
    return _number(1, 8) + _field(7, b"".join(parts)) + _field(8, _number(2, 17))


def node(operator: str, inputs: list[str], outputs: list[str], **integers: int) -> bytes:
    names = [_field(1, name.encode()) for name in inputs] + [_field(2, name.encode()) for name in outputs]
    attributes = [
        _field(5, _field(1, name.encode()) + _number(3, number) + _number(20, 2))
        for name, number in integers.items()
    ]
    return b"".join([*names, _field(4, operator.encode()), *attributes])


def value(name: str, kind: int, shape: list[int | str]) -> bytes:
    sizes = [_number(1, size) if isinstance(size, int) else _field(2, size.encode()) for size in shape]
    dims = b"".join(_field(1, size) for size in sizes)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, kind) + _field(2, dims)))


def _tensor(name: str, array: NDArray[np.generic]) -> bytes:
    dims = b"".join(_number(1, size) for size in array.shape)
    kind = _number(2, _KINDS[str(array.dtype)])
    return dims + kind + _field(8, name.encode()) + _field(9, array.tobytes())


def _random(seed: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, content: int) -> bytes:
    return _varint(number << 3) + _varint(content)


def _varint(number: int) -> bytes:
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])
