"""A model whose front end is taken out stays the model it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from monitor.models.store import read_manifest
from tests.encoders.tiny_models import graph, node, tiny_model, value
from tests.tools.load import load_tool

split_front_end = load_tool("tools.train.split_front_end")
box = load_tool("tools.train.box")

FLOAT, LENGTH = 1, 640


def tower() -> bytes:
    """Something in the place of a front end, and a convolution behind it."""
    return graph(
        [
            node("Reshape", ["audio", "shape"], ["spectrogram"]),
            node("Conv", ["spectrogram", "network"], ["embedding"]),
        ],
        [value("audio", FLOAT, ["n", LENGTH])],
        [value("embedding", FLOAT, ["n", 8])],
        {
            "shape": np.array([-1, 1, 2, 320]),
            "network": np.random.default_rng(0).standard_normal((8, 1, 1, 1)).astype(np.float32),
        },
    )


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A model that was pinned before its front end could be taken out, and what was measured of it."""
    made = tiny_model(audio=tower(), window_len=LENGTH)
    own = made.write(tmp_path / box.NAME).folder
    (own / "model.toml").unlink()
    box.pin(tmp_path, box.NAME, box.Signature(16_000, LENGTH, 8))
    manifest = tmp_path / "manifest.toml"
    lines = [line for line in manifest.read_text().splitlines() if not line.startswith(("front_end", "mel"))]
    manifest.write_text("\n".join([*lines, ""]))
    (own / "measured.toml").write_text(f'[[table]]\naudio = "{made.entry.audio.sha256}"\n')
    return tmp_path


def test_the_entry_pins_the_new_file_and_keeps_the_name_under_which_things_were_learnt(models: Path) -> None:
    before = read_manifest(models / "manifest.toml")[box.NAME].entry
    split_front_end.split(models, box.NAME)
    after = read_manifest(models / "manifest.toml")[box.NAME]
    after.verify()
    assert (after.entry.front_end, after.entry.mel) == ("log_mel", "kaldi")
    assert after.entry.identity == before.audio.sha256[:12]
    assert after.entry.audio.sha256 != before.audio.sha256
    assert after.entry.audio.sha256 in (models / box.NAME / "measured.toml").read_text()
    changed = {"audio": before.audio, "front_end": "waveform", "mel": "slaney", "identity": ""}
    assert replace(after.entry, **changed) == before


def test_the_entries_of_other_models_stay(models: Path) -> None:
    manifest = models / "manifest.toml"
    other = manifest.read_text().replace(f"[models.{box.NAME}]", "[models.other]").partition("[models.")[2]
    manifest.write_text(f"{manifest.read_text()}\n[models.{other}")
    split_front_end.split(models, box.NAME)
    assert manifest.read_text().endswith(f"\n[models.{other}")
