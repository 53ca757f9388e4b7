"""A published tagger into a model folder: its network, its evidence laid over names.

The text tower and the tokenizer are those of the model in the box, in whose space the names' points lie; so
any typed words work, though the tagger was trained for its 527 classes alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn

from monitor.config.settings import ModelConfig
from monitor.encoders.kaldi_mel import RATE
from monitor.export import onnx_graphs as graphs
from monitor.export import parity
from monitor.export.bare_network import take_off_front_end
from monitor.export.evidence import TYPICAL_WIDTH, Evidence, names_of, typical_logits
from monitor.export.kaldi_mel import FrontEnd, PlainFrontEnd
from monitor.export.mobilenet import MobileNet
from monitor.export.result import Comparison, Parity
from monitor.export.tagger import Tagger, read_tagger
from monitor.models.manifest import ModelEntry, ModelFile, packaged_folder
from monitor.models.store import StoredModel, read_manifest, sha256_of, write_entry

Say = Callable[[str], None]

WINDOW_LEN = 2 * RATE
"""Samples: 2 s, as the box."""
FRONT_END = "32 kHz, 128 Kaldi bands, drawn by the encoder"
_AUDIO, _TEXT, _TOKENIZER = "audio.onnx", "text.onnx", "tokenizer.json"
_SOURCE = "source in torch, hearing through torch's own Fourier transform"


class TaggerTower(nn.Module):
    """Sound, float32 (n, samples), 32 kHz, full scale +-1.0, to its point, float32 (n, d), unit norm."""

    def __init__(self, front_end: nn.Module, network: MobileNet, evidence: Evidence) -> None:
        super().__init__()
        self.front_end, self.network, self.evidence = front_end, network, evidence

    def forward(self, audio: Tensor) -> Tensor:
        """Return the point."""
        point: Tensor = self.evidence(self.network(self.front_end(audio))[1])
        return point


def make_folder(checkpoint: Path, folder: Path) -> None:
    """Write the model of a checkpoint into `folder`.

    Raises
    ------
    ModelError
        As `read_tagger` and `export_tagger`.
    """
    export_tagger(read_tagger(checkpoint), folder, lambda _: None)


def export_tagger(tagger: Tagger, folder: Path, say: Say) -> tuple[ModelEntry, list[Parity]]:
    """Write the towers, the tokenizer and the entry into `folder`; return the entry and the comparison.

    Raises
    ------
    ModelError
        The graph is not its source, or the model in the box is damaged.
    """
    box = read_manifest(packaged_folder() / "manifest.toml")[ModelConfig().name]
    evidence, audio = Evidence(names_of(box.read(box.entry.audio)), typical_logits()), folder / _AUDIO
    say("Exporting the tagger")
    graphs.write_audio(TaggerTower(FrontEnd(), tagger.network, evidence), audio, WINDOW_LEN)
    take_off_front_end(audio)
    say("Comparing the graph with its source")
    rows = _compare(audio, TaggerTower(PlainFrontEnd(), tagger.network, evidence).eval())
    for name, part in ((_TEXT, box.entry.text), (_TOKENIZER, box.entry.tokenizer)):
        (folder / name).write_bytes(box.read(part))
    entry = _entry(folder, tagger, box)
    write_entry(entry, folder)
    return entry, rows


def notes_on(tagger: Tagger) -> tuple[str, ...]:
    """Return what the user should know, as sentences."""
    notes = ["Words are those of the model in the box: its text tower, and its names of the 527 classes."]
    if tagger.network.width != TYPICAL_WIDTH:
        notes.append(
            f"What is typical of each class was measured at width {TYPICAL_WIDTH}, and is borrowed here."
        )
    return tuple(notes)


def _compare(path: Path, source: TaggerTower) -> list[Parity]:
    """Make the graph's file half as large if it stays near `source`; return how near it is.

    Raises
    ------
    ModelError
        It is not near, at its whole size either.
    """
    sounds = parity.make_sounds(WINDOW_LEN)
    names = [sound.name for sound in sounds]
    wanted = parity.hear_tower(source, sounds, WINDOW_LEN)

    def rows_of(graph: Path) -> list[Parity]:
        found = parity.hear_graph(graph, sounds, WINDOW_LEN)
        return parity.compare(Comparison("audio", "fp32", _SOURCE), names, found, wanted)

    rows, smaller = rows_of(path), path.with_suffix(".half")
    parity.judge(rows)
    graphs.store_as_half(path, smaller)
    halved = rows_of(smaller)
    if min(row.cosine for row in halved) <= parity.LEAST_COSINE:
        smaller.unlink()
        return rows
    smaller.replace(path)
    return halved


def _entry(folder: Path, tagger: Tagger, box: StoredModel) -> ModelEntry:
    audio, text, tokenizer = (
        ModelFile(name, sha256_of(folder / name)) for name in (_AUDIO, _TEXT, _TOKENIZER)
    )
    return ModelEntry(
        audio=audio,
        text=text,
        tokenizer=tokenizer,
        sample_rate=RATE,
        window_len=WINDOW_LEN,
        dim=box.entry.dim,
        licence=f"MIT (tagger), {box.entry.licence} (words)",
        source=tagger.source,
        front_end="log_mel",
        mel="kaldi",
        prompt=box.entry.prompt,
        max_tokens=box.entry.max_tokens,
        hop_s=box.entry.hop_s,
        tuning=box.entry.tuning,
        vocabulary=box.entry.vocabulary,
        golden=box.entry.golden,
        prompts=box.entry.prompts,
    )
