"""Measure what each class's logit is on ordinary sound, for the taggers that `monitor models export` takes.

    python -m tools.train.typical_logits --checkpoint mn04_as_mAP_432.pt

Ordinary sound is every background, speech and music of folds 1 to 3, in windows of 2 s.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from monitor.encoders.kaldi_mel import RATE
from monitor.encoders.weights import load_pickle, tensors_of
from monitor.export.kaldi_mel import PlainFrontEnd
from monitor.export.mobilenet import MobileNet
from tools.train.corpus import read_clip, read_index

FOLDS = (1, 2, 3)
FAINT_DB = -55.0
WINDOW_LEN = 2 * RATE
MOST = 8
"""Windows of one clip at most, so that long recordings do not weigh too much."""


@torch.inference_mode()
def measure(checkpoint: Path, data: Path) -> torch.Tensor:
    """Return the mean logits, (527,)."""
    front, network = PlainFrontEnd(), MobileNet(tensors_of(load_pickle(checkpoint)))
    clips = [
        clip
        for clip in read_index(data)
        if clip.fold in FOLDS and clip.kind != "event" and clip.rms_db > FAINT_DB
    ]
    total, count = torch.zeros(0), 0
    for clip in tqdm(clips, unit="clip"):
        sound = read_clip(data / clip.path, RATE)
        sound = np.resize(sound, max(WINDOW_LEN, len(sound)))
        windows = torch.from_numpy(sound).unfold(0, WINDOW_LEN, WINDOW_LEN)[:MOST]
        logits = network(front(windows))[1]
        total = logits.sum(0) + (total if count else 0)
        count += len(logits)
    print(f"{count} windows of {len(clips)} clips")
    return total / count


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a tagger's published weights")
    parser.add_argument("--out", type=Path, default=Path("monitor/export/typical_logits.txt"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.write_text("".join(f"{value:.2f}\n" for value in measure(args.checkpoint, args.data)))


if __name__ == "__main__":
    main()
