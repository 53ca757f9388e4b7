"""Weights laid out as they are published, made by code: names and shapes by rule, values by lot.

The rules are read off the published sources, not off the networks that are tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from monitor.encoders.published.catalogue import PUBLICATIONS, TOKENIZER, Publication

Shapes = dict[str, tuple[int, ...]]
WORDS = ("siren", "dog", "barking", "rain")


def batch_norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (width,)
    yield f"{name}.num_batches_tracked", ()


def linear(name: str, out: int, width: int, *, bias: bool = True) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (out, width)
    if bias:
        yield f"{name}.bias", (out,)


def norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from ((f"{name}.weight", (width,)), (f"{name}.bias", (width,)))


def openai_text(layers: int, width: int, dim: int, vocabulary: int = 49_408) -> Shapes:
    """CLIP's text tower in OpenAI's names."""
    found: Shapes = {
        "token_embedding.weight": (vocabulary, width),
        "positional_embedding": (77, width),
        "text_projection": (width, dim),
        "logit_scale": (),
    }
    found.update(norm("ln_final", width))
    for layer in range(layers):
        at = f"transformer.resblocks.{layer}"
        found[f"{at}.attn.in_proj_weight"] = (3 * width, width)
        found[f"{at}.attn.in_proj_bias"] = (3 * width,)
        found.update(linear(f"{at}.attn.out_proj", width, width))
        found.update(norm(f"{at}.ln_1", width))
        found.update(norm(f"{at}.ln_2", width))
        found.update(linear(f"{at}.mlp.c_fc", 4 * width, width))
        found.update(linear(f"{at}.mlp.c_proj", width, 4 * width))
    return found


def transformers_text(layers: int, width: int, dim: int, vocabulary: int = 49_408) -> Shapes:
    """The same in the names of transformers' file, which holds the image tower too."""
    found: Shapes = {
        "text_model.embeddings.token_embedding.weight": (vocabulary, width),
        "text_model.embeddings.position_embedding.weight": (77, width),
        "text_model.embeddings.position_ids": (1, 77),
        "text_projection.weight": (dim, width),
        "visual_projection.weight": (dim, 8),
        "logit_scale": (),
    }
    found.update(norm("text_model.final_layer_norm", width))
    for layer in range(layers):
        at = f"text_model.encoder.layers.{layer}"
        for part in ("q", "k", "v", "out"):
            found.update(linear(f"{at}.self_attn.{part}_proj", width, width))
        found.update(norm(f"{at}.layer_norm1", width))
        found.update(norm(f"{at}.layer_norm2", width))
        found.update(linear(f"{at}.mlp.fc1", 4 * width, width))
        found.update(linear(f"{at}.mlp.fc2", width, 4 * width))
    return found


def esresnext(depths: tuple[int, ...], dim: int) -> Shapes:
    """AudioCLIP's audio tower."""
    found: Shapes = {"conv1.weight": (64, 3, 7, 7), "window": (1654,)}
    found |= {f"fbsp.{part}": (1025,) for part in ("m", "fb", "fc")}
    found.update(batch_norm("bn1", 64))
    kernels = ((3, 1), (1, 5), (3, 1), (1, 5), (3, 5))
    channels = 64
    for stage, depth in enumerate(depths, start=1):
        width, out = 128 << (stage - 1), 256 << (stage - 1)
        found.update(attention(f"att{stage}", channels, out, kernels[stage - 1]))
        for block in range(depth):
            at = f"layer{stage}.{block}"
            found[f"{at}.conv1.weight"] = (width, channels, 1, 1)
            found[f"{at}.conv2.weight"] = (width, width // 32, 3, 3)
            found[f"{at}.conv3.weight"] = (out, width, 1, 1)
            for number, size in enumerate((width, width, out), start=1):
                found.update(batch_norm(f"{at}.bn{number}", size))
            if block == 0:
                found[f"{at}.downsample.0.weight"] = (out, channels, 1, 1)
                found.update(batch_norm(f"{at}.downsample.1", out))
            channels = out
    found.update(attention("att5", channels, channels, kernels[4]))
    found.update(linear("fc", dim, channels))
    return found


def attention(name: str, channels: int, out: int, kernel: tuple[int, int]) -> Iterator[tuple[str, Any]]:
    yield f"{name}.conv_depth.weight", (channels, 1, *kernel)
    yield f"{name}.conv_depth.bias", (channels,)
    yield f"{name}.conv_point.weight", (out, channels, 1, 1)
    yield f"{name}.conv_point.bias", (out,)
    yield from batch_norm(f"{name}.bn", out)


def audioclip(depths: tuple[int, ...] = (3, 4, 6, 3), layers: int = 12, width: int = 512) -> Shapes:
    """The whole file, with a little of the image tower, which is passed over."""
    audio = {f"audio.{name}": shape for name, shape in esresnext(depths, 1024).items()}
    image: Shapes = {"visual.conv1.weight": (32, 3, 3, 3), "visual.attnpool.positional_embedding": (50, 8)}
    scales: Shapes = {"logit_scale_ai": (), "logit_scale_at": ()}
    return openai_text(layers, width, 1024) | audio | image | scales


def wav2clip(depths: tuple[int, ...] = (2, 2, 2, 2)) -> Shapes:
    """The audio side, and a little of what else it was trained with."""
    found: Shapes = {"conv1.weight": (64, 1, 7, 7), "spectrogram.window": (512,)}
    found.update(batch_norm("bn1", 64))
    channels = 64
    for stage, depth in enumerate(depths, start=1):
        width = 64 << (stage - 1)
        for block in range(depth):
            at = f"layer{stage}.{block}"
            found[f"{at}.conv1.weight"] = (width, channels, 3, 3)
            found[f"{at}.conv2.weight"] = (width, width, 3, 3)
            found.update(batch_norm(f"{at}.bn1", width))
            found.update(batch_norm(f"{at}.bn2", width))
            if block == 0 and stage > 1:
                found[f"{at}.downsample.0.weight"] = (width, channels, 1, 1)
                found.update(batch_norm(f"{at}.downsample.1", width))
            channels = width
    audio: Shapes = {f"audio_encoder.{name}": shape for name, shape in found.items()}
    for number in (0, 3):
        audio.update(linear(f"audio_transform.sequential.{number}", 512, 512))
    return audio | {"image_transform.sequential.0.weight": (512, 512)}


def projection(prefix: str, width: int, dim: int) -> Shapes:
    found: Shapes = {f"{prefix}.linear1.weight": (dim, width), f"{prefix}.linear2.weight": (dim, dim)}
    found.update(norm(f"{prefix}.layer_norm", dim))
    return found


def front_end() -> Shapes:
    return {
        "spectrogram_extractor.stft.conv_real.weight": (513, 1, 1024),
        "spectrogram_extractor.stft.conv_imag.weight": (513, 1, 1024),
        "logmel_extractor.melW": (513, 64),
    }


def msclap(first: int = 64, layers: int = 12, width: int = 768) -> Shapes:
    """The file of 2022: CNN14 whose first block has `first` channels, and BERT."""
    widths = [first << number for number in range(6)]
    audio: Shapes = front_end()
    audio.update(batch_norm("bn0", 64))
    for number, (channels, out) in enumerate(zip((1, *widths), widths, strict=False), start=1):
        at = f"conv_block{number}"
        audio[f"{at}.conv1.weight"], audio[f"{at}.conv2.weight"] = (out, channels, 3, 3), (out, out, 3, 3)
        audio.update(batch_norm(f"{at}.bn1", out))
        audio.update(batch_norm(f"{at}.bn2", out))
    audio.update(linear("fc1", widths[-1], widths[-1]))
    audio.update(linear("fc_audioset", 527, widths[-1]))
    return {
        **{f"audio_encoder.base.{name}": shape for name, shape in audio.items()},
        **projection("audio_encoder.projection", widths[-1], 1024),
        **{f"caption_encoder.base.{name}": shape for name, shape in bert(layers, width).items()},
        **projection("caption_encoder.projection", width, 1024),
        "logit_scale": (),
    }


def bert(layers: int, width: int) -> Shapes:
    found: Shapes = {
        "embeddings.word_embeddings.weight": (30_522, width),
        "embeddings.position_embeddings.weight": (512, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.position_ids": (1, 512),
    }
    found.update(norm("embeddings.LayerNorm", width))
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            found.update(linear(f"{at}.attention.{part}", width, width))
        found.update(norm(f"{at}.attention.output.LayerNorm", width))
        found.update(linear(f"{at}.intermediate.dense", 4 * width, width))
        found.update(linear(f"{at}.output.dense", width, 4 * width))
        found.update(norm(f"{at}.output.LayerNorm", width))
    found.update(linear("pooler.dense", width, width))
    return found


def msclap23(
    embed: int = 96, depths: tuple[int, ...] = (2, 2, 6, 2), layers: int = 12, width: int = 768
) -> Shapes:
    """The file of 2023: HTSAT and GPT-2."""
    audio = {f"htsat.{name}": shape for name, shape in (front_end() | htsat(embed, depths)).items()}
    return {
        **{f"audio_encoder.base.{name}": shape for name, shape in audio.items()},
        **projection("audio_encoder.projection", 8 * embed, 1024),
        **{f"caption_encoder.base.{name}": shape for name, shape in gpt2(layers, width).items()},
        **projection("caption_encoder.projection", width, 1024),
        "logit_scale": (),
    }


def htsat(embed: int, depths: tuple[int, ...]) -> Shapes:
    found: Shapes = {"patch_embed.proj.weight": (embed, 1, 4, 4), "patch_embed.proj.bias": (embed,)}
    found.update(batch_norm("bn0", 64))
    found.update(norm("patch_embed.norm", embed))
    for stage, depth in enumerate(depths):
        width, heads, side = embed << stage, 4 << stage, 64 >> stage
        for block in range(depth):
            at = f"layers.{stage}.blocks.{block}"
            found.update(norm(f"{at}.norm1", width))
            found[f"{at}.attn.relative_position_bias_table"] = (225, heads)
            found[f"{at}.attn.relative_position_index"] = (64, 64)
            found.update(linear(f"{at}.attn.qkv", 3 * width, width))
            found.update(linear(f"{at}.attn.proj", width, width))
            found.update(norm(f"{at}.norm2", width))
            found.update(linear(f"{at}.mlp.fc1", 4 * width, width))
            found.update(linear(f"{at}.mlp.fc2", width, 4 * width))
            if block % 2 and side > 8:
                found[f"{at}.attn_mask"] = ((side // 8) ** 2, 64, 64)
        if stage + 1 < len(depths):
            found[f"layers.{stage}.downsample.reduction.weight"] = (2 * width, 4 * width)
            found.update(norm(f"layers.{stage}.downsample.norm", 4 * width))
    last = embed << (len(depths) - 1)
    found.update(norm("norm", last))
    found |= {"tscam_conv.weight": (527, last, 2, 3), "tscam_conv.bias": (527,)}
    found.update(linear("head", 527, 527))
    return found


def gpt2(layers: int, width: int) -> Shapes:
    found: Shapes = {"wte.weight": (50_257, width), "wpe.weight": (1024, width)}
    for layer in range(layers):
        at = f"h.{layer}"
        found.update(norm(f"{at}.ln_1", width))
        found.update(norm(f"{at}.ln_2", width))
        found |= {f"{at}.attn.bias": (1, 1, 1024, 1024), f"{at}.attn.masked_bias": ()}
        for part, out, inner in (
            ("attn.c_attn", 3 * width, width),
            ("attn.c_proj", width, width),
            ("mlp.c_fc", 4 * width, width),
            ("mlp.c_proj", width, 4 * width),
        ):
            found |= {f"{at}.{part}.weight": (inner, out), f"{at}.{part}.bias": (out,)}
    found.update(norm("ln_f", width))
    return found


def empty(shapes: Shapes) -> dict[str, torch.Tensor]:
    """Return tensors of these shapes that take no memory."""
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def by_lot(shapes: Shapes, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return tensors of these shapes; what a network divides by is positive, and what counts is whole."""
    random = torch.Generator().manual_seed(seed)

    def make(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        if name.endswith(("num_batches_tracked", "position_ids", "relative_position_index")):
            return torch.zeros(shape, dtype=torch.int64)
        if name.endswith("melW"):
            return torch.cat([torch.eye(64).repeat_interleave(8, 0), torch.zeros(1, 64)])
        if name.endswith("fbsp.fc"):
            return torch.arange(shape[0], dtype=torch.float32)
        if name.endswith(("running_var", "fbsp.fb", "window")) or (
            len(shape) == 1 and name.endswith("weight")
        ):
            return 0.5 + torch.rand(shape, generator=random)
        fan_in = max(1, torch.Size(shape[1:]).numel())
        return torch.randn(shape, generator=random) / fan_in**0.5

    return {name: make(name, shape) for name, shape in shapes.items()}


def tokenizer(publication: Publication) -> Tokenizer:
    """Return a tokenizer of whole words with the size and the golden ids of the published one."""
    tokens = publication.tokens
    ((text, ids),) = tokens.golden.items()
    ends = {"openai": ("<|startoftext|>", "<|endoftext|>"), "google": ("[CLS]", "[SEP]")}
    first, last = next((pair for key, pair in ends.items() if key in tokens.address), ("", ""))
    is_framed = len(ids) > len(text.split())
    inner = ids[1:-1] if is_framed else ids
    known = dict(zip(text.split(), inner, strict=True))
    known |= {first: ids[0], last: ids[-1]} if is_framed else {}
    free = iter(place for place in range(1, tokens.vocabulary) if place not in known.values())
    known |= {word: next(free) for word in WORDS}
    known |= {"!": 0}
    taken = set(known.values())
    rest = {f"unused{place}": place for place in range(tokens.vocabulary) if place not in taken}
    made = Tokenizer(WordLevel(known | rest, unk_token="!"))  # noqa: S106 - a token of text
    made.pre_tokenizer = WhitespaceSplit()
    if is_framed:
        framed = [(first, ids[0]), (last, ids[-1])]
        made.post_processor = TemplateProcessing(single=f"{first} $A {last}", special_tokens=framed)
    made.enable_padding(length=77)
    return made


def write(folder: Path, name: str, tensors: Mapping[str, torch.Tensor], words: Mapping[str, Any]) -> Path:
    """Write the files of a published model as the user would have fetched them."""
    publication = PUBLICATIONS[name]
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model": dict(tensors)} if publication.family == "msclap" else dict(tensors)
    torch.save(content, folder / publication.weights)
    if publication.text_weights:
        from safetensors.torch import save_file

        save_file(dict(words), folder / publication.text_weights)
    tokenizer(publication).save(str(folder / TOKENIZER), pretty=False)
    return folder
