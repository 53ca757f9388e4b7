"""Make the model in the box from the data and the teachers: the one command, which goes on where it was.

    python -m tools.train.train_embedded --work DIR --minilm DIR          # everything
    python -m tools.train.train_embedded --work DIR --keep-words          # the box's text side stays as it is

Stages: `text` distils the text tower; `student` the audio network (tools/train/train_student.py); `both` lets
it learn from a second teacher as well (tools/train/train_both.py); `export` learns from labels how much each
AudioSet name weighs and writes the graphs; `cohort` lets the model hear ordinary sound; `tune` chooses from
which odds on a window counts as speech (tools/train/tune_speech.py); `evaluate` measures it, and the audio
teacher beside it, on folds 6 and 4; `left_out` asks for words that no label taught (tools/train/leave_out.py)
and writes held_out.md; `card` writes README.md and measured.toml; `install` puts the model into `--models`
at once. In the working folder each stage leaves what it made, and a note of what it
was made of: one that is done is not done again, nor is a training stage that has had its steps. If that
folder is gone, training repeats from the start, or goes on from the shipped graph (`--from
models/embedded/audio.onnx`); with `--noise-steps 0` and without the stage `both` it stays the shipped
network, and only what labels teach is learnt anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import torch

from monitor import load_encoder
from tools.train import (
    box,
    evaluate_embedded,
    export_student,
    export_text,
    leave_out,
    model_card,
    train_both,
    train_student,
    train_text,
)
from tools.train.graphs import digest
from tools.train.left_out_tables import LEFT_OUT, write_page
from tools.train.student import both, signals, study

STAGES = ("text", "student", "both", "export", "cohort", "tune", "evaluate", "left_out", "card", "install")
NOISE_STEPS = 930
"""Of the last stage, after which the student is done: with those before it, some 95 minutes on one core."""


class Ledger:
    """What each finished stage was made of, kept in a working folder."""

    def __init__(self, work: Path) -> None:
        self._path = work / "stages.json"
        self._made: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def is_done(self, stage: str, made_of: str) -> bool:
        """Say whether a stage was finished from just that."""
        return self._made.get(stage) == made_of

    def note(self, stage: str, made_of: str) -> None:
        """Note that a stage is finished."""
        self._made[stage] = made_of
        self._path.write_text(json.dumps(self._made, indent=1))


def hash_of(files: Iterable[Path], *settings: object) -> str:
    """Hash files, those that are there, and settings."""
    parts = [f"{path.name} {digest(path)}" for path in files if path.exists()]
    return hashlib.sha256("\n".join([*parts, *map(str, settings)]).encode()).hexdigest()


class Stages:
    """Every stage: what it is made of, and how."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.models: Path = args.work / "models"
        self._folder = self.models / box.NAME

    def made_of(self, stage: str) -> str:
        """Return what a stage depends on, as a hash."""
        a, work = self.args, self.args.work
        student = [getattr(a, f"{name}_steps") for name in ("apart", "chained", "view", "noise")]
        words = [] if a.keep_words else [work / "text.pt", work / "space.npz", work / "tokenizer.json"]
        towers = [self._folder / "audio.onnx", self._folder / "text.onnx"]
        without = [a.without / both.STATE] if a.without else []
        tables = [work / f"fold_{fold}" / "classes.csv" for fold in evaluate_embedded.FOLDS]
        made: dict[str, tuple[list[Path], list[object]]] = {
            "text": ([a.data / "index.csv"], [a.keep_words, a.phrases, a.scenes, a.text_minutes, a.seed]),
            "student": ([a.data / "index.csv"], [student, a.view_s, a.seed, a.shipped]),
            "both": ([work / study.STATE], [a.pool, a.both_steps, a.leave_out, a.seed]),
            "export": (
                [work / study.STATE, work / both.STATE, *signals.CODE, *words],
                [a.keep_words, a.notes, a.signals, a.untaught, a.label_weight, a.leave_out, a.seed],
            ),
            "cohort": ([self._folder / "audio.onnx", a.data / "index.csv"], []),
            "tune": ([*towers, a.data / "index.csv"], []),
            "evaluate": (towers, [a.minilm is None]),
            "left_out": ([*towers, *without], [leave_out.GROUPS]),
            "card": (
                [work / "report.json", work / LEFT_OUT, *tables, self._folder / box.COHORT_FILE],
                [a.signals],
            ),
            "install": (
                [*sorted(self._folder.glob("*")), self.models / "manifest.toml"],
                [a.models.resolve()],
            ),
        }
        files, settings = made[stage]
        return hash_of(files, stage, *settings)

    def run(self, stage: str) -> None:
        """Run a stage."""
        getattr(self, f"_{stage}")()

    def _text(self) -> None:
        if not self.args.keep_words:
            train_text.prepare(self.args)
            train_text.train(self.args)

    def _student(self) -> None:
        train_student.train(self.args)

    def _both(self) -> None:
        train_both.fill(self.args)
        train_both.learn(self.args)

    def _export(self) -> None:
        words = (
            export_student.words_of_box(self.args.models)
            if self.args.keep_words
            else export_text.words_of_work(self.args.work)
        )
        shutil.rmtree(self._folder, ignore_errors=True)  # what belongs to the one before it goes
        export_student.write_model(self.models, box.NAME, words, self.args)

    def _cohort(self) -> None:
        os.environ["MONITOR_MODELS"] = str(self.models)
        box.add_cohort(self.models, box.NAME, load_encoder(box.NAME), self.args.data)

    def _tune(self) -> None:
        os.environ["MONITOR_MODELS"] = str(self.models)
        box.tune(self.models, box.NAME, load_encoder(box.NAME), self.args.data)

    def _evaluate(self) -> None:
        os.environ["MONITOR_MODELS"] = str(self.models)
        evaluate_embedded.add_teacher(self.models, self.args.teacher)
        found = evaluate_embedded.evaluate(self.args, self.args.work)
        (self.args.work / "report.json").write_text(json.dumps(found, indent=1))

    def _left_out(self) -> None:
        fields = {"models": self.models, "split": "report", "groups": leave_out.GROUPS}
        asked = argparse.Namespace(**{**vars(self.args), **fields})
        write_page(leave_out.measure(asked), asked.groups, self.args.work / "held_out.md")

    def _card(self) -> None:
        os.environ["MONITOR_MODELS"] = str(self.models)
        model_card.write_card(
            self.models, self.args.data, self.args.work, self.args.models, self.args.signals
        )

    def _install(self) -> None:
        box.install(self.models, self.args.models)


def make(args: argparse.Namespace) -> list[str]:
    """Run the stages asked for that are not done, in order; return their names."""
    args.work.mkdir(parents=True, exist_ok=True)
    stages, ledger, ran = Stages(args), Ledger(args.work), []
    for stage in STAGES:
        if stage not in args.stages:
            continue
        if ledger.is_done(stage, stages.made_of(stage)):
            print(f"{stage}: done before")
            continue
        print(f"{stage}: begins")
        stages.run(stage)
        ledger.note(stage, stages.made_of(stage))
        ran.append(stage)
    return ran


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    train_text.add_arguments(parser, minilm_required=False)
    train_student.add_arguments(parser)
    train_both.add_arguments(parser)
    export_student.add_arguments(parser)
    leave_out.add_arguments(parser)
    parser.add_argument("--keep-words", action="store_true", help="keep the box's text tower as it is")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder to put the model into")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="stages to run")
    parser.set_defaults(noise_steps=NOISE_STEPS)
    args = parser.parse_args(argv, argparse.Namespace(minutes=math.inf, steps=math.inf))
    if args.minilm is None and not args.keep_words:
        parser.error("--minilm is missing: the text teacher's folder; or keep the box's words: --keep-words")
    return args


def main() -> None:
    """Make the model."""
    args = parse()
    torch.set_num_threads(args.threads)
    make(args)


if __name__ == "__main__":
    main()
