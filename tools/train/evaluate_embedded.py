"""Measure a model, and the audio teacher beside it, on folds that nothing was trained or tuned on.

    MONITOR_MODELS=DIR python -m tools.train.evaluate_embedded --out REPORT                 # folds 6 and 4
    python -m tools.train.evaluate_embedded --out REPORT --split validation                 # while developing

The sound part is `monitor eval clips`. Where the manifest has a model `teacher` (EfficientAT mn04_as, its
evidence laid over the same names, with the same text side), both hear the same mixtures. The text part asks
paraphrases for their class and, with `--minilm`, compares the text tower with its teacher.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor import load_encoder
from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.evaluation.clip_task import ClipBench, ClipExperiment
from monitor.evaluation.eval_clips import ClipReport, run_clips
from monitor.evaluation.reports.clip_tables import basis, condition, overall_table, write_report
from monitor.evaluation.synthesis.mixtures import CLEAN_DB
from monitor.export.tagger_model import make_folder
from monitor.models.store import MODEL_FILE, list_models
from tools.train import box, joint_space
from tools.train.corpus import is_validation, read_index, words
from tools.train.student.sources import learning_clips

TEACHER = "teacher"
FOLDS = ("6", "4")
"""6 has sources the model never met, 4 other recordings of known ones."""
VALIDATION, LEARNING_FOLDS = "validation", (1, 2, 3)
SNRS_DB = (CLEAN_DB, 20.0, 10.0, 6.0, 3.0, 0.0, -5.0)
PARAPHRASES = (
    ("ambulance passing", "siren"),
    ("police car rushing by", "siren"),
    ("smoke detector beeping", "fire smoke alarm"),
    ("fire alarm going off", "fire smoke alarm"),
    ("someone knocking at the door", "door knock"),
    ("knocking on wood", "door knock"),
    ("puppy yapping", "dog bark"),
    ("a dog barking outside", "dog bark"),
    ("infant crying", "baby cry"),
    ("a window being smashed", "glass break"),
    ("car honking", "car horn"),
    ("someone typing on a computer", "keyboard typing"),
    ("church bell ringing", "church bells"),
    ("person walking", "footsteps"),
    ("chicken clucking", "hen"),
)
"""A phrase, and the class that should be nearest to it."""


def add_teacher(models: Path, teacher: Path) -> None:
    """Write the audio teacher as a model below `models`, with the text side of the model in the box."""
    folder = models / TEACHER
    if not (folder / MODEL_FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        make_folder(teacher / "mn04_as_mAP_432.pt", folder)


def hear(data: Path, fold: str, encoders: list[Encoder]) -> ClipReport:
    """Run `monitor eval clips` on a fold; the validation slice is no fold, so only tools can."""
    validation = fold == VALIDATION
    experiment = ClipExperiment(
        data=data / "index.csv", folds=LEARNING_FOLDS if validation else (int(fold),), snrs_db=SNRS_DB
    )
    return run_clips(experiment, ClipBench(encoders, Config(), is_validation if validation else None))


def per_class(report: ClipReport, learnt: Counter[str]) -> dict[str, dict[str, Any]]:
    """Return, for each class, its clips, those trained on, and top-1 in percent of each model."""
    found: dict[str, dict[str, Any]] = {}
    for row in report.classes:
        if row.metric == "top1":
            line = found.setdefault(row.class_name, {"clips": row.n, "learnt": learnt[row.class_name]})
            line.setdefault(row.model, {})[condition(row.snr_db)] = round(100 * row.value)
    return found


def overall(report: ClipReport) -> dict[str, dict[str, float]]:
    """Return top-1 over all clips in percent, of each model under each condition."""
    found: dict[str, dict[str, float]] = {}
    for row in report.rows:
        if row.metric == "top1":
            found.setdefault(row.model, {})[condition(row.snr_db)] = round(100 * row.value, 1)
    return found


def captions(data: Path, count: int) -> list[str]:
    """Draw captions of AudioCaps and Clotho, which no tower was trained on."""
    with (data / "text/audiocaps_test.csv").open(newline="") as file:
        found = [line["caption"] for line in csv.DictReader(file)]
    with (data / "text/clotho_captions_evaluation.csv").open(newline="") as file:
        found += [line["caption_1"] for line in csv.DictReader(file)]
    return random.Random(1).sample(found, count)


def paraphrases(model: Encoder, names: list[str]) -> list[dict[str, Any]]:
    """Ask paraphrases for their class among all class words: cosine, and rank."""
    phrases = [phrase for phrase, _ in PARAPHRASES]
    points = model.embed_text([model.info.templates[0].format(item) for item in (*phrases, *names)])
    asked, classes = points[: len(phrases)], points[len(phrases) :]
    found = []
    for point, (phrase, wanted) in zip(asked, PARAPHRASES, strict=True):
        cosines = classes @ point
        own = cosines[names.index(wanted)]
        rank = 1 + int((cosines > own).sum())
        found.append({"phrase": phrase, "class": wanted, "cosine": round(float(own), 2), "rank": rank})
    return found


def fidelity(model: Encoder, classes: list[str], args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Compare the text tower with its teacher in the joint space."""
    teacher = joint_space.TextTeacher(args.minilm)
    space = joint_space.fit(teacher.embed(joint_space.audioset_names(args.teacher)))
    prompts = [model.info.templates[0].format(words(name)) for name in classes]
    found: dict[str, dict[str, float]] = {}
    for name, items in (("1000 captions", captions(args.data, 1000)), ("class prompts", prompts)):
        cosine = (model.embed_text(items) * space.project(teacher.embed(items))).sum(axis=1)
        worst = round(float(np.percentile(cosine, 5)), 3)
        found[name] = {"mean": round(float(cosine.mean()), 3), "worst_5_percent": worst}
    return found


def evaluate(args: argparse.Namespace, out: Path, folds: Sequence[str] = FOLDS) -> dict[str, Any]:
    """Run every part of the report; leave the tables of each fold in `out`/fold_N."""
    known = {model.name for model in list_models()}
    encoders = [load_encoder(name) for name in (box.NAME, TEACHER) if name in known]
    index = read_index(args.data)
    learnt = Counter(clip.canonical for clip in learning_clips(index))
    found: dict[str, Any] = {"prompt": encoders[0].info.templates[0], "folds": {}}
    for fold in folds:
        report = hear(args.data, fold, encoders)
        write_report(out / f"fold_{fold}", report)
        found["folds"][fold] = {
            "basis": basis(report.mixtures),
            "table": overall_table(report),
            "overall": overall(report),
            "classes": per_class(report, learnt),
        }
    names = sorted({words(clip.canonical) for clip in index if clip.kind == "event"})
    found["event_classes"] = len(names)
    found["paraphrases"] = paraphrases(encoders[0], names)
    classes = sorted({name for fold in found["folds"].values() for name in fold["classes"]})
    found["fidelity"] = fidelity(encoders[0], classes, args) if args.minilm else {}
    return found


def main() -> None:
    """Write the report of the models of `MONITOR_MODELS`, and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with index.csv and text/"
    )
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    parser.add_argument("--minilm", type=Path, help="folder of all-MiniLM-L6-v2, to compare the words with")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.json, tables and pictures")
    parser.add_argument(
        "--split", choices=["report", VALIDATION], default="report", help="validation while developing"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    found = evaluate(args, args.out, FOLDS if args.split == "report" else (VALIDATION,))
    (args.out / "report.json").write_text(json.dumps(found, indent=1))
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        print(*(one["table"] for one in found["folds"].values()), sep="\n\n")


if __name__ == "__main__":
    main()
