"""The `models export` verb: what it takes on the command line, and what it prints."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb, options_of
from monitor.console import show, show_json, show_table
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.export.result import ExportReport


def add_export(actions: Any, add_verb: AddVerb) -> None:
    """Add `export` to what `models` can do."""
    export = add_verb(actions, "export", _export, "make a model folder of a published checkpoint")
    export.add_argument(
        "--checkpoint",
        type=user_path,
        required=True,
        metavar="PATH",
        help="a .pt file of laion-clap or of a tagger (EfficientAT), or a CLAP folder of Hugging Face",
    )
    export.add_argument(
        "--out", type=user_path, required=True, metavar="DIR", help="a folder that is new or empty"
    )
    export.add_argument(
        "--name", default="", metavar="N", help="name of the model (default: the checkpoint's)"
    )
    export.add_argument("--audio-only", action="store_true", help="without the text tower; cannot be run")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--int8", action="store_true", help="matrices as int8, for CPUs")
    form.add_argument("--fp16", action="store_true", help="networks in float16, for GPUs")
    export.add_argument(
        "--short", type=float, default=0.0, metavar="S", help="2.56 or 5.12 s per window instead of 10"
    )
    export.add_argument(
        "--tokenizer", type=user_path, metavar="FILE", help="tokenizer.json, where none is beside the weights"
    )
    export.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="the report, with every comparison"
    )


def _export(arguments: argparse.Namespace) -> int:
    from monitor.export.exporter import ExportOptions, export

    report = export(options_of(ExportOptions, arguments))
    if getattr(arguments, "json", False):
        show_json(msgspec.json.encode(report))
        return 0
    _show(report)
    if not arguments.audio_only:
        show(f"`{install_command(arguments.out, report.name)}` makes it one of your models.")
    return 0


def install_command(folder: Path, name: str) -> str:
    """Return what to type to install an export; the whole path, as a bare name may be in the catalogue."""
    return shlex.join(["monitor", "models", "install", str(folder.resolve()), "--name", name])


def _show(report: ExportReport) -> None:
    """Print the report as a table, with its notes below."""
    from rich.table import Table

    table = Table("tower", "against", "inputs", "least cosine", "largest difference")
    for row in report.summaries:
        which = f"{row.comparison.tower} {row.comparison.form}"
        figures = (f"{row.cosine:.7f}", f"{row.largest:.1e}")
        table.add_row(which, row.comparison.against, str(row.items), *figures)
    size = sum(file.size for file in report.files)
    show(f"{report.network}; {report.front_end}; {size / 1e6:.1f} MB in {report.folder}")
    show_table(table)
    for note in report.notes:
        show(f"Note: {note}")
