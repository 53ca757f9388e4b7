"""Small data sets made by code, laid out as the published ones: tones as events, noise as backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from tests.evaluation.corpus import RATE

TONES_HZ = {"siren": 700.0, "dog": 400.0, "rain": 1500.0}


def write_esc50(root: Path, folds: Sequence[int] = (1, 5)) -> Path:
    """Write two recordings of every class per fold."""
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for fold in folds:
        for target, (name, tone_hz) in enumerate(TONES_HZ.items()):
            for take in range(2):
                source = f"{fold}{target}{take}"
                write_tone(root / f"audio/{fold}-{source}-A-{target}.wav", tone_hz)
                lines.append(f"{fold}-{source}-A-{target}.wav,{fold},{target},{name},False,{source},A")
    return write_table(root, "meta/esc50.csv", lines)


def write_urbansound8k(root: Path) -> Path:
    """Write one sound in the foreground and one in the background, in folds 1 and 10."""
    lines = ["slice_file_name,fsID,start,end,salience,fold,classID,class"]
    for fold in (1, 10):
        for salience in (1, 2):
            name = f"{fold}{salience}-8-0-0.wav"
            write_tone(root / f"audio/fold{fold}/{name}", TONES_HZ["siren"])
            lines.append(f"{name},{fold}{salience},5.5,7.5,{salience},{fold},8,siren")
    return write_table(root, "metadata/UrbanSound8K.csv", lines)


def write_fsd50k(root: Path) -> Path:
    """Write a bark that is also of a dog, for training, validation and evaluation, and rain to evaluate."""
    dev, evaluated = ["fname,labels,mids,split"], ["fname,labels,mids"]
    labels, mids = '"Bark,Dog,Domestic_animals_and_pets"', '"/m/1,/m/2,/m/3"'
    for name, split in (("11", "train"), ("22", "val")):
        write_tone(root / f"FSD50K.dev_audio/{name}.wav", TONES_HZ["dog"])
        dev.append(f"{name},{labels},{mids},{split}")
    for name in ("33", "44"):
        write_tone(root / f"FSD50K.eval_audio/{name}.wav", TONES_HZ["dog"])
        evaluated.append(f"{name},{labels},{mids}")
    write_tone(root / "FSD50K.eval_audio/55.wav", TONES_HZ["rain"])
    evaluated.append("55,Rain,/m/4")
    write_table(root, "FSD50K.ground_truth/eval.csv", evaluated)
    return write_table(root, "FSD50K.ground_truth/dev.csv", dev)


def write_tau(root: Path) -> Path:
    """Write two recordings of one place and one of another."""
    lines = ["filename\tscene_label\tidentifier\tsource_label"]
    for seed, (scene, place) in enumerate((("street_traffic", 0), ("street_traffic", 0), ("park", 1))):
        write_noise(root / f"audio/{scene}-{seed}-a.wav", 6.0, seed)
        lines.append(f"audio/{scene}-{seed}-a.wav\t{scene}\tparis-{place}\ta")
    return write_table(root, "meta.csv", lines)


def write_folder(root: Path, seconds: float = 12.0) -> Path:
    """Write noise into a folder and two folders in it, and a file that is not sound."""
    for seed, name in enumerate(("hum.wav", "Shopping Mall/1.flac", "park/1.ogg", "park/2.WAV")):
        write_noise(root / name, seconds, seed)
    (root / "park/notes.txt").write_text("not sound")
    (root / "park/._2.wav").write_text("what some systems leave beside a file")
    return root


def write_table(root: Path, name: str, lines: Sequence[str]) -> Path:
    """Write a table below `root`, which is returned."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return root


def write_tone(path: Path, tone_hz: float) -> None:
    """Write two seconds with a tone in the middle one."""
    t = np.arange(2 * RATE) / RATE
    inside = (t >= 0.5) & (t < 1.5)
    _write(path, 0.3 * inside * np.sin(2.0 * np.pi * tone_hz * t))


def write_noise(path: Path, seconds: float, seed: int) -> None:
    """Write white noise."""
    _write(path, 0.02 * np.random.default_rng(seed).standard_normal(round(seconds * RATE)))


def _write(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.astype(np.float32), RATE)
