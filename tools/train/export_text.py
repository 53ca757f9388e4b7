"""Write a trained text tower as an ONNX file, compared with torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tools.train.evaluate_text import open_tower
from tools.train.export_student import Words
from tools.train.graphs import open_session, store_as_half
from tools.train.joint_space import JointSpace
from tools.train.text_tower import MAX_TOKENS, TextTower
from tools.train.train_text import load_tower

OPSET = 18


def words_of_work(work: Path) -> Words:
    """Export the tower that `train_text.py` left in `work`; return the text side it makes."""
    tower, path = load_tower(work / "text.pt"), work / "text.onnx"
    write_tower(tower, path)
    store_as_half(path)
    check_text(path, tower)
    names = torch.from_numpy(JointSpace.load(work / "space.npz").names)
    return Words(names, open_tower(work / "text.pt", work / "tokenizer.json"), work)


def write_tower(tower: TextTower, path: Path) -> None:
    """Write input_ids, attention_mask (n, t) -> embedding (n, d)."""
    ids = torch.ones(2, 7, dtype=torch.int64)
    shape = {0: torch.export.Dim("n"), 1: torch.export.Dim("t", min=1, max=MAX_TOKENS)}
    torch.onnx.export(
        tower.eval(),
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=(shape, shape),
        external_data=False,
    )


def check_text(path: Path, tower: TextTower) -> None:
    """Compare the graph with torch, and a padded batch with single texts."""
    session = open_session(path)
    rng = np.random.default_rng(3)
    lengths = (1, 3, 12, MAX_TOKENS)
    ids = rng.integers(2, 2000, (len(lengths), MAX_TOKENS))
    mask = (np.arange(MAX_TOKENS) < np.array(lengths)[:, None]).astype(np.int64)
    together = session.run(None, {"input_ids": ids * mask, "attention_mask": mask})[0]
    for row, length in enumerate(lengths):
        cut = {"input_ids": ids[row : row + 1, :length], "attention_mask": mask[row : row + 1, :length]}
        if np.abs(session.run(None, cut)[0] - together[row]).max() > 1e-4:
            raise SystemExit("text.onnx: padding changes the result")
    with torch.inference_mode():
        wanted = tower(torch.from_numpy(ids * mask), torch.from_numpy(mask)).numpy()
    cosine = (together * wanted).sum(axis=1).min()
    if cosine < 0.999:
        raise SystemExit(f"text.onnx differs from torch: least cosine {cosine:.5f}, valid >= 0.999")
    print(f"text.onnx: {path.stat().st_size / 1e6:.1f} MB, least cosine to torch {cosine:.6f}")
