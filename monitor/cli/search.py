"""The `search` verb: new words over an archive that was scanned."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.arguments import AddVerb
from monitor.cli.values import count
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json, show_table, tell
from monitor.errors import ConfigError
from monitor.files.csv_table import csv_text
from monitor.files.new_file import write_new
from monitor.files.paths import user_path
from monitor.wording import position

if TYPE_CHECKING:
    from monitor.archive.search import Archive, Hit, Query
    from monitor.encoders import Encoder

_FEW = 300_000
"""Up to so many windows every one is scored: that takes no longer than to make an index."""


def add_search(verbs: Any, add_verb: AddVerb) -> None:
    """Add `search` to the verbs of the program."""
    search = add_verb(verbs, "search", _search, "search what `monitor scan` has kept, by words or by example")
    search.add_argument("words", nargs="?", metavar="WORDS", help='what to look for: "glass breaking"')
    search.add_argument(
        "--index", type=user_path, required=True, metavar="FOLDER", help="the --out of `monitor scan`"
    )
    search.add_argument("--like", type=user_path, metavar="FILE", help="a recording of it, in place of words")
    search.add_argument("--top", type=count, default=20, metavar="N", help="places shown; default: 20")
    search.add_argument(
        "--exact", action="store_true", help="score every window; needs no index, and takes longer"
    )
    search.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    search.add_argument("--adapter", metavar="auto|none|FILE", help="as in the scan")
    how = search.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON list on standard output")
    how.add_argument("--csv", type=user_path, metavar="FILE", help="a table in FILE; - prints it")
    search.add_argument("--force", action="store_true", help="replace FILE if it is there")


def _search(arguments: argparse.Namespace) -> int:
    from monitor.archive.search import Archive
    from monitor.archive.vector_index import has_faiss
    from monitor.encoders import load
    from monitor.progress import WordsProgress, steps

    if arguments.words is not None and arguments.like is not None:
        raise ConfigError("Words and --like FILE are two searches; give one of them.")
    if arguments.words is None and arguments.like is None:
        raise ConfigError('Say what to look for: words, such as "glass breaking", or --like FILE.')
    archive = Archive(arguments.index)
    flags: dict[str, dict[str, Any]] = {"model": {"name": archive.manifest.model}}
    if arguments.adapter is not None:
        flags["model"]["adapter"] = arguments.adapter
    config = load_config(arguments.config, os.environ, flags)
    encoder = load(config.model, WordsProgress(sys.stderr))
    archive.fits(encoder)
    query = _query(arguments, encoder, config)
    exact = arguments.exact or archive.windows <= _FEW or not has_faiss()
    with steps() as say:
        hits = archive.search(query, arguments.top, say, exact=exact)
    _report(hits, archive, arguments)
    return 0


def _query(arguments: argparse.Namespace, encoder: Encoder, config: Config) -> Query:
    from monitor.archive.example import loudest_embedding
    from monitor.archive.search import Example, Words
    from monitor.cli.word_report import unknown_words
    from monitor.records import ClassPrompt

    if arguments.like is not None:
        vector = loudest_embedding(arguments.like, encoder, config)
        return Example(vector, encoder.info.cohort, config)
    words = " ".join(arguments.words.replace("_", " ").split())
    if not words:
        raise ConfigError('There are no words in it; say what to look for, such as "glass breaking".')
    asked = ClassPrompt("searched", words, words)
    for sentence in unknown_words([asked], encoder, config.model).sentences:
        tell(sentence)
    return Words(asked, encoder, config)


def _report(hits: Sequence[Hit], archive: Archive, arguments: argparse.Namespace) -> None:
    if arguments.json:
        show_json(msgspec.json.encode(hits))
    elif arguments.csv is not None:
        _write_csv(hits, arguments.csv, arguments.force)
    elif hits:
        show_table(_table(hits))
    else:
        show(f"There is nothing in {arguments.index}: {archive.windows} windows.")


def _table(hits: Sequence[Hit]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for title in ("score", "at", "recording"):
        table.add_column(title, justify="left" if title == "recording" else "right")
    for hit in hits:
        table.add_row(f"{hit.score:.2f}", position(hit.position_s), hit.path)
    return table


def _write_csv(hits: Sequence[Hit], path: Path, force: bool) -> None:
    from monitor.archive.search import Hit

    text = csv_text(Hit.__struct_fields__, map(msgspec.structs.astuple, hits))
    if str(path) == "-":
        show(text.rstrip("\n"))
        return
    write_new(path, text, force=force)
    show(f"Wrote {len(hits)} places to {path}")
