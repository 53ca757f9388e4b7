"""Train a student that answers as the audio teacher does, on any sound; resume where the last run stopped.

    python -m tools.train.train_student --data DIR --teacher DIR --work DIR --minutes 60

The student (tools/train/student/network.py) is distilled feature by feature from EfficientAT mn04_as (F.
Schmid, MIT licence): on mixtures of the training sounds its blocks learn to make each of the teacher's maps
from the one before, at first alone, then chained; then to answer as the teacher does from some seconds
round the window; then to do so in noise (tools/train/student/stages.py). It starts at random; no tensor of
the teacher is read into it.

In the working folder: `student.pt`, all that a later run needs, and `curve.csv`, what was reached when. If
that folder is gone, `--from models/embedded/audio.onnx` goes on from what was shipped, in the last stage.
Choose by the columns of `validation`, whose sources nothing is learnt from; folds 4 and 6 are to report.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path

import torch
from tqdm import tqdm

from tools.train.corpus import parser_of
from tools.train.student.listening import OpenTeacher
from tools.train.student.measure import load_exams
from tools.train.student.noise import Noise
from tools.train.student.scenes import Scenes
from tools.train.student.sources import load_sound
from tools.train.student.stages import STAGES
from tools.train.student.study import VIEW_S, Study

IDLE_LOAD = 0.7
"""Of all others; below it the machine counts as idle."""


def use_threads(most: int) -> None:
    """Use all the threads allowed while nobody else needs them, otherwise one."""
    others = os.getloadavg()[0] - torch.get_num_threads()
    wanted = most if others < IDLE_LOAD else 1
    if wanted != torch.get_num_threads():
        torch.set_num_threads(wanted)


def train(args: argparse.Namespace) -> Study:
    """Learn for some minutes; return the study."""
    args.work.mkdir(parents=True, exist_ok=True)
    teacher = OpenTeacher(args.teacher)
    sound, exams = load_sound(args.data, args.work), load_exams(args.data, teacher, args.work)
    study = Study(args.work, teacher, args.seed, args.view_s)
    scenes, noise = Scenes(sound, args.seed + study.total), Noise(sound, args.seed + study.total)
    most = {stage.name: getattr(args, f"{stage.name}_steps") for stage in STAGES}
    study.prepare(scenes, args.shipped)
    began, noted, first = time.monotonic(), time.monotonic(), study.total
    total = round(args.minutes * 60) if math.isfinite(args.minutes) else None
    with tqdm(total=total, desc="student", unit="s", mininterval=10) as bar:
        while time.monotonic() - began < args.minutes * 60 and study.total - first < args.steps:
            while study.step >= most[study.stage.name] and study.stage is not STAGES[-1]:
                study.note(exams)
                study.advance()
            if study.step >= most[study.stage.name]:
                break
            use_threads(args.threads)
            study.learn(scenes, noise)
            if time.monotonic() - noted > args.note_every_s:
                marks, noted = study.note(exams), time.monotonic()
                hidden = " ".join(f"{name} {mark.hidden:.3f}" for name, mark in marks.items())
                bar.set_postfix_str(f"{study.stage.name} {study.step}, R2 {hidden}")
            bar.update(round(time.monotonic() - began) - bar.n)
    study.note(exams)
    return study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how long each stage takes, and what it starts from."""
    parser.add_argument("--apart-steps", type=int, default=1500, help="steps before the blocks are chained")
    parser.add_argument(
        "--chained-steps", type=int, default=1500, help="steps before the longer view is asked for"
    )
    parser.add_argument("--view-steps", type=int, default=0, help="steps before noise is added")
    parser.add_argument("--noise-steps", type=float, default=math.inf, help="steps after which it is done")
    parser.add_argument(
        "--view-s", type=float, default=VIEW_S, help="seconds of the longer view; 2 is the window itself"
    )
    parser.add_argument("--note-every-s", type=float, default=240.0, help="seconds between two measurements")
    parser.add_argument(
        "--from",
        dest="shipped",
        type=Path,
        metavar="FILE",
        help="a shipped audio.onnx to begin with, where the working folder has no student",
    )


def main() -> None:
    """Read the arguments and train."""
    parser = parser_of(__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder to keep the state in")
    parser.add_argument("--minutes", type=float, default=60.0, help="most minutes this run may take")
    parser.add_argument("--steps", type=float, default=math.inf, help="most steps this run may take")
    add_arguments(parser)
    parser.add_argument("--threads", type=int, default=1, help="most threads, while the machine is idle")
    parser.add_argument("--seed", type=int, default=1, help="of the start and of the scenes")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train(args)


if __name__ == "__main__":
    main()
