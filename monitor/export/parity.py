"""Compares exported graphs with their source model in torch, input by input.

The reference hears through transformers' own feature extractor, so that the front end, the repeat padding
and the network are judged together. A fused source is told that no sound is longer than ten seconds: its
extractor, given only short ones, would call one of them longer by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from monitor.encoders.clap import INPUT_LEN
from monitor.encoders.log_mel import SAMPLE_RATE
from monitor.encoders.stored_encoder import repeat_to
from monitor.errors import ModelError
from monitor.export.bare_network import feed_of
from monitor.export.checkpoints import Checkpoint
from monitor.export.front_end import QUANTUM
from monitor.export.result import Comparison, Form, Parity, summarise

Floats = NDArray[np.float32]

SOURCE = "source in torch"
WHOLE = "the source on the same sound, repeated without a gap"
SHORT = "the same short tower in torch"
ALONE = "source in torch, each without padding"
LEAST_COSINE = 0.9999
"""What a float32 graph must reach against its source."""
EXPECTED: dict[Form, float] = {"fp32": LEAST_COSINE, "fp16": 0.999, "int8": 0.99}
"""What is worth a warning when it is not reached."""
TEXTS = (
    "siren",
    "dog barking",
    "the sound of glass breaking",
    "a baby cries in the next room while someone knocks at the door and rain falls on the roof",
)


@dataclass(frozen=True)
class Sound:
    """One test sound."""

    name: str
    samples: Floats
    """(t,), 48 kHz; shorter than the tower's input where repeat padding is part of the test."""


@dataclass(frozen=True)
class Tokens:
    """Texts of different lengths in one padded batch, int64 (n, t)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def make_sounds(input_len: int) -> list[Sound]:
    """Return sounds of every kind that trouble a front end: level, bandwidth, silence, padding."""
    random = np.random.default_rng(0)
    time_s = np.arange(input_len) / SAMPLE_RATE
    length_s = input_len / SAMPLE_RATE
    noise = random.standard_normal(input_len)
    sweep = np.sin(2.0 * np.pi * (50.0 * time_s + (14_000.0 - 50.0) / (2.0 * length_s) * time_s**2))
    chirp_s = time_s % 0.25
    chirps = np.sin(2.0 * np.pi * (500.0 * chirp_s + 8000.0 * chirp_s**2)) * np.exp(-8.0 * chirp_s)
    clicks = (np.arange(input_len) % 12_000 == 0) * 0.9
    sounds = {
        "noise at -20 dBFS": 0.1 * noise,
        "noise at -80 dBFS": 1e-4 * noise,
        "sweep 50 Hz to 14 kHz": 0.5 * sweep,
        "chirps in noise": 0.4 * chirps + 0.01 * noise,
        "clicks": clicks,
        "1 kHz, full scale": np.sin(2.0 * np.pi * 1000.0 * time_s),
        "silence": np.zeros(input_len),
        "a third, repeated": 0.3 * chirps[: input_len // 3] + 0.05 * noise[: input_len // 3],
        "0.37 of it, repeated, then zeros": 0.3 * chirps[: int(0.37 * input_len)],
    }
    return [Sound(name, samples.astype(np.float32)) for name, samples in sounds.items()]


def repeat_pad(samples: Floats, length: int) -> Floats:
    """Return `samples` repeated, whole, as often as they fit into `length`, then zeros."""
    return repeat_to(samples[np.newaxis], length)[0]


def repeat(sound: Sound, length: int) -> Sound:
    """Return ten seconds of what a tower of `length` samples hears, repeated without a gap."""
    return Sound(sound.name, np.resize(repeat_pad(sound.samples, length), INPUT_LEN))


def hear_source(checkpoint: Checkpoint, sounds: list[Sound]) -> Floats:
    """Return the source's embeddings, (n, dim)."""
    from transformers import ClapFeatureExtractor

    way = "fusion" if checkpoint.front_end.mel == "htk" else "rand_trunc"
    extractor = ClapFeatureExtractor(frequency_min=50, frequency_max=14_000, truncation=way)
    found = []
    for sound in sounds:
        samples = _rounded(sound.samples) if checkpoint.front_end.int16 else sound.samples
        features = extractor(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_features"]
        found.append(_embed_features(checkpoint.source, features.float()))
    return np.concatenate(found)


def read_source(checkpoint: Checkpoint, tokens: Tokens) -> Floats:
    """Return the source's text embeddings, (n, dim)."""
    model = checkpoint.source
    with torch.inference_mode():
        pooled = model.text_model(
            input_ids=torch.from_numpy(tokens.ids), attention_mask=torch.from_numpy(tokens.mask)
        ).pooler_output
        return _unit(model.text_projection(pooled))


def hear_tower(tower: Any, sounds: list[Sound], input_len: int) -> Floats:
    """Return the embeddings of a tower in torch, (n, dim)."""
    with torch.inference_mode():
        padded = (torch.from_numpy(repeat_pad(sound.samples, input_len))[None] for sound in sounds)
        return np.concatenate([tower(audio).numpy() for audio in padded])


def hear_graph(path: Path, sounds: list[Sound], input_len: int) -> Floats:
    """Return the embeddings of an exported graph, (n, dim)."""
    session = _open(path)
    first_input = session.get_inputs()[0].name
    padded = [repeat_pad(sound.samples, input_len)[None] for sound in sounds]
    return np.concatenate([session.run(None, feed_of(first_input, audio))[0] for audio in padded])


def read_graph(path: Path, tokens: Tokens) -> Floats:
    """Return the text embeddings of an exported graph, (n, dim), all in one padded batch."""
    feed = {"input_ids": tokens.ids, "attention_mask": tokens.mask}
    return np.asarray(_open(path).run(None, feed)[0])


def read_graph_alone(path: Path, tokens: Tokens) -> Floats:
    """Return the text embeddings of an exported graph, (n, dim), each text alone and without padding."""
    session = _open(path)
    found = []
    for ids, mask in zip(tokens.ids, tokens.mask, strict=True):
        feed = {"input_ids": ids[None, : mask.sum()], "attention_mask": mask[None, : mask.sum()]}
        found.append(session.run(None, feed)[0])
    return np.concatenate(found)


def tokenise(tokenizer: Path, pad_id: int, most: int) -> Tokens:
    """Return `TEXTS` as one padded batch."""
    from tokenizers import Tokenizer

    reader = Tokenizer.from_str(tokenizer.read_text("utf-8"))
    reader.enable_truncation(most)
    reader.enable_padding(pad_id=pad_id)
    encodings = reader.encode_batch(list(TEXTS))
    return Tokens(
        np.array([encoding.ids for encoding in encodings], np.int64),
        np.array([encoding.attention_mask for encoding in encodings], np.int64),
    )


def compare(comparison: Comparison, items: list[str], found: Floats, wanted: Floats) -> list[Parity]:
    """Return one row per input."""
    cosines = np.sum(found.astype(np.float64) * wanted, axis=1)
    lengths = np.linalg.norm(found.astype(np.float64), axis=1) * np.linalg.norm(
        wanted.astype(np.float64), axis=1
    )
    largest = np.abs(found - wanted).max(axis=1)
    return [
        Parity(comparison, item, float(min(cosine, 1.0)), float(most))
        for item, cosine, most in zip(items, cosines / lengths, largest, strict=True)
    ]


def judge(rows: list[Parity]) -> list[str]:
    """Return warnings about graphs that are not as near as expected.

    Raises
    ------
    ModelError
        A float32 graph is not its source.
    """
    warnings = []
    for row in summarise(row for row in rows if row.comparison.against != WHOLE):
        tower, form = row.comparison.tower, row.comparison.form
        found = f"the {tower} graph ({form}) has a cosine of {row.cosine:.5f} to its source"
        if form == "fp32" and not row.cosine > LEAST_COSINE:
            raise ModelError(
                f"The export failed: {found}, valid: above {LEAST_COSINE}; nothing was written. Other "
                "versions of torch and transformers may do better."
            )
        if not row.cosine > EXPECTED[form]:
            warnings.append(f"Warning: {found}, expected: above {EXPECTED[form]}.")
    return warnings


def _rounded(samples: Floats) -> Floats:
    """Return samples as laion-clap hears them, through 16 bits."""
    steps = (np.clip(samples, -1.0, 1.0) * QUANTUM).astype(np.int16)
    return (steps / QUANTUM).astype(np.float32)


def _embed_features(model: Any, features: torch.Tensor) -> Floats:
    with torch.inference_mode():
        is_longer = torch.zeros(len(features), 1, dtype=torch.bool)
        heard = model.audio_model(input_features=features, is_longer=is_longer)
        return _unit(model.audio_projection(heard.pooler_output))


def _unit(points: torch.Tensor) -> Floats:
    return np.asarray(torch.nn.functional.normalize(points.float(), dim=-1).numpy(), np.float32)


def _open(path: Path) -> Any:
    from monitor.encoders.runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
