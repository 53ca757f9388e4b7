"""MS-CLAP of 2022 (CNN14, BERT; arXiv 2206.04769) and of 2023 (HTSAT, GPT-2; arXiv 2309.05767).

Sound at 44.1 kHz; frames of 1024 samples every 320, centred, the signal reflected at both ends, periodic Hann
window; power in the 64 mel bands that are stored with the weights; ``10 log10(max(x, 1e-10))``
(package msclap 1.3.4, models/audio.py and models/htsat.py). The bands of 2023 were made for 32 kHz and so lie
38 % higher; being stored, they are what they were. Which of the two it is, is read off the tensors.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.encoders.laion_names import to_transformers
from monitor.encoders.published.fitting import Tensors, below, count, fit, shape, without
from monitor.errors import ModelError

_FRAME_LEN, _HOP_LEN = 1024, 320
_LEAST_POWER = 1e-10
_HTSAT_LEN = 7 * 44_100
"""Samples that the network of 2023 takes; a shorter sound is repeated and cut."""
_HEAD = 64
"""Channels of one attention head of either text network; the number of heads shows in no shape."""
_END = (220, 50_256)
"""` <|endoftext|>` in GPT-2's tokens, which stands after every text."""
_AUDIO, _TEXT = "audio_encoder.", "caption_encoder."
_FRONT_END = (r"spectrogram_extractor\.", r"logmel_extractor\.", r"fc_audioset\.")
_CAUSAL_MASKS = (r"h\.\d+\.attn\.(masked_)?bias$",)


class Projection(nn.Module):
    """Into the joint space."""

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, dim, bias=False)
        self.linear2 = nn.Linear(dim, dim, bias=False)
        self.layer_norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (n, dim)."""
        first = self.linear1(x)
        found: Tensor = self.layer_norm(first + self.linear2(functional.gelu(first)))
        return found


class _ConvBlock(nn.Module):
    """Two convolutions."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (n, out, h, w)."""
        inner = self.bn1(self.conv1(x)).relu()
        found: Tensor = self.bn2(self.conv2(inner)).relu()
        return found


class Cnn14(nn.Module):
    """Decibels, float32 (n, 1, t, 64), to float32 (n, out) (Q. Kong et al., 2020)."""

    def __init__(self, widths: tuple[int, ...], out: int) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(64)
        for number, (channels, width) in enumerate(zip((1, *widths), widths, strict=False), start=1):
            self.add_module(f"conv_block{number}", _ConvBlock(channels, width))
        self.fc1 = nn.Linear(widths[-1], out)
        self._blocks = len(widths)

    def forward(self, decibels: Tensor) -> Tensor:
        """Return the embedding before the projection: loudest moment and mean over time, added."""
        x = self.bn0(decibels.transpose(1, 3)).transpose(1, 3)
        for number in range(1, self._blocks + 1):
            x = self.get_submodule(f"conv_block{number}")(x)
            x = functional.avg_pool2d(x, 2) if number < self._blocks else x
        over_time = x.mean(dim=3)
        found: Tensor = self.fc1(over_time.amax(dim=2) + over_time.mean(dim=2)).relu()
        return found


class AudioTower(nn.Module):
    """Sound, float32 (n, t) at 44.1 kHz, to float32 (n, dim)."""

    window: Tensor
    bands: Tensor

    def __init__(self, network: Any, projection: Projection, bands: Tensor, length: int) -> None:
        """Take the network, the mel bands (513, 64), and the samples it hears; 0: any number."""
        super().__init__()
        self.network, self.projection, self.length = network, projection, length
        self.register_buffer("bands", bands)
        self.register_buffer("window", torch.hann_window(_FRAME_LEN))

    def decibels(self, audio: Tensor) -> Tensor:
        """Return float32 (n, 1, t, 64)."""
        spectrum = torch.stft(audio, _FRAME_LEN, _HOP_LEN, window=self.window, return_complex=True)
        power = spectrum.abs().square().transpose(1, 2) @ self.bands
        return 10.0 * torch.log10(power.clamp_min(_LEAST_POWER))[:, None]

    def forward(self, audio: Tensor) -> Tensor:
        """Return the embeddings."""
        if self.length:
            audio = audio.repeat(1, -(-self.length // audio.shape[1]))[:, : self.length]
        heard = self.network(self.decibels(audio))
        found: Tensor = self.projection(getattr(heard, "pooler_output", heard))
        return found


class TextTower(nn.Module):
    """Token ids, int64 (n, t), to float32 (n, dim)."""

    end: Tensor

    def __init__(self, network: Any, projection: Projection, end: tuple[int, ...]) -> None:
        """Take what stands after every text; nothing: the text is read off its first token, as BERT's."""
        super().__init__()
        self.network, self.projection = network, projection
        self.register_buffer("end", torch.tensor(end, dtype=torch.int64))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the embeddings; as published, with GPT-2 the token 0 (`!`) counts for none."""
        ids = torch.cat([ids, self.end.expand(len(ids), -1)], dim=1)
        place = (ids != 0).sum(dim=1) - 1 if len(self.end) else torch.zeros(len(ids), dtype=torch.int64)
        hidden = self.network(input_ids=ids).last_hidden_state
        found: Tensor = self.projection(hidden[torch.arange(len(ids)), place])
        return found


def audio_tower(tensors: Tensors) -> AudioTower:
    """Return the audio tower of a published file.

    Raises
    ------
    ModelError
        A tensor is missing or has another shape.
    """
    own = below(tensors, f"{_AUDIO}base.")
    htsat = below(own, "htsat.")
    stored = (htsat or own).get("logmel_extractor.melW")
    if stored is None:
        raise ModelError("The weights of MS-CLAP lack the mel bands, logmel_extractor.melW.")
    network: Any = _htsat(htsat) if htsat else _cnn14(own)
    return AudioTower(network, _projection(tensors, _AUDIO), stored, _HTSAT_LEN if htsat else 0)


def text_tower(tensors: Tensors) -> TextTower:
    """Return the text tower of a published file; errors as of `audio_tower`."""
    own = below(tensors, f"{_TEXT}base.")
    is_gpt2 = "wte.weight" in own
    network = _gpt2(own) if is_gpt2 else _bert(own)
    return TextTower(network, _projection(tensors, _TEXT), _END if is_gpt2 else ())


def _projection(tensors: Tensors, prefix: str) -> Projection:
    own = below(tensors, f"{prefix}projection.")
    dim, width = shape(own, "linear1.weight")
    return fit(Projection(width, dim), own, "projection of MS-CLAP")


def _cnn14(tensors: Tensors) -> Cnn14:
    blocks = count(tensors, r"conv_block(\d+)\.") - 1
    widths = tuple(shape(tensors, f"conv_block{number}.conv1.weight")[0] for number in range(1, blocks + 1))
    out = shape(tensors, "fc1.weight")[0]
    return fit(Cnn14(widths, out), without(tensors, _FRONT_END), "audio tower of MS-CLAP")


def _htsat(tensors: Tensors) -> Any:
    """Return transformers' network of the same kind, its tensors renamed as those of LAION-CLAP are."""
    from transformers import ClapAudioConfig, ClapAudioModel

    renamed = to_transformers({f"audio_branch.{name}": one for name, one in tensors.items()})
    own = below(renamed, "audio_model.")
    width = shape(tensors, "patch_embed.proj.weight")[0]
    stages = range(count(tensors, r"layers\.(\d+)\."))
    tables = [f"layers.{stage}.blocks.0.attn.relative_position_bias_table" for stage in stages]
    config = ClapAudioConfig(
        patch_embeds_hidden_size=width,
        hidden_size=width << (len(stages) - 1),
        depths=[count(tensors, rf"layers\.{stage}\.blocks\.(\d+)\.") for stage in stages],
        num_attention_heads=[shape(tensors, table)[1] for table in tables],
        enable_patch_layer_norm=True,
        enable_fusion=False,
    )
    return fit(ClapAudioModel(config), own, "audio tower of MS-CLAP")


def _bert(tensors: Tensors) -> Any:
    from transformers import BertConfig, BertModel

    vocabulary, width = shape(tensors, "embeddings.word_embeddings.weight")
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=count(tensors, r"encoder\.layer\.(\d+)\."),
        num_attention_heads=max(1, width // _HEAD),
        intermediate_size=shape(tensors, "encoder.layer.0.intermediate.dense.weight")[0],
        max_position_embeddings=shape(tensors, "embeddings.position_embeddings.weight")[0],
    )
    return fit(BertModel(config), tensors, "text tower of MS-CLAP")


def _gpt2(tensors: Tensors) -> Any:
    from transformers import GPT2Config, GPT2Model

    vocabulary, width = shape(tensors, "wte.weight")
    config = GPT2Config(
        vocab_size=vocabulary,
        n_embd=width,
        n_layer=count(tensors, r"h\.(\d+)\."),
        n_head=max(1, width // _HEAD),
        n_positions=shape(tensors, "wpe.weight")[0],
    )
    own = {name: one for name, one in tensors.items() if not re.match(_CAUSAL_MASKS[0], name)}
    return fit(GPT2Model(config), own, "text tower of MS-CLAP")
