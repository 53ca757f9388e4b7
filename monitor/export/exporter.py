"""`monitor models export`: a published checkpoint into a model folder that `monitor` runs."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from monitor.config import limits
from monitor.config.tuning import Tuning
from monitor.encoders.clap import HOP_S, MAX_TOKENS, PROMPT
from monitor.encoders.log_mel import SAMPLE_RATE
from monitor.errors import ConfigError, ModelError
from monitor.export.needs import require_libraries
from monitor.export.result import ExportedFile, ExportReport, as_markdown
from monitor.models.manifest import ModelEntry, ModelFile
from monitor.models.store import is_model_name, read_folder, sha256_of, write_entry
from monitor.progress import steps

if TYPE_CHECKING:
    from monitor.export.checkpoints import Checkpoint
    from monitor.export.tagger import Tagger

SHORT_S = (2.56, 5.12)
"""Seconds an audio tower of one or two of its four pieces hears."""

SHORT_HOP_S = 0.5
"""Seconds from window to window of a short tower, which costs less and hears less at once."""
_TOKENIZER = "tokenizer.json"

Say = Callable[[str], None]


class ExportOptions(msgspec.Struct, frozen=True):
    """What to export, and how."""

    checkpoint: Path
    """A .pt file of laion-clap or EfficientAT, or a folder as transformers writes it."""
    out: Path
    """A folder that is empty or not there."""
    name: str = ""
    """Name of the model; empty: made from the checkpoint's."""
    audio_only: bool = False
    """Write the audio tower alone, which cannot be run by itself."""
    int8: bool = False
    """Matrices as int8."""
    fp16: bool = False
    """Networks in float16, for GPUs."""
    short: float = 0.0
    """Seconds the audio tower hears, one of `SHORT_S`; 0: ten."""
    tokenizer: Path | None = None
    """The text tower's tokenizer.json, where none is beside the weights."""


def export(options: ExportOptions) -> ExportReport:
    """Export, compare with the source, and only then write to `options.out`.

    Raises
    ------
    ConfigError
        Options that cannot work together, or a folder that is not empty.
    ModelError
        A library or the tokenizer is missing, the checkpoint cannot be exported, or the float32 graphs
        are not near enough to their source.
    """
    name = _check(options)
    require_libraries()
    with steps() as say, _workplace(options.out) as work:
        report = _export(options, name, work, say)
        say("Moving the files into place")
        options.out.mkdir(exist_ok=True)
        for path in sorted(work.iterdir(), key=lambda path: path.suffix == ".toml"):  # the entry comes last
            path.replace(options.out / path.name)
    return report


def _check(options: ExportOptions) -> str:
    """Return the model's name."""
    if options.int8 and options.fp16:
        raise ConfigError("int8 and fp16 cannot go together; int8 is for CPUs, fp16 for GPUs.")
    if options.short not in {0.0, *SHORT_S}:
        valid = " or ".join(f"{seconds:g}" for seconds in SHORT_S)
        raise ConfigError(f"A short audio tower hears {valid} s, not {options.short:g} s.")
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise ConfigError(f"{options.out} is there and is not an empty folder; give a new or an empty one.")
    name = options.name or _name_from(options.checkpoint)
    if not is_model_name(name):
        raise ConfigError(f"A model cannot be called {name!r}; valid: letters, digits, '.', '_', '-'.")
    return name


def _name_from(checkpoint: Path) -> str:
    resolved = checkpoint.resolve()
    stem = resolved.name if resolved.is_dir() else resolved.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "clap"


def _export(options: ExportOptions, name: str, work: Path, say: Say) -> ExportReport:
    from monitor.export.checkpoints import read_any
    from monitor.export.pair import Job, export_audio, export_text, input_len_for, pieces_for
    from monitor.export.parity import judge
    from monitor.export.tagger import Tagger
    from monitor.export.tokenizer import check_tokenizer, find_tokenizer

    started = time.monotonic()
    say(f"Reading {options.checkpoint}")
    checkpoint = read_any(options.checkpoint)
    if isinstance(checkpoint, Tagger):
        return _export_tagger(options, checkpoint, name, work, say)
    architecture, pieces = checkpoint.architecture, pieces_for(options.short)
    job = Job(checkpoint, "int8" if options.int8 else "fp16" if options.fp16 else "fp32", work, say)
    notes = list(checkpoint.notes)
    if options.short:
        notes.append("A short tower is an approximation: see in parity.md how near it is to the whole one.")
    rows = []
    if options.audio_only:
        rows += export_audio(job, pieces)
        notes.append("Only the audio tower was written; `monitor` cannot run it without a text tower.")
    else:
        tokenizer = find_tokenizer(options.tokenizer, checkpoint.tokenizer)
        golden = check_tokenizer(tokenizer, architecture.vocabulary)
        rows += export_audio(job, pieces)
        rows += export_text(job, tokenizer, MAX_TOKENS)
        shutil.copyfile(tokenizer, work / _TOKENIZER)
        source = f"{checkpoint.name} ({checkpoint.layout}; {architecture.label}), sha256 {checkpoint.sha256}"
        hop_s = SHORT_HOP_S if options.short else HOP_S
        entry = msgspec.structs.replace(
            _entry(work, source, input_len_for(pieces), architecture.dim, hop_s),
            vocabulary=architecture.vocabulary,
            golden=golden,
            tuning=_tuning(checkpoint),
        )
        write_entry(entry, work)
        read_folder(work, name).verify()
    rounded = "samples rounded to 16 bits" if checkpoint.front_end.int16 else "samples as they are"
    report = ExportReport(
        name=name,
        folder=str(options.out),
        layout=checkpoint.layout,
        network=architecture.label,
        input_len=input_len_for(pieces),
        front_end=f"48 kHz, {checkpoint.front_end.mel} filterbank, {rounded}",
        files=tuple(_describe(path) for path in sorted(work.iterdir())),
        parity=tuple(rows),
        notes=(*notes, *judge(rows)),
        seconds=time.monotonic() - started,
    )
    _write_parity(report, work)
    return report


def _export_tagger(options: ExportOptions, tagger: Tagger, name: str, work: Path, say: Say) -> ExportReport:
    from monitor.export.tagger_model import FRONT_END, WINDOW_LEN, export_tagger, notes_on

    started = time.monotonic()
    if options.audio_only or options.int8 or options.fp16 or options.short or options.tokenizer:
        raise ConfigError(
            f"{tagger.name} is a tagger; --audio-only, --int8, --fp16, --short and --tokenizer are for CLAP."
        )
    _, rows = export_tagger(tagger, work, say)
    read_folder(work, name).verify()
    report = ExportReport(
        name=name,
        folder=str(options.out),
        layout="EfficientAT",
        network=tagger.network.label,
        input_len=WINDOW_LEN,
        front_end=FRONT_END,
        files=tuple(_describe(path) for path in sorted(work.iterdir())),
        parity=tuple(rows),
        notes=notes_on(tagger),
        seconds=time.monotonic() - started,
    )
    _write_parity(report, work)
    return report


def _write_parity(report: ExportReport, folder: Path) -> None:
    rows = json.dumps([asdict(row) for row in report.parity], indent=1)
    (folder / "parity.json").write_text(rows + "\n", "utf-8")
    (folder / "parity.md").write_text(as_markdown(report), "utf-8")


def _entry(folder: Path, source: str, input_len: int, dim: int, hop_s: float) -> ModelEntry:
    """Return the entry of the files in `folder`."""
    audio, text, tokenizer = (
        ModelFile(name, _describe(folder / name).sha256) for name in ("audio.onnx", "text.onnx", _TOKENIZER)
    )
    return ModelEntry(
        audio=audio,
        text=text,
        tokenizer=tokenizer,
        sample_rate=SAMPLE_RATE,
        window_len=input_len,
        input_len=input_len,
        dim=dim,
        licence="see the model card of the checkpoint",
        source=source,
        prompt=PROMPT,
        max_tokens=MAX_TOKENS,
        hop_s=hop_s,
    )


def _tuning(checkpoint: Checkpoint) -> Tuning:
    """Return what a checkpoint says of its own scale: the factor of its cosines that was trained with it."""
    scale = float(checkpoint.source.logit_scale_a.exp())
    return Tuning(temperature=limits.TEMPERATURE.clamp(1.0 / scale))


def _describe(path: Path) -> ExportedFile:
    return ExportedFile(path.name, path.stat().st_size, sha256_of(path))


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """Give a folder beside `out`, which goes when the export ends, however it ends."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
            yield Path(work)
    except OSError as error:
        raise ModelError(f"Cannot write to {out}: {error.strerror or error}.") from None
