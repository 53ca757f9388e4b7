"""The model in the box as a folder: its entry in the manifest, its cohort, and how a new one takes its place.

A model is made whole elsewhere and then put in at once. What only belonged to the audio tower before it
(a cohort, what was measured) goes; the rest of the folder stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import structs

from monitor.config.tuning import Tuning
from monitor.corpus.layouts import read_data
from monitor.encoders import Encoder
from monitor.evaluation.cohorts import MOST, CohortPlan, build_cohort
from monitor.models.cohort import pack
from monitor.models.manifest import ModelFile
from monitor.models.store import read_manifest
from monitor.progress import progress
from monitor.vocabulary.measured import MEASURED_FILE
from tools.train.graphs import digest, pin_model, pin_part, replace_entry, set_in_entry
from tools.train.tune_speech import speech_odds

NAME = "embedded"
PROMPT = "the sound of a {}"
"""Chosen on validation."""
MAX_TOKENS = 48
TUNING = Tuning(
    temperature=0.05,
    guard_score=0.3,
    change_ratio=0.5,
    onset_threshold=0.5,
    offset_threshold=0.27,
)
"""Of any audio tower: the scale of scores is that of its cohort. Chosen on folds 1 to 3
(tools/train/tune_scorer.py). From what odds on a window counts as speech is chosen for each (`tune`).

Of recordings of folds 1 to 3 at most 1.1 % have a half that counts as another background
than the other half, and of pairs of two kinds 88 to 89 % do (two towers).
"""
COHORT_FILE = "cohort.npz"
COHORT_FOLDS = (1, 2, 3)
_OF_THE_AUDIO = (COHORT_FILE, MEASURED_FILE)
"""Files that mean nothing beside another audio tower."""
LICENCE = "CC-BY-NC-4.0"
SOURCE = "tools/train/train_embedded.py: distilled from EfficientAT mn04_as (MIT) and YAMNet (Apache-2.0)"


@dataclass(frozen=True)
class Signature:
    """What an audio tower takes and gives."""

    sample_rate: int
    """Hz."""
    window_len: int
    """Samples."""
    dim: int


def pin(models: Path, name: str, signature: Signature) -> None:
    """Write the entry of the model whose files are in `models`/`name`; it has no cohort yet."""
    settings = {
        "sample_rate": signature.sample_rate,
        "window_len": signature.window_len,
        "dim": signature.dim,
        "front_end": "log_mel",
        "mel": "kaldi",
        "prompt": PROMPT,
        "max_tokens": MAX_TOKENS,
        "tuning": msgspec.to_builtins(TUNING),
        "licence": LICENCE,
        "source": SOURCE,
    }
    pin_model(models, name, settings)


def add_cohort(models: Path, name: str, encoder: Encoder, data: Path, most: int = MOST) -> None:
    """Let a model hear ordinary sound of folds 1 to 3, and pin what it heard."""
    with progress("cohort", most) as advance:
        cohort = build_cohort(
            encoder, read_data(data / "index.csv"), CohortPlan(COHORT_FOLDS, most), None, advance
        )
    path = models / name / COHORT_FILE
    path.write_bytes(pack(cohort))
    pin_part(models / "manifest.toml", name, "cohort", ModelFile(f"{name}/{COHORT_FILE}", digest(path)))


def tune(models: Path, name: str, encoder: Encoder, data: Path) -> None:
    """Choose from what odds on a window counts as speech to a model, and store it in its entry."""
    chosen = structs.replace(TUNING, speech_odds=round(speech_odds(data, encoder), 3))
    set_in_entry(models / "manifest.toml", name, "tuning", msgspec.to_builtins(chosen))


def install(made: Path, models: Path, name: str = NAME) -> None:
    """Put the model of `made` into the folder `models` in place of the one there, whole or not at all.

    Raises
    ------
    ModelError
        A file of `made` is not the one that its entry pins.
    """
    read_manifest(made / "manifest.toml")[name].verify()
    with _replaced(models / name) as folder:
        for file in _OF_THE_AUDIO:
            (folder / file).unlink(missing_ok=True)
        for one in sorted((made / name).iterdir()):
            shutil.copyfile(one, folder / one.name)
    manifest = models / "manifest.toml"
    text = (made / "manifest.toml").read_text()
    entry = text[text.index(f"[models.{name}]\n") :].partition("\n[")[0].rstrip("\n") + "\n"
    replace_entry(manifest, name, entry)


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Give a copy of a folder to change, which takes its place at the end."""
    copy, before = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
    for one in (copy, before):
        shutil.rmtree(one, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, copy)
    else:
        copy.mkdir(parents=True)
    yield copy
    if folder.exists():
        folder.rename(before)
    copy.rename(folder)
    shutil.rmtree(before, ignore_errors=True)
