"""One tower at a time: built, written, made smaller where that was asked for, compared with its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.encoders.clap import INPUT_LEN
from monitor.encoders.log_mel import HOP_LEN, SAMPLE_RATE
from monitor.export import onnx_graphs as graphs
from monitor.export import parity
from monitor.export.checkpoints import Checkpoint
from monitor.export.result import Comparison, Form, Parity
from monitor.export.swin import COLUMNS, PIECES
from monitor.export.tower_networks import AudioTower, TextTower

Say = Callable[[str], None]

AUDIO, TEXT = "audio.onnx", "text.onnx"


@dataclass(frozen=True)
class Job:
    """What is exported, and where to."""

    checkpoint: Checkpoint
    form: Form
    folder: Path
    say: Say

    @property
    def first_form(self) -> Form:
        """The form in which the exporter writes; int8 is made of float32."""
        return "fp16" if self.form == "fp16" else "fp32"


def pieces_for(seconds: float) -> int:
    """Return how many of the spectrogram's four pieces hear so long a sound; 0 seconds: all."""
    return round(seconds * SAMPLE_RATE / (COLUMNS * HOP_LEN)) or PIECES


def input_len_for(pieces: int) -> int:
    """Return the samples that fill so many pieces."""
    return INPUT_LEN if pieces == PIECES else pieces * COLUMNS * HOP_LEN


def export_audio(job: Job, pieces: int) -> list[Parity]:
    """Write the audio tower; return how near it is to its source, and a short one also to the whole tower.

    Raises
    ------
    ModelError
        The float32 graph is not its source.
    """
    path, length = job.folder / AUDIO, input_len_for(pieces)
    sounds = parity.make_sounds(length)
    names = [sound.name for sound in sounds]

    def heard(form: Form, against: str, wanted: parity.Floats) -> list[Parity]:
        found = parity.hear_graph(path, sounds, length)
        return parity.compare(Comparison("audio", form, against), names, found, wanted)

    job.say(f"Exporting the audio tower ({length / SAMPLE_RATE:g} s)")
    graphs.write_audio(_audio_tower(job, pieces), path, length)
    job.say("Comparing the audio tower with its source")
    if pieces == PIECES:
        against, wanted = parity.SOURCE, parity.hear_source(job.checkpoint, sounds)
    else:
        against, wanted = (
            parity.SHORT,
            parity.hear_tower(_audio_tower(job, pieces, half=False), sounds, length),
        )
    rows = heard(job.first_form, against, wanted)
    parity.judge(rows)
    if job.form == "int8":
        job.say("Quantising the audio tower")
        graphs.quantise(path, path)
        rows += heard("int8", against, wanted)
    if pieces != PIECES:
        job.say("Comparing the short audio tower with the whole one")
        repeated = [parity.repeat(sound, length) for sound in sounds]
        rows += heard(job.form, parity.WHOLE, parity.hear_source(job.checkpoint, repeated))
    return rows


def _audio_tower(job: Job, pieces: int, half: bool | None = None) -> AudioTower:
    model, front_end = job.checkpoint.model(), job.checkpoint.front_end
    return AudioTower(model, front_end, pieces, half=job.form == "fp16" if half is None else half).eval()


def export_text(job: Job, tokenizer: Path, most_tokens: int) -> list[Parity]:
    """Write the text tower; return how near it is to its source.

    Raises
    ------
    ModelError
        The float32 graph is not its source.
    """
    checkpoint, path = job.checkpoint, job.folder / TEXT
    job.say("Exporting the text tower")
    tower = TextTower(checkpoint.model(), half=job.form == "fp16")
    graphs.write_text(tower, path, checkpoint.architecture.positions)
    job.say("Comparing the text tower with its source")
    tokens = parity.tokenise(tokenizer, checkpoint.source.config.text_config.pad_token_id, most_tokens)
    wanted = parity.read_source(checkpoint, tokens)

    def read(form: Form, against: str, found: parity.Floats) -> list[Parity]:
        return parity.compare(Comparison("text", form, against), list(parity.TEXTS), found, wanted)

    rows = read(job.first_form, parity.SOURCE, parity.read_graph(path, tokens))
    rows += read(job.first_form, parity.ALONE, parity.read_graph_alone(path, tokens))
    parity.judge(rows)
    if job.form == "int8":
        job.say("Quantising the text tower")
        graphs.quantise(path, path)
        rows += read("int8", parity.SOURCE, parity.read_graph(path, tokens))
    return rows
