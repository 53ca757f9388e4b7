"""Words that no label taught: leave each class out of the labels once, and name its clips among all classes.

    python -m tools.train.leave_out --work DIR --models DIR/models --without OTHER --out PAGE.md
    python -m tools.train.leave_out --work DIR --models DIR/models --split validation        # to choose by

The classes with a label are dealt to groups. For each group the last stage of the student
(tools/train/student/naming.py) is done again without the labels and the words of its classes, and each clip
is named, among all classes of its fold, by the one that was not taught its class. The box's network has
learnt labels of them all: OTHER is the working folder of one that was trained with `--leave-out` and the ten
classes of the first group, and is asked in its place; of the others its hidden layer has learnt labels too.
Beside it on the same clips: the box, taught by all labels; taught by none; and the audio teacher. In DIR it
leaves `left_out.json`, from which the card (tools/train/model_card.py) takes its line.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from monitor import load_encoder
from monitor.corpus.layouts import Corpus, read_data
from monitor.encoders import Encoder
from monitor.evaluation.metrics.bootstrap import estimate, two_way_weights
from monitor.evaluation.metrics.ranking import Values, accuracy
from monitor.evaluation.synthesis.mixtures import CLEAN_DB, Mixture, plan_mixtures, windows_at
from tools.train import box, evaluate_embedded, export_student
from tools.train.corpus import parser_of, read_index, words
from tools.train.graphs import digest
from tools.train.left_out_tables import (
    BESIDE,
    LEFT_OUT,
    NONE,
    OUT,
    SNRS_DB,
    TAUGHT,
    TEACHER,
    Line,
    Table,
    as_markdown,
    write_page,
)
from tools.train.student.both import left_out_of
from tools.train.student.graph import StudentGraph
from tools.train.student.naming import Evidence
from tools.train.student.sources import RATE, is_held_out, learning_clips

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

TEN = (
    "cat_meow", "chainsaw", "church_bells", "cow", "helicopter", "rooster", "sneeze", "snore", "thunder",
    "toilet_flush",
)  # fmt: skip
"""Classes on which the box of the first edition was asked, the first group: a network that is to be asked for
words without a label has learnt no label of them (`train_both --leave-out`)."""
GROUPS = 5
MIN_CLIPS, SEED = 4, 0
LEARNING_FOLDS = (1, 2, 3)


@dataclass(frozen=True)
class FoldEmbeddings:
    """The clips of a fold under each condition, as the student and the teacher hear them."""

    fold: str
    mixtures: Sequence[Mixture]
    corpus: Corpus
    hidden: Tensor
    """(conditions, n, HIDDEN), in units of their deviation."""
    logits: Tensor
    """(conditions, n, LOGITS)."""
    teacher: Tensor
    """(conditions, n, d), unit norm."""
    texts: Tensor
    """(classes, d), unit norm: the words of `classes`."""
    classes: list[str]

    def right(self, points: Tensor) -> Flags:
        """Say which clips are nearest to their own class's words: (conditions, n)."""
        truth = np.array([self.classes.index(one.label) for one in self.mixtures])
        return np.asarray((points @ self.texts.T).argmax(-1).numpy() == truth)

    @torch.inference_mode()
    def placed(self, place: Evidence) -> Flags:
        """Say the same of the points that a place gives to what the student hears."""
        return self.right(torch.stack([place(*one) for one in zip(self.hidden, self.logits, strict=True)]))


def deal(classes: Sequence[str], count: int) -> list[list[str]]:
    """Deal classes to groups: the ten, and all others by lot."""
    ten, rest = [name for name in TEN if name in classes], sorted(set(classes) - set(TEN))
    order = np.random.default_rng(SEED).permutation(len(rest))
    dealt = [[rest[at] for at in order[start :: count - 1]] for start in range(count - 1)]
    return [group for group in (ten, *dealt) if group]


def plan(args: argparse.Namespace, fold: str) -> tuple[Corpus, list[Mixture]]:
    """Return what is heard of a fold: the clips of `monitor eval clips`, or all that were held out."""
    corpus = read_data(args.data / "index.csv")
    if fold != evaluate_embedded.VALIDATION:
        return corpus, plan_mixtures(corpus.clips, (int(fold),), MIN_CLIPS, SEED)
    held = {clip.group for clip in read_index(args.data) if is_held_out(clip)}
    return corpus, plan_mixtures(corpus.clips, LEARNING_FOLDS, MIN_CLIPS, SEED, held.__contains__)


@torch.inference_mode()
def hear(
    args: argparse.Namespace, fold: str, graph: StudentGraph, text: Encoder, teacher: Encoder
) -> FoldEmbeddings:
    """Let student and teacher hear a fold."""
    corpus, mixtures = plan(args, fold)
    parts: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
    order = sorted(range(len(mixtures)), key=lambda at: mixtures[at].background)  # decodes each one once
    for at in tqdm(order, desc=f"fold {fold}", unit="clip"):
        windows = windows_at(mixtures[at], corpus, SNRS_DB, RATE, teacher.window_len)
        hidden, logits = graph(torch.from_numpy(windows))
        point = torch.from_numpy(teacher.embed_audio(windows))
        parts[at] = ((hidden - graph.mean) / graph.deviation, logits, point)
    hidden, logits, points = (
        torch.stack([parts[at][kind] for at in range(len(mixtures))], dim=1) for kind in range(3)
    )
    classes = sorted({one.label for one in mixtures})
    texts = torch.from_numpy(
        text.embed_text([text.info.templates[0].format(words(name)) for name in classes])
    )
    return FoldEmbeddings(fold, mixtures, corpus, hidden, logits, points, texts, classes)


def tabulate(
    heard: FoldEmbeddings,
    as_in_box: Flags,
    none: Evidence,
    without: dict[str, Evidence],
    unseen: Collection[str],
) -> Table:
    """Ask all of them.

    Parameters
    ----------
    heard
        What the network that is asked hears.
    as_in_box
        Which clips the box names rightly: (conditions, n).
    none
        The place of no label.
    without
        For each class with a label, the place that was not taught it.
    unseen
        Classes of which that network has learnt no label.
    """
    labels = np.array([one.label for one in heard.mixtures])
    right = {TAUGHT: as_in_box, NONE: heard.placed(none), TEACHER: heard.right(heard.teacher)}
    out = right[NONE].copy()
    for place in dict.fromkeys(without.values()):
        own = np.isin(labels, [name for name, one in without.items() if one is place])
        out[:, own] = heard.placed(place)[:, own]
    right = {OUT: out, **right}
    asked, ten = np.isin(labels, list(without)), np.isin(labels, [name for name in unseen if name in without])
    each = {name: _shares(right, labels == name) for name in heard.classes if name in without}
    return Table(
        fold=heard.fold,
        clips=int(asked.sum()),
        asked=len(each),
        among=len(heard.classes),
        lines=_lines(heard, right, asked),
        ten=_lines(heard, right, ten) if ten.any() else [],
        ten_clips=int(ten.sum()),
        classes=each,
    )


def _shares(right: dict[str, Flags], own: Flags) -> tuple[int, float, float, float]:
    """Return how many clips are of a class, and how many of them are named rightly when clean, in percent."""
    out, taught, teacher = (100 * float(right[who][0, own].mean()) for who in (OUT, TAUGHT, TEACHER))
    return int(own.sum()), out, taught, teacher


def _lines(heard: FoldEmbeddings, right: dict[str, Flags], asked: Flags) -> list[Line]:
    """Measure the clips asked for, with two-way intervals over sources and recordings."""
    chosen = [one for one, is_asked in zip(heard.mixtures, asked, strict=True) if is_asked]
    events = [one.event_group for one in chosen]
    shares: dict[str, list[Values]] = {who: [] for who in right}
    for at, snr_db in enumerate(SNRS_DB):
        backgrounds = None if snr_db == CLEAN_DB else [one.background_group for one in chosen]
        weights = two_way_weights(events, backgrounds, heard.corpus.sources)
        for who, flags in right.items():
            shares[who].append(100 * accuracy(flags[at][asked], weights))
    less = [own - other for own, other in zip(shares[OUT], shares[TEACHER], strict=True)]
    return [
        Line(who, [(e.value, e.low, e.high) for e in map(estimate, values)])
        for who, values in {**shares, BESIDE: less}.items()
    ]


def measure(args: argparse.Namespace) -> list[Table]:
    """Teach without each group, and ask; leave `left_out.json` in the working folder."""
    os.environ["MONITOR_MODELS"] = str(args.models)
    evaluate_embedded.add_teacher(args.models, args.teacher)
    text, teacher = load_encoder(box.NAME), load_encoder(evaluate_embedded.TEACHER)
    other: Path = args.without or args.work
    words_of_box = export_student.words_of_box(args.models)
    networks = {work: export_student.last_student(work) for work in (args.work, other)}

    def taught(work: Path, **settings: Any) -> Evidence:
        given = {"untaught": False, "leave_out": [], **vars(args), **settings, "work": work}
        return export_student.place_of(networks[work], words_of_box, argparse.Namespace(**given))

    validation = args.split == evaluate_embedded.VALIDATION
    folds = (args.split,) if validation else evaluate_embedded.FOLDS
    reported = {one.label for fold in evaluate_embedded.FOLDS for one in plan(args, fold)[1]}
    labelled = {clip.canonical for clip in learning_clips(read_index(args.data))}
    groups = deal(sorted(reported & labelled), args.groups)
    without = {
        name: place for group in groups for place in [taught(other, leave_out=group)] for name in group
    }
    known, none = taught(args.work), taught(other, untaught=True)
    tables = []
    for fold in folds:
        heard = {
            work: hear(args, fold, StudentGraph(one).eval(), text, teacher) for work, one in networks.items()
        }
        as_in_box = heard[args.work].placed(known)
        tables.append(tabulate(heard[other], as_in_box, none, without, left_out_of(other)))
    if not validation:
        audio = digest(args.models / box.NAME / "audio.onnx")
        stored = {"audio": audio, "groups": args.groups, "tables": [asdict(one) for one in tables]}
        (args.work / LEFT_OUT).write_text(json.dumps(stored, indent=1))
    return tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the network that is asked."""
    parser.add_argument("--without", type=Path, help="folder of a network that learnt no label of the ten")


def main() -> None:
    """Measure, and print or write the tables."""
    parser = parser_of(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder of train_embedded.py")
    parser.add_argument("--models", type=Path, required=True, help="folder of the model: WORK/models")
    parser.add_argument("--seed", type=int, default=7, help="of the examples")
    export_student.add_teaching(parser)
    add_arguments(parser)
    parser.add_argument("--groups", type=int, default=GROUPS, help="to deal the classes to")
    parser.add_argument(
        "--split",
        choices=["report", evaluate_embedded.VALIDATION],
        default="report",
        help="validation to choose by",
    )
    parser.add_argument("--out", type=Path, help="page to write")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    tables = measure(args)
    if args.out:
        write_page(tables, args.groups, args.out)
    if args.json:
        print(json.dumps([asdict(one) for one in tables], indent=1))
    elif not args.out:
        print(*map(as_markdown, tables), sep="\n\n")


if __name__ == "__main__":
    main()
