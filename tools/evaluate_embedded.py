"""Report the model in the box on fold 4, which nothing was trained or tuned on: run once, at the end.

    python tools/evaluate_embedded.py --minilm DIR                        # fold 4
    python tools/evaluate_embedded.py --minilm DIR --split validation     # while developing

The sound part is `monitor eval clips` on one split, by the model in the box and, where the manifest has it
(`tools/export_teacher.py`), the teacher on the same mixtures; the text part compares the towers of words.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import joint_space
import numpy as np
from corpus import is_validation, read_index, words

from monitor import load_encoder
from monitor.config import Config
from monitor.encoders import Encoder
from monitor.encoders.store import list_models
from monitor.evaluation.clip_tables import condition, overall_table, write_report
from monitor.evaluation.mixtures import CLEAN_DB
from monitor.evaluation.recognition import ClipBench, ClipReport, ClipTrial, run_clips

MODELS = ("embedded", "teacher")
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


def hear(args: argparse.Namespace, encoders: list[Encoder]) -> ClipReport:
    """Run `monitor eval clips` on one split; the validation slice is no fold, so only tools can."""
    validation = args.split == "validation"
    trial = ClipTrial(data=args.data / "index.csv", folds=(1, 2, 3) if validation else (4,), snrs_db=SNRS_DB)
    return run_clips(trial, ClipBench(encoders, Config(), is_validation if validation else None))


def per_class(report: ClipReport, data: Path) -> dict[str, dict[str, int]]:
    """Return, for each class, its clips, those trained on, and top-1 in percent of the first model."""
    learnt = Counter(clip.canonical for clip in read_index(data) if clip.split == "train")
    found: dict[str, dict[str, int]] = {}
    for row in report.classes:
        if (row.model, row.metric) == (MODELS[0], "top1"):
            line = found.setdefault(row.class_name, {"clips": row.n, "learnt": learnt[row.class_name]})
            line[condition(row.snr_db)] = round(100 * row.value)
    return found


def captions(data: Path, count: int) -> list[str]:
    """Draw captions of AudioCaps and Clotho, which no tower was trained on."""
    with (data / "text/audiocaps_test.csv").open(newline="") as file:
        found = [line["caption"] for line in csv.DictReader(file)]
    with (data / "text/clotho_captions_evaluation.csv").open(newline="") as file:
        found += [line["caption_1"] for line in csv.DictReader(file)]
    return random.Random(1).sample(found, count)


def text_fidelity(model: Encoder, classes: list[str], args: argparse.Namespace) -> dict[str, Any]:
    """Compare the text tower with its teacher, and see whether paraphrases find their class."""
    teacher = joint_space.TextTeacher(args.minilm)
    space = joint_space.fit(teacher.embed(joint_space.audioset_names(args.teacher)))
    texts = captions(args.data, 1000)
    prompts = [model.template.format(words(name)) for name in classes]
    found: dict[str, Any] = {}
    for name, items in (("1000 captions", texts), ("class prompts", prompts)):
        cosine = (model.embed_text(items) * space.project(teacher.embed(items))).sum(axis=1)
        found[name] = {
            "mean": round(float(cosine.mean()), 3),
            "worst_5_percent": round(float(np.percentile(cosine, 5)), 3),
        }
    prompt = model.template
    names = sorted({words(clip.canonical) for clip in read_index(args.data) if clip.kind == "event"})
    found["event_classes"] = len(names)
    pairs = []
    for phrase, wanted in PARAPHRASES:
        asked = [prompt.format(item) for item in (phrase, *names)]
        ours, theirs = model.embed_text(asked), space.project(teacher.embed(asked))
        ranks = [
            1 + int((own[1:] @ own[0] > own[1 + names.index(wanted)] @ own[0]).sum())
            for own in (ours, theirs)
        ]
        cosine = float(ours[0] @ ours[1 + names.index(wanted)])
        pairs.append(
            {
                "phrase": phrase,
                "class": wanted,
                "cosine": round(cosine, 2),
                "rank": ranks[0],
                "teacher": ranks[1],
            }
        )
    found["paraphrases"] = pairs
    return found


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Run every part of the report."""
    os.environ["MONITOR_MODELS"] = str(args.out)
    known = {model.name for model in list_models()}
    encoders = [load_encoder(name) for name in MODELS if name in known]
    report = hear(args, encoders)
    if getattr(args, "tables", None) is not None:
        write_report(args.tables, report)
    classes = per_class(report, args.data)
    return {
        "prompt": encoders[0].template,
        "sound": overall_table(report),
        "classes": classes,
        "text": text_fidelity(encoders[0], sorted(classes), args),
    }


def main() -> None:
    """Print the report as tables, or as JSON."""
    from model_card import as_markdown

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with index.csv and text/"
    )
    parser.add_argument(
        "--teacher", type=Path, default=Path("../shared/models/teacher"), help="audio teacher's folder"
    )
    parser.add_argument("--minilm", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder of manifest.toml")
    parser.add_argument("--tables", type=Path, help="folder for the tables and pictures of the sound part")
    parser.add_argument(
        "--split", choices=["report", "validation"], default="report", help="validation while developing"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    found = evaluate(args)
    print(json.dumps(found, indent=1) if args.json else as_markdown(found))


if __name__ == "__main__":
    main()
