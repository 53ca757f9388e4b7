"""What is told of words that no label taught (`leave_out.py`): a page of tables, lines of the card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.evaluation.reports.clip_tables import condition
from monitor.evaluation.reports.text_tables import markdown_table
from monitor.evaluation.synthesis.mixtures import CLEAN_DB

LEFT_OUT = "left_out.json"
"""What `leave_out.py` leaves in the working folder."""
WHERE = "docs/eval/clips/held_out.md"
"""Where the page is kept."""
SNRS_DB = (CLEAN_DB, 10.0, 0.0)
OUT, TAUGHT, NONE, TEACHER = "their labels left out", "all labels, as in the box", "no label", "its teacher"
BESIDE = f"{OUT}, less the teacher"


@dataclass(frozen=True)
class Line:
    """One line of a table: top-1 in percent under each condition, with its interval."""

    who: str
    cells: list[tuple[float, float, float]]


@dataclass(frozen=True)
class Table:
    """What was asked of some classes of a fold."""

    fold: str
    clips: int
    asked: int
    """Classes."""
    among: int
    """Classes that a clip may be named."""
    lines: list[Line]
    ten: list[Line]
    """The same of the ten."""
    ten_clips: int
    classes: dict[str, tuple[int, float, float, float]]
    """Clips of each class, and percent clean: left out, taught, teacher."""


def _shown(lines: Sequence[Line], what: str) -> str:
    """Lay lines out in Markdown."""
    rows = [[one.who, *(f"{a:.1f} [{low:.1f}, {high:.1f}]" for a, low, high in one.cells)] for one in lines]
    return markdown_table([what, *(condition(snr_db) for snr_db in SNRS_DB)], rows)


def as_markdown(table: Table) -> str:
    """Lay the tables of a fold out."""
    head = f"{table.clips} clips of {table.asked} classes, among all {table.among} of the fold"
    rows = [
        [name, str(n), *(f"{share:.0f}" for share in shares)] for name, (n, *shares) in table.classes.items()
    ]
    parts = [f"## Fold {table.fold}", _shown(table.lines, head)]
    if table.ten:
        parts.append(_shown(table.ten, f"of these the ten: {table.ten_clips} clips"))
    parts.append(markdown_table(["clean, in %", "clips", OUT, TAUGHT, TEACHER], rows))
    return "\n\n".join(parts)


WITHOUT_TEN = """**Of the ten the network
that is asked has seen no label either; of the others it has** (tools/train/student/both.py), so only the ten
say what becomes of a word that no label taught. It is another network than the box's, which has learnt the
labels of all ("as in the box"), trained in the same way with `--leave-out`."""
WITH_ALL = """The network itself has
learnt the labels of all (tools/train/student/both.py), so this does not say what becomes of a word that no
label taught."""
ASKED = ", by a network like the box's that learnt no label of ten of them"
PAGE = """# Words that no label taught

Each class with a label was left out of what labels teach of names once, its words too, with the others of
its group ({groups} groups: the ten that the box of the first edition was asked, and the others by lot).
Each clip is named, among all classes of its fold, by the one that was not taught its class. {network}
The audio teachers know kinds of sound by AudioSet's names: the sounds are not new, the words are. Top-1 in
%; an event is its clip's loudest window; 95 % two-way bootstrap intervals over sources and recordings. The
box of the first edition so named 46.2 / 30.0 / 18.8 % of the ten's clips of fold 4 (clean / 10 / 0 dB), and
85.0 % clean where only the ten were asked for.

    python -m tools.train.leave_out --work DIR --models DIR/models --without OTHER --out {where}

{tables}
"""


def write_page(tables: Sequence[Table], groups: int, path: Path) -> None:
    """Write the page of the folds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    network = WITHOUT_TEN if any(one.ten for one in tables) else WITH_ALL
    shown = "\n\n".join(map(as_markdown, tables))
    path.write_text(PAGE.format(groups=groups, network=network, where=WHERE, tables=shown), "utf-8")


def card_lines(work: Path, audio: str) -> list[str]:
    """Say it in a line for each fold, if it was measured of the audio tower with this sha256."""
    path = work / LEFT_OUT
    found = json.loads(path.read_text()) if path.exists() else {}
    if found.get("audio") != audio:
        return []
    lines = []
    for one in found["tables"]:
        cells = {line["who"]: [f"{value:.0f}" for value, *_ in line["cells"]] for line in one["lines"]}
        said = {who: " / ".join(shares) for who, shares in cells.items()}
        heard = " / ".join(map(condition, SNRS_DB))
        lines.append(
            f"- Words that no label taught: fold {one['fold']}, {one['asked']} classes, each left out of the "
            f"labels of names once{ASKED if one['ten'] else ''}: it names {said[OUT]} % of their clips among "
            f"all {one['among']} ({heard}); the box, with their labels, {said[TAUGHT]} %, its teacher "
            f"{said[TEACHER]} % ({WHERE})."
        )
    return lines
