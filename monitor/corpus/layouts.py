"""Data as it is published: one corpus of clips, whatever way its folders and tables are laid out.

========================= =========================== ============================== ================
layout                    told by                     folds                          group
========================= =========================== ============================== ================
index                     a CSV file, or `index.csv`  `fold5`                        `group`
ESC-50                    `meta/esc50.csv`            1-5                            src_file
UrbanSound8K              `metadata/UrbanSound8K.csv` 1-10                           fsID
FSD50K                    `FSD50K.ground_truth/`      1 dev train, 2 dev val, 3 eval fname
TAU Urban Acoustic Scenes `meta.csv`, tab separated   1                              identifier
TUT Acoustic Scenes       `meta.txt`, tab separated   1                              third column
any folder of sound files none of the above           1                              path of the file
========================= =========================== ============================== ================

All clips of ESC-50, UrbanSound8K and FSD50K are events: none of them has backgrounds. All of TAU, of TUT and
of a plain folder are backgrounds. Sound files are opened when they are heard and not before, so that one that
is listed and not there is an error only then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from monitor.corpus.clips import BEYOND, Clip, Dialect, duration_of, read_index, read_table
from monitor.errors import ConfigError

BACKGROUNDS = "backgrounds:"
"""Begin of a path below the root of the other backgrounds rather than that of the data."""
REPORT_FOLDS = (4, 6)
"""Heard of an index unless told, as far as there are any: the folds this project never learns from."""
_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})
_DEV_FOLDS = {"train": 1, "val": 2}
_EVAL_FOLD = 3


RECORDINGS = "recordings"
"""The layout of a folder that has no table."""


class Corpus(msgspec.Struct, frozen=True):
    """The clips an experiment may take, and where they lie."""

    root: Path
    clips: list[Clip]
    multi_label: bool = False
    """Whether a clip may hold several classes (`Clip.labels`)."""
    reported: tuple[int, ...] = ()
    """The folds that are kept to report on; empty: the last there is."""
    layout: str = "index"
    """How it is laid out, as a user calls it."""
    backgrounds: Path | None = None
    """Root of the backgrounds where they are of other data: paths that begin with `BACKGROUNDS`."""

    @property
    def folds(self) -> tuple[int, ...]:
        """Those there are, ascending."""
        return tuple(sorted({clip.fold for clip in self.clips if clip.fold is not None}))

    @property
    def sources(self) -> dict[str, str]:
        """Recording (group) -> the collection it comes from."""
        return {clip.group: clip.source for clip in self.clips}

    @property
    def usual_folds(self) -> tuple[int, ...]:
        """What is heard unless told."""
        there = tuple(fold for fold in self.reported if fold in self.folds)
        return there or self.reported[:1] or self.folds[-1:]

    def find(self, path: str) -> Path:
        """Return where a clip lies, by its path in the corpus or in the list of another run.

        Raises
        ------
        ConfigError
            It is one of other backgrounds, and this corpus has none.
        """
        if not path.startswith(BACKGROUNDS):
            return self.root / path
        if self.backgrounds is None:
            raise ConfigError(
                f"{path} is not of the data; give --backgrounds as the run did that wrote the list."
            )
        return self.backgrounds / path.removeprefix(BACKGROUNDS)

    def lasts(self, clips: Sequence[Clip], min_s: float) -> bool:
        """Say whether clips last `min_s` seconds together; files of unknown length are opened as needed."""
        total = sum(clip.duration_s for clip in clips if clip.duration_s is not None)
        for clip in clips:
            if total >= min_s:
                break
            if clip.duration_s is None:
                total += duration_of(self.find(clip.path))
        return total >= min_s


def read_data(path: Path, backgrounds: Path | None = None) -> Corpus:
    """Return the corpus in a file or a folder.

    Parameters
    ----------
    path
        A CSV index, or a folder laid out in one of the ways at the top of this file.
    backgrounds
        The same; all backgrounds are then taken from there, whatever their fold, and none from `path`.

    Raises
    ------
    ConfigError
        Nothing known is there, a table does not fit, or `backgrounds` holds none.
    """
    corpus = _read(path)
    if backgrounds is None:
        return corpus
    other = _read(backgrounds)
    found = [
        replace(clip, path=BACKGROUNDS + clip.path, fold=None)
        for clip in other.clips
        if clip.kind == "background"
    ]
    if not found:
        raise ConfigError(
            f"There is no background in {backgrounds}; give an index with some, TAU Urban Acoustic Scenes, "
            "or a folder of sound files."
        )
    own = [clip for clip in corpus.clips if clip.kind != "background"]
    return replace(corpus, clips=own + found, backgrounds=other.root)


def class_name(text: str) -> str:
    """Return a label as a class name: `Motor_vehicle_(road)` -> `motor_vehicle_road`.

    Raises
    ------
    ValueError
        Nothing is left of it.
    """
    name = re.sub(r"[^a-z0-9-]+", "_", text.lower()).strip("_")
    if not name:
        raise ValueError(f"the label {text!r} has no letter a-z and no digit")
    return name


def _read(path: Path) -> Corpus:
    if not path.is_dir():
        return _index(path)
    for marker, read in _LAYOUTS.items():
        if (path / marker).exists():
            return read(path)
    return _folder(path)


def _index(path: Path) -> Corpus:
    return Corpus(path.parent, read_index(path), reported=REPORT_FOLDS)


def _esc50(root: Path) -> Corpus:
    def to_clip(row: dict[str, str]) -> Clip:
        name = class_name(row["category"])
        return Clip(f"audio/{row['filename']}", name, "event", int(row["fold"]), row["src_file"])

    columns = ("filename", "fold", "category", "src_file")
    return Corpus(
        root, read_table(root / "meta/esc50.csv", columns, to_clip, "fold is a number"), layout="ESC-50"
    )


def _urbansound8k(root: Path) -> Corpus:
    def to_clip(row: dict[str, str]) -> Clip:
        fold = int(row["fold"])
        return Clip(
            f"audio/fold{fold}/{row['slice_file_name']}",
            class_name(row["class"]),
            "event",
            fold,
            row["fsID"],
            float(row["end"]) - float(row["start"]),
        )

    table, valid = root / "metadata/UrbanSound8K.csv", "fold, start and end are numbers"
    columns = ("slice_file_name", "fsID", "start", "end", "fold", "class")
    return Corpus(root, read_table(table, columns, to_clip, valid), layout="UrbanSound8K")


def _fsd50k(root: Path) -> Corpus:
    """Read both parts, or the one that is there."""

    def of_dev(row: dict[str, str]) -> Clip:
        if row["split"] not in _DEV_FOLDS:
            raise ValueError(f"the split is {row['split']!r}")
        return _fsd50k_clip(row, "FSD50K.dev_audio", _DEV_FOLDS[row["split"]])

    def of_eval(row: dict[str, str]) -> Clip:
        return _fsd50k_clip(row, "FSD50K.eval_audio", _EVAL_FOLD)

    dev, evaluated = (root / "FSD50K.ground_truth" / name for name in ("dev.csv", "eval.csv"))
    clips: list[Clip] = []
    if dev.exists():
        valid = "split is train or val, and labels are in quotes"
        clips += read_table(dev, ("fname", "labels", "split"), of_dev, valid)
    if evaluated.exists() or not dev.exists():
        clips += read_table(evaluated, ("fname", "labels"), of_eval, "labels are in quotes")
    return Corpus(root, clips, multi_label=True, layout="FSD50K")


def _fsd50k_clip(row: dict[str, str], folder: str, fold: int) -> Clip:
    if BEYOND in row:
        raise ValueError("there are more values than columns")
    labels = tuple(dict.fromkeys(class_name(label) for label in row["labels"].split(",")))
    name = row["fname"]
    return Clip(f"{folder}/{name}.wav", labels[0], "event", fold, name, labels=labels)


def _tau(root: Path) -> Corpus:
    def to_clip(row: dict[str, str]) -> Clip:
        return Clip(row["filename"], class_name(row["scene_label"]), "background", 1, row["identifier"])

    columns = ("filename", "scene_label", "identifier")
    valid = "scene_label is a kind of place"
    return Corpus(root, read_table(root / "meta.csv", columns, to_clip, valid, Dialect("\t")), layout="TAU")


def _tut(root: Path) -> Corpus:
    """Read a table without a head: file, kind of place and, from 2017 on, the recording."""

    def to_clip(row: dict[str, str]) -> Clip:
        recording = row["recording"] if row.get("recording") else Path(row["file"]).stem.split("_")[0]
        return Clip(row["file"], class_name(row["place"]), "background", 1, recording)

    head, valid = ("file", "place", "recording"), "each has a file and a kind of place"
    clips = read_table(root / "meta.txt", head[:2], to_clip, valid, Dialect("\t", head))
    return Corpus(root, clips, layout="TUT")


_LAYOUTS: dict[str, Callable[[Path], Corpus]] = {
    "index.csv": lambda root: _index(root / "index.csv"),
    "meta/esc50.csv": _esc50,
    "metadata/UrbanSound8K.csv": _urbansound8k,
    "FSD50K.ground_truth": _fsd50k,
    "meta.csv": _tau,
    "meta.txt": _tut,
}
"""What tells a layout -> how it is read; the first that is there counts."""


def _folder(root: Path) -> Corpus:
    """Read a folder without a table: every sound file is a background, named after its folder."""
    files = sorted(
        file.relative_to(root)
        for file in root.rglob("*")
        if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
    )
    if not files:
        raise ConfigError(
            f"There is no wav, flac, ogg or mp3 file in {root}, and no table of clips: {', '.join(_LAYOUTS)} "
            "(an index, ESC-50, UrbanSound8K, FSD50K, TAU or TUT scenes); give a folder of recordings or a "
            "CSV index."
        )
    here = root.resolve()
    found = [_background(file, (here / file).parent.name) for file in files]
    return Corpus(root, found, layout=RECORDINGS)


def _background(file: Path, folder: str) -> Clip:
    try:
        label = class_name(folder)
    except ValueError:  # a name in another script
        label = "background"
    return Clip(file.as_posix(), label, "background", 1, file.with_suffix("").as_posix())
