"""What a manifest says of a model, and where the manifest of the program is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from monitor.config.tuning import Tuning
from monitor.files.paths import user_path

_PACKAGED = Path(__file__).parents[1] / "_share" / "models"
_CHECKOUT = Path(__file__).parents[2] / "models"

_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
_NotNegative = Annotated[int, msgspec.Meta(ge=0)]
_Template = Annotated[str, msgspec.Meta(pattern=r"\{\}")]
Filterbank = Literal["slaney", "htk", "kaldi"]


class ModelFile(msgspec.Struct, frozen=True):
    """One pinned file."""

    file: str
    """Path relative to the manifest or to `model.toml`, inside that folder."""
    sha256: str


class ModelEntry(msgspec.Struct, frozen=True):
    """One model as a manifest or a `model.toml` describes it."""

    audio: ModelFile
    text: ModelFile
    tokenizer: ModelFile
    sample_rate: _AtLeastOne
    """Hz."""
    window_len: _AtLeastOne
    """Samples."""
    dim: _AtLeastOne
    licence: str
    source: str
    prompt: _Template
    """Prompt template with one `{}`."""
    max_tokens: _AtLeastOne
    input_len: _NotNegative = 0
    """Samples the audio tower takes; 0: `window_len`. A shorter window is repeated, whole, then zeros."""
    hop_s: Annotated[float, msgspec.Meta(gt=0)] = 0.25
    """Seconds from window to window that suit the model."""
    front_end: Literal["waveform", "log_mel"] = "waveform"
    """What the audio tower takes; for "log_mel" the encoder draws `input_features` (n, 1, frames, bands)."""
    mel: Filterbank = "slaney"
    """Filterbank of the encoder's own log-mel; CLAP: "slaney" unfused, "htk" fused; the box and taggers:
    "kaldi"."""
    text_mask: bool = True
    """False: the text tower takes no attention mask, so one text at a time, never padded."""
    vocabulary: _NotNegative = 0
    """Tokens the tokenizer must have; 0: not checked."""
    golden: dict[str, list[int]] = {}
    """Texts and the token ids they must give."""
    prompts: tuple[_Template, ...] = ()
    """A prompt ensemble, each with one `{}`: a class is the unit mean of its embeddings. Empty: `prompt`."""
    tuning: Tuning | None = None
    """What was tuned for the model; None: nothing was."""
    identity: str = ""
    """What the model is called, beside its name, in all that is learnt with it; empty: the begin of its audio
    file's hash. Of a file that was written in another way and computes the same: what it was."""
    cohort: ModelFile | None = None
    """Ordinary sound as the model hears it (`cohorts.py`), which gives scores their meaning; None: none."""


def packaged_folder() -> Path:
    """Return the folder of the models that come with the program, in the package or the checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def manifest_folder() -> Path:
    """Return the folder of the manifest: `$MONITOR_MODELS`, else the one of the program."""
    override = os.environ.get("MONITOR_MODELS")
    return user_path(override) if override else packaged_folder()
