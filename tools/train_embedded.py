"""Rebuild the model in the box: text tower, audio tower, class words, export, rooms, report, card.

Finished stages are skipped.

Example: python tools/train_embedded.py --data ../shared/data --minilm DIR --work DIR
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import evaluate_embedded
import export_embedded
import model_card
import torch
import train_audio
import train_names
import train_room
import train_text

from monitor import load_encoder

STAGES = ("text", "audio", "names", "export", "room", "evaluate", "card")


def run(stage: str, args: argparse.Namespace) -> None:
    """Run one stage; training stages resume from their checkpoints, up to their minutes."""
    if stage == "text":
        train_text.prepare(args)
        train_text.train(args)
    elif stage == "audio":
        train_audio.train(args)
    elif stage == "names":
        train_names.train(args)
    elif stage == "export":
        export_embedded.export(args)
    elif stage == "room":
        os.environ["MONITOR_MODELS"] = str(args.out)
        train_room.make_room(load_encoder("embedded"), args)
    elif stage == "evaluate":
        (args.work / "report.json").write_text(json.dumps(evaluate_embedded.evaluate(args), indent=1))
    else:
        model_card.write_card(args.out, args.data, args.work)


def main() -> None:
    """Run the stages asked for, in order."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    train_text.add_arguments(parser)
    train_audio.add_arguments(parser)
    train_names.add_arguments(parser)
    train_room.add_arguments(parser)
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder to write the model to")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="stages to run")
    args = parser.parse_args(namespace=argparse.Namespace(split="report", install=True))
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        if stage in args.stages:
            print(f"stage: {stage}")
            run(stage, args)


if __name__ == "__main__":
    main()
