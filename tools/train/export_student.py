"""Write the student as a model folder, so that `monitor` can run it beside the model in the box, or as it.

    python -m tools.train.export_student --work DIR --out DIR
    MONITOR_MODELS=DIR monitor eval clips --model student ...
    python -m tools.train.export_student --work DIR --install        # into the box, with a cohort of its own

The point of a sound is the sum of the AudioSet names. How much each weighs is learnt from the labels of the
training clips (tools/train/student/naming.py); with `--untaught` it is the student's logit for it less its
mean, and no label is used. The text side and the names' points are those of the box. `--install` removes
what only the audio tower before it had (cohort, network for rooms, what was measured); run
tools/train/train_embedded.py to measure, and to write the card.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monitor import load_encoder
from monitor.export.bare_network import feed_of
from monitor.export.evidence import names_of
from tools.train import box
from tools.train.corpus import parser_of
from tools.train.graphs import digest, open_session
from tools.train.student import both, signals, study
from tools.train.student.examples import WINDOW_LEN, Draw, Examples, SignalExamples
from tools.train.student.graph import StudentGraph, export
from tools.train.student.naming import LABEL_WEIGHT, Evidence, Notes, kept_notes, take_notes, teach
from tools.train.student.network import Student
from tools.train.student.sources import RATE, load_sound
from tools.train.teacher import Teacher


@dataclass(frozen=True)
class Words:
    """The text side that a student is placed among."""

    names: Tensor
    """(527, d), unit norm: the points of AudioSet's names."""
    embed: Callable[[list[str]], NDArray[np.float32]]
    folder: Path
    """Of `text.onnx` and `tokenizer.json`."""


def words_of_box(models: Path) -> Words:
    """Return the text side of the box below `models`."""
    os.environ["MONITOR_MODELS"] = str(models)
    folder = models / box.NAME
    return Words(names_of((folder / "audio.onnx").read_bytes()), load_encoder(box.NAME).embed_text, folder)


def load_student(path: Path) -> Student:
    """Load the average of the weights that a training stage stored."""
    student = Student()
    student.load_state_dict(torch.load(path, weights_only=True)["average"])
    return student.eval()


def last_student(work: Path) -> Student:
    """Load what both teachers taught (train_both.py) or, without that, what the first did."""
    of_both = work / both.STATE
    return load_student(of_both if of_both.exists() else work / study.STATE)


def place_of(student: Student, words: Words, args: argparse.Namespace) -> Evidence:
    """Learn from labels how much each AudioSet name weighs or, with `--untaught`, only each name's mean."""
    front = Teacher(args.teacher)
    sound = load_sound(args.data, args.work)
    weights = hashlib.sha256(b"".join(one.numpy().tobytes() for one in student.state_dict().values()))

    def heard(file: str, examples: Draw, count: int, *made_by: str) -> Notes:
        key = " ".join([weights.hexdigest(), f"{args.seed} {count}", *made_by])
        hear = lambda audio: student(front.front(audio))  # noqa: E731
        return kept_notes(args.work / file, key, lambda: take_notes(hear, examples, count))

    notes = heard("notes.pt", Examples(sound, args.seed), args.notes)
    if args.untaught:
        return Evidence(words.names, notes.logits.mean(0))
    left_out = {*args.leave_out, *(signals.ALARMS if signals.ALARMS.intersection(args.leave_out) else ())}
    made = None
    if args.signals:
        code = " ".join(map(digest, signals.CODE))
        (args.work / "signals").mkdir(exist_ok=True)
        parts = [
            heard(
                f"signals/{one.make.__name__}.pt",
                SignalExamples(sound, one),
                round(args.signals * one.share),
                code,
            )
            for one in signals.SIGNALS
        ]
        made = reduce(Notes.joined, parts).without(left_out)
    notes = notes.without(left_out)
    return teach(notes, words.names, words.embed, args.seed, args.label_weight, made)


def check(path: Path, graph: StudentGraph) -> None:
    """Compare the file with torch."""
    audio = torch.randn(4, WINDOW_LEN, generator=torch.Generator().manual_seed(1)) * 0.1
    with torch.inference_mode():
        wanted = graph(audio).numpy()
    session = open_session(path)
    found = session.run(None, feed_of(session.get_inputs()[0].name, audio.numpy()))[0]
    cosine = float((found * wanted).sum(axis=1).min())
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, least cosine to torch {cosine:.5f}")
    if cosine < 0.999:
        raise SystemExit(f"{path} differs from torch: least cosine {cosine:.5f}, valid >= 0.999")


def write_model(models: Path, name: str, words: Words, args: argparse.Namespace) -> None:
    """Write a model folder below `models`, and its entry."""
    folder = models / name
    folder.mkdir(parents=True, exist_ok=True)
    student = last_student(args.work)
    place = place_of(student, words, args)
    graph = StudentGraph(student, place).eval()
    export(graph, folder / "audio.onnx", WINDOW_LEN)
    check(folder / "audio.onnx", graph)
    for file in ("text.onnx", "tokenizer.json"):
        shutil.copyfile(words.folder / file, folder / file)
    box.pin(models, name, box.Signature(RATE, WINDOW_LEN, place.names.shape[1]))


def put_in_box(words: Words, models: Path, args: argparse.Namespace) -> None:
    """Make a whole model, with its cohort, and put it in the place of the one in the box."""
    with tempfile.TemporaryDirectory(dir=args.work) as made:
        write_model(Path(made), box.NAME, words, args)
        os.environ["MONITOR_MODELS"] = made
        encoder = load_encoder(box.NAME)
        box.add_cohort(Path(made), box.NAME, encoder, args.data)
        box.tune(Path(made), box.NAME, encoder, args.data)
        box.install(Path(made), models)
    print(f"{models / box.NAME} is the new model; its card and what was measured are still to be made")


def add_teaching(parser: argparse.ArgumentParser) -> None:
    """Add how labels teach."""
    parser.add_argument("--notes", type=int, default=30_000, help="labelled examples to hear, once a student")
    parser.add_argument(
        "--signals", type=int, default=274, help="the same, made by code: of each signal of share one"
    )
    parser.add_argument(
        "--label-weight", type=float, default=LABEL_WEIGHT, help="of what labels teach; 0 is --untaught"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how the student is placed among the words."""
    add_teaching(parser)
    parser.add_argument("--untaught", action="store_true", help="use no label")
    add_left_out(parser)


def add_left_out(parser: argparse.ArgumentParser) -> None:
    """Add what no label teaches."""
    parser.add_argument("--leave-out", nargs="*", default=[], help="class words whose labels are not used")


def main() -> None:
    """Export."""
    parser = parser_of(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder of train_student.py")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the box's manifest")
    parser.add_argument("--name", default="student", help="name of the model in --out")
    parser.add_argument("--seed", type=int, default=7, help="of the examples")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="folder to write to, outside the project")
    where.add_argument("--install", action="store_true", help="put it in the place of the model in the box")
    add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)
    words = words_of_box(args.models)
    if args.install:
        put_in_box(words, args.models, args)
    else:
        write_model(args.out, args.name, words, args)


if __name__ == "__main__":
    main()
