"""Which published models there are, their files, and what their front ends take.

========== ================================================== =========================================
name       audio tower                                        text tower
========== ================================================== =========================================
msclap     CNN14 at 44.1 kHz, 5 s (arXiv 2206.04769)          BERT, uncased
msclap23   HTSAT at 44.1 kHz, 7 s (arXiv 2309.05767)          GPT-2
audioclip  ESResNeXt at 44.1 kHz, 5 s (arXiv 2106.13043)      CLIP's of ResNet-50, trained with it
wav2clip   ResNet-18 at 16 kHz (arXiv 2110.11499)             CLIP's of ViT-B/32
========== ================================================== =========================================

All hear windows of 5 s here, ESC-50's length; msclap23 repeats them to its 7 s, as its package does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from monitor.errors import ModelAbsent
from monitor.files.paths import user_path
from monitor.models.manifest import ModelEntry, ModelFile
from monitor.models.store import MODEL_FILE, StoredModel, installed_folder, sha256_of

TOKENIZER = "tokenizer.json"
_WINDOW_S = 5
_HUB = "https://huggingface.co"
_CLIP = f"{_HUB}/openai/clip-vit-base-patch32"

Family = Literal["msclap", "audioclip", "wav2clip"]


class Tokens(msgspec.Struct, frozen=True):
    """The tokenizer of a text tower, and how to know it: a wrong one gives all words one embedding."""

    address: str
    """Where its `tokenizer.json` is published."""
    vocabulary: int
    golden: dict[str, list[int]]
    """A text and its token ids."""
    most: int
    """Tokens of a text."""


_BERT = Tokens(
    f"{_HUB}/google-bert/bert-base-uncased", 30_522, {"hello world": [101, 7592, 2088, 102]}, most=100
)
_GPT2 = Tokens(f"{_HUB}/openai-community/gpt2", 50_257, {"Hello world": [15496, 995]}, most=75)
"""Two tokens are put after each text, 77 in all."""
_CLIP_TOKENS = Tokens(_CLIP, 49_408, {"a photo of a cat": [49406, 320, 1125, 539, 320, 2368, 49407]}, most=77)


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One published model."""

    family: Family
    weights: str
    """Its file, named as it is published."""
    address: str
    """Where that is published."""
    sha256: str = ""
    """Of the published file; empty: not known here."""
    text_weights: str = ""
    """A file of its own for the text tower; empty: it is in `weights`."""
    text_address: str = ""
    tokens: Tokens
    sample_rate: int
    """Hz."""
    dim: int
    prompt: str
    licence: str

    @property
    def files(self) -> dict[str, str]:
        """Name of each file it needs, and where it is published."""
        text = {self.text_weights: self.text_address} if self.text_weights else {}
        return {self.weights: self.address, **text, TOKENIZER: self.tokens.address}


PUBLICATIONS: dict[str, Publication] = {
    "msclap": Publication(
        family="msclap",
        weights="CLAP_weights_2022.pth",
        address=f"{_HUB}/microsoft/msclap",
        tokens=_BERT,
        sample_rate=44_100,
        dim=1024,
        prompt="this is a sound of {}",
        licence="MIT",
    ),
    "msclap23": Publication(
        family="msclap",
        weights="CLAP_weights_2023.pth",
        address=f"{_HUB}/microsoft/msclap",
        tokens=_GPT2,
        sample_rate=44_100,
        dim=1024,
        prompt="this is the sound of {}",
        licence="MIT",
    ),
    "audioclip": Publication(
        family="audioclip",
        weights="AudioCLIP-Full-Training.pt",
        address="https://github.com/AndreyGuzhov/AudioCLIP/releases/tag/v0.1",
        sha256="2441d35b353352c8b1bbfb8f7c687f46314c3d2909e940eaf763b8c17f632c44",
        tokens=_CLIP_TOKENS,
        sample_rate=44_100,
        dim=1024,
        prompt="{}",
        licence="MIT",
    ),
    "wav2clip": Publication(
        family="wav2clip",
        weights="Wav2CLIP.pt",
        address="https://github.com/descriptinc/lyrebird-wav2clip/releases/tag/v0.1.0-alpha",
        text_weights="model.safetensors",
        text_address=_CLIP,
        tokens=_CLIP_TOKENS,
        sample_rate=16_000,
        dim=512,
        prompt="this is a sound of {}",
        licence="MIT",
    ),
}
"""By the name they have for `--model`, and as the folder of their files."""


class PublishedModel(StoredModel, frozen=True):
    """A published model whose files are here; never ONNX, so only `PublishedEngine` opens its weights."""

    publication: Publication

    @property
    def is_as_published(self) -> bool | None:
        """Whether the weights are the published file; None: its sha256 is not known here."""
        known = self.publication.sha256
        return None if not known else known == self.entry.audio.sha256

    @property
    def is_pinned(self) -> bool:
        """Whether the weights are known to be the published ones."""
        return self.is_as_published is True


def find_published(name: str) -> PublishedModel | None:
    """Return the published model called `name`, or the one in a folder when the name has a slash in it.

    None: it is neither, or a model of the program's own form is there under this name.

    Raises
    ------
    ModelAbsent
        It is one, and a file of it is missing.
    """
    if "/" in name:
        return _in_folder(user_path(name))
    if name not in PUBLICATIONS:
        return None
    folder = installed_folder() / name
    return None if (folder / MODEL_FILE).exists() else _read(name, folder)


def _in_folder(folder: Path) -> PublishedModel | None:
    if (folder / MODEL_FILE).exists():
        return None
    known = (name for name, one in PUBLICATIONS.items() if (folder / one.weights).exists())
    name = next(known, None)
    return None if name is None else _read(name, folder)


def _read(name: str, folder: Path) -> PublishedModel:
    """Return the model, its files hashed as they are."""
    publication = PUBLICATIONS[name]
    missing = [file for file in publication.files if not (folder / file).is_file()]
    if missing:
        raise ModelAbsent(
            f"Model {name!r} lacks {_from(publication, missing)}; put them into {folder}, or give a folder "
            f"that has them as --model ./FOLDER. Nothing is fetched for you."
        )
    try:
        files = {file: ModelFile(file, sha256_of(folder / file)) for file in publication.files}
    except OSError as error:
        raise ModelAbsent(f"Model {name!r}: cannot read {folder}: {error.strerror}.") from None
    entry = ModelEntry(
        audio=files[publication.weights],
        text=files[publication.text_weights or publication.weights],
        tokenizer=files[TOKENIZER],
        sample_rate=publication.sample_rate,
        window_len=_WINDOW_S * publication.sample_rate,
        hop_s=1.0,
        dim=publication.dim,
        prompt=publication.prompt,
        max_tokens=publication.tokens.most,
        vocabulary=publication.tokens.vocabulary,
        golden=publication.tokens.golden,
        licence=publication.licence,
        source=publication.address,
    )
    return PublishedModel(name, entry, folder, publication)


def _from(publication: Publication, missing: list[str]) -> str:
    return " and ".join(f"{file} ({publication.files[file]})" for file in missing)
