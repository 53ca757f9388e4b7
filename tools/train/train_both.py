"""Let a student learn from both audio teachers, as the last stage; resume where the last run stopped.

    python -m tools.train.train_both --work DIR                       # fill the pool, then learn
    python -m tools.train.train_both --work DIR --parts pool          # on one core, while
    python -m tools.train.train_both --work DIR --parts learn         # this goes on on another

EfficientAT mn04_as and YAMNet hear scenes of the training sounds (tools/train/student/pool.py); the student
of `train_student.py` learns what both make of them, in noise (tools/train/student/both.py). In the working
folder: `pool/`, 131 KB a scene; `both.pt`, all that a later run needs; `both.csv`, what was reached when:
top-1 of held-out recordings by the student alone, no label. Choose by that; folds 4 and 6 are to report.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.export.evidence import Evidence, typical_logits
from tools.train.corpus import parser_of
from tools.train.export_student import add_left_out, load_student, words_of_box
from tools.train.joint_space import audioset_names
from tools.train.student.both import SNR_DB, BothStudy, Goals
from tools.train.student.labelled import LabelledScenes, classes_of
from tools.train.student.listening import OpenTeacher
from tools.train.student.measure import WINDOW_LEN
from tools.train.student.naming_exam import naming_exam
from tools.train.student.noise import Noise
from tools.train.student.pool import Pool, Teachers
from tools.train.student.scenes import Scenes
from tools.train.student.sources import RATE, Sound, load_sound
from tools.train.student.study import STATE, VIEW_S
from tools.train.yamnet import Yamnet, columns, labels_of

PARTS = ("pool", "learn")
TOGETHER = 32
"""Scenes drawn at a time."""
ORDINARY = 400
"""Windows of ordinary sound in which the second teacher's typical evidence is measured."""
_SEED = 1000
"""So that the scenes are others than the student has learnt from."""


def fill(args: argparse.Namespace) -> None:
    """Add scenes to the pool until it has as many as were asked for."""
    pool = Pool(args.work / "pool")
    pool.mend()
    teachers = Teachers(OpenTeacher(args.teacher), Yamnet(args.second))
    seed = _SEED + args.seed + len(pool)
    sound, length = load_sound(args.data, args.work), round(VIEW_S * RATE)
    scenes, labelled = Scenes(sound, seed), LabelledScenes(sound, seed)
    generator = torch.Generator().manual_seed(seed)
    missing = range(len(pool), args.pool, 2 * TOGETHER)
    for _ in tqdm(missing, desc="pool", unit=f"{2 * TOGETHER} scenes", mininterval=10):
        pool.add(teachers.hear(scenes.draw(TOGETHER, length), generator))
        told, labels = labelled.draw_labelled(TOGETHER, length)
        pool.add(teachers.hear(told, generator, labels))


def typical_of(second: Yamnet, sound: Sound, work: Path) -> NDArray[np.float32]:
    """Return the mean log-odds of the second teacher on backgrounds, speech and music; measured once."""
    path = work / "second_typical.npy"
    if not path.exists():
        rng = np.random.default_rng(_SEED)
        ordinary = np.flatnonzero([clip.kind != "event" for clip in sound.clips])
        heard = []
        for at in tqdm(rng.permutation(ordinary)[:ORDINARY], desc="ordinary sound", unit="window"):
            samples = sound.clip(int(at))
            around = np.resize(samples, max(WINDOW_LEN, len(samples)))
            start = int(rng.integers(len(around) - WINDOW_LEN + 1))
            part = around[start : start + WINDOW_LEN].astype(np.float32) / np.float32(32767)
            heard.append(second.hear(part))
        np.save(path, np.mean(heard, axis=0))
    typical: NDArray[np.float32] = np.load(path)
    return typical


def learn(args: argparse.Namespace) -> BothStudy:
    """Learn for as many steps as were asked for."""
    words, teacher = words_of_box(args.models), OpenTeacher(args.teacher)
    sound = load_sound(args.data, args.work)
    place = Evidence(words.names, typical_logits())
    places = columns(labels_of(args.second), audioset_names(args.teacher))
    typical = typical_of(Yamnet(args.second), sound, args.work)
    goals = Goals(typical_logits(), torch.from_numpy(typical), torch.from_numpy(places))
    begin = load_student(args.work / STATE).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    classes = classes_of(sound)
    study = BothStudy(args.work, begin.train(), place, goals, classes, args.both_steps, args.leave_out)
    noise = Noise(sound, _SEED + args.seed + study.step, SNR_DB)
    exam = naming_exam(args.data, teacher, words.embed)
    noted = time.monotonic()
    with tqdm(total=args.both_steps, initial=study.step, desc="learn", unit="step", mininterval=10) as bar:
        if study.step == 0:
            study.note(exam.measure(study.average, place))
        while not study.done:
            study.learn(noise, teacher)
            bar.update()
            if time.monotonic() - noted > args.note_every_s or study.done:
                marks, noted = exam.measure(study.average, place), time.monotonic()
                study.note(marks)
                bar.set_postfix({name: f"{mark:.3f}" for name, mark in marks.items()})
    return study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the second teacher, and how long it takes."""
    parser.add_argument(
        "--second", type=Path, default=Path("../shared/models/yamnet"), help="second audio teacher's folder"
    )
    parser.add_argument("--pool", type=int, default=40_960, help="scenes that both teachers hear")
    parser.add_argument("--both-steps", type=int, default=5_000, help="steps of learning from them")


def main() -> None:
    """Read the arguments, fill the pool and learn."""
    parser = parser_of(__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the box's manifest")
    parser.add_argument("--work", type=Path, required=True, help="folder of train_student.py")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to do")
    parser.add_argument("--note-every-s", type=float, default=240.0, help="seconds between two measurements")
    parser.add_argument("--threads", type=int, default=1, help="threads to compute with")
    parser.add_argument("--seed", type=int, default=1, help="of the scenes")
    add_left_out(parser)
    add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if "pool" in args.parts:
        fill(args)
    if "learn" in args.parts:
        learn(args)


if __name__ == "__main__":
    main()
