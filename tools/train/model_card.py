"""Write the model card from the tables of `evaluate_embedded.py`, and the picture of how the student learnt.

Every figure in it is taken from a table, a file or the data: nothing is typed.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from monitor.encoders import kaldi_mel
from monitor.models.cohort import unpack
from monitor.models.signature import FEATURES
from monitor.models.store import StoredModel, read_manifest
from monitor.names import as_words
from monitor.records import Cohort
from monitor.vocabulary.measured import MEASURED_FILE
from tools.train import box, measured_words
from tools.train.card_text import CARD, MADE
from tools.train.corpus import read_index
from tools.train.graphs import open_session
from tools.train.left_out_tables import card_lines
from tools.train.student import both, study
from tools.train.student.sources import learning_clips

Found = dict[str, Any]

RECORDINGS = {"6": "sources it never met", "4": "new recordings of known sources"}
"""What is in the folds that are reported."""
ENOUGH = 10
"""Clips of a class, for its figure to be spoken of."""
WEAK = 40
"""Percent of clean clips: at or below it the card names the class."""
BEHIND = 5
"""Points below the teacher from which the card names a class."""
SHOWN = ("clean", "10 dB", "0 dB")
"""Conditions in the tables of single classes."""
HIDDEN = {"validation": "validation", "fold4": "fold 4", "fold6": "fold 6"}
"""Columns of the student's curve that are drawn, and their labels."""
NAMED = ("clean", "10_db", "0_db")
"""Columns of the curve of both teachers."""


def table(head: list[str], rows: list[list[Any]]) -> str:
    """Lay out a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def facts(model: StoredModel) -> str:
    """Measure the size and the time of each graph on one thread."""
    entry, length = model.entry, 12
    sound = np.random.default_rng(0).normal(0.0, 0.1, entry.window_len).astype(np.float32)
    spectrogram, ids = kaldi_mel.draw(sound), np.ones((1, length), np.int64)
    new = round(entry.hop_s * entry.sample_rate / kaldi_mel.HOP)
    drawn_ms, new_ms = (
        median_ms(call)
        for call in (partial(kaldi_mel.draw, sound), partial(kaldi_mel.draw_on, sound, spectrogram, new))
    )
    feeds = {
        entry.audio.file: {FEATURES: spectrogram[np.newaxis, np.newaxis]},
        entry.text.file: {"input_ids": ids, "attention_mask": np.ones_like(ids)},
    }
    what = {
        entry.audio.file: f"one window of {entry.window_len / entry.sample_rate:g} s, and its spectrogram "
        f"{drawn_ms:.1f}, or {new_ms:.1f} where only {new} of {len(spectrogram)} frames are new"
    }
    rows = []
    for file, feed in feeds.items():
        path = model.folder / file
        size, weights = path.stat().st_size / 1e6, parameters(path)
        call = partial(open_session(path).run, None, feed)
        took = f"{median_ms(call):.1f} ms for {what.get(file, f'one text of {length} tokens')}"
        rows.append([path.name, f"{size:.1f}", f"{weights / 1e6:.2f}", took])
    return table(["file", "MB", "million parameters", "time on one thread"], rows)


def parameters(path: Path) -> int:
    """Count the numbers of all weights in a graph."""
    kinds = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
    return sum(math.prod(one.dims) for one in onnx.load(path).graph.initializer if one.data_type in kinds)


def median_ms(call: Callable[[], object]) -> float:
    """Time a call: the median of 60 in ms of the one thread that computes, whatever else runs."""
    laps = []
    for _ in range(60):
        started = time.thread_time()
        call()
        laps.append((time.thread_time() - started) * 1e3)
    return float(np.median(laps))


def results(found: Found) -> str:
    """Lay the report of evaluate_embedded.py out as tables, fold by fold."""
    parts = []
    for fold, one in found["folds"].items():
        parts += [f"### Fold {fold}: {RECORDINGS[fold]}", one["table"], _by_class(one["classes"])]
    return "\n\n".join(parts)


def _by_class(classes: Found) -> str:
    conditions = [name for name in next(iter(classes.values()))[box.NAME] if name in SHOWN]
    models = [
        key for key in next(iter(classes.values())) if key not in {"clips", "learnt"} and " - " not in key
    ]
    heads = [f"{model}, {heard}" for model in models for heard in conditions]
    rows = [
        [name, row["clips"], row["learnt"], *(row[model][key] for model in models for key in conditions)]
        for name, row in classes.items()
    ]
    head = "Top-1 in % of each class, and the number of its clips that were trained on:"
    return f"{head}\n\n{table(['class', 'clips', 'trained on', *heads], rows)}"


def faults(found: Found) -> str:
    """Say what the model is bad at, as the tables have it: one line each."""
    lines = []
    for fold, one in found["folds"].items():
        own = one["overall"][box.NAME]
        names = list(own)
        clean, loudest = names[0], names[-1]
        lines.append(
            f"Noise: on fold {fold} it names {own[clean]:g} % of the clips when clean, "
            f"{own[loudest]:g} % at {loudest}."
        )
        often = {name: row for name, row in one["classes"].items() if row["clips"] >= ENOUGH}
        lines += _named(fold, f"of at most {WEAK} % when clean", often, _weak)
        lines += _named(fold, f"{BEHIND} points or more below the teacher when clean", often, _behind)
        lines += _named(fold, "that no label taught", one["classes"], _untaught)
    return "\n".join(f"- {line}" for line in lines)


def _named(fold: str, what: str, classes: Found, value: Any) -> list[str]:
    said = [f"{as_words(name)} ({value(row)})" for name, row in classes.items() if value(row)]
    return [f"Fold {fold}, classes {what}: {', '.join(said)}."] if said else []


def _clean(row: Found, model: str = box.NAME) -> int:
    return int(next(iter(row[model].values())))


def _weak(row: Found) -> str:
    return f"{_clean(row)} %" if _clean(row) <= WEAK else ""


def _behind(row: Found) -> str:
    if "teacher" not in row or _clean(row, "teacher") - _clean(row) < BEHIND:
        return ""
    return f"{_clean(row)} against {_clean(row, 'teacher')} %"


def _untaught(row: Found) -> str:
    return "" if row["learnt"] else f"{_clean(row)} %"


def words(found: Found) -> str:
    """Lay out how paraphrases are understood and, if it was asked, how near the text teacher is."""
    rows = [[row["phrase"], row["class"], row["cosine"], row["rank"]] for row in found["paraphrases"]]
    parts = [
        f"Paraphrases: cosine to their class, and its rank among {found['event_classes']} (1 is right):",
        table(["phrase", "class", "cosine", "rank"], rows),
    ]
    if found["fidelity"]:
        rows = [[texts, one["mean"], one["worst_5_percent"]] for texts, one in found["fidelity"].items()]
        parts += ["Cosine to the text teacher:", table(["texts", "mean", "worst 5 %"], rows)]
    return "\n\n".join(parts)


def draw_curve(rows: list[dict[str, str]], picture: Path) -> None:
    """Draw the share of the teacher's hidden layer that the student explains against minutes of training."""
    lines = {label: [float(row[f"{key}_hidden"]) for row in rows] for key, label in HIDDEN.items()}
    _draw(rows, lines, "explained variance, hidden layer", picture)


def draw_both(rows: list[dict[str, str]], picture: Path) -> None:
    """Draw what the student names rightly without labels against minutes of learning from both teachers."""
    lines = {name.replace("_", " "): [float(row[name]) for row in rows] for name in NAMED}
    _draw(rows, lines, "top-1, held-out recordings", picture)


def _draw(rows: list[dict[str, str]], lines: dict[str, list[float]], what: str, picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.4), dpi=110)
    for label, values in lines.items():
        axes.plot([float(row["minutes"]) for row in rows], values, label=label)
    axes.set_xlabel("minutes of training")
    axes.set_ylabel(what)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(picture, metadata={"Software": ""})
    plt.close(figure)


_HISTORY, _BOTH = "Stages: ", "Both teachers: "


def both_history(rows: list[dict[str, str]]) -> str:
    """Say how long the student learnt from both teachers, and what it names by that alone."""
    last = rows[-1]
    before, after = (" / ".join(f"{100 * float(row[one]):.1f}" for one in NAMED) for row in (rows[0], last))
    return (
        f"{_BOTH}{int(last['step']):,} steps, {float(last['minutes']):.0f} minutes, "
        f"{int(last['windows']):,} windows of {int(last['scenes']):,} scenes of 2 s. Top-1 of recordings "
        f"held out of folds 1 to 3, without labels, clean / 10 / 0 dB: {before} % before, {after} % after."
    )


def history(rows: list[dict[str, str]]) -> str:
    """Say how long each stage of the student was, and what it knows at the end."""
    steps: dict[str, int] = {}
    for row in rows:
        steps[row["stage"]] = max(int(row["step"]), steps.get(row["stage"], 0))
    taken = ", ".join(f"{name} {count:,} steps" for name, count in steps.items() if count)
    last = rows[-1]
    known = ", ".join(f"{float(last[f'{key}_hidden']):.2f} on {label}" for key, label in HIDDEN.items())
    return (
        f"{_HISTORY}{taken}; {float(last['minutes']):.0f} minutes, {int(last['windows']):,} windows of 2 s. "
        "Share of the variance of the teacher's hidden layer that it explains, on sound nothing was learnt "
        f"from: {known}."
    )


def sources(data: Path) -> str:
    """List where the sound comes from that was learnt from, and under which licence."""
    learnt = Counter(clip.source for clip in learning_clips(read_index(data)))
    with (data / "index.csv").open(newline="") as file:
        licences: dict[str, Counter[str]] = {}
        for line in csv.DictReader(file):
            licences.setdefault(line["source"], Counter())[line.get("licence", "")] += 1
    rows = [
        [name, count, "; ".join(kind for kind, _ in licences[name].most_common(4))]
        for name, count in learnt.most_common()
    ]
    return table(["source", "clips trained on", "licences as stated (the commonest)"], rows)


def write_measured(model: StoredModel, work: Path) -> None:
    """Write what `monitor words` tells, from the tables of each fold."""
    tables = [
        (f"fold {fold}, {what}", measured_words.words_of(work / f"fold_{fold}" / "classes.csv", model.name))
        for fold, what in RECORDINGS.items()
    ]
    path = model.path(model.entry.audio).with_name(MEASURED_FILE)
    path.write_text(measured_words.as_toml(tables, model.entry.audio.sha256), "utf-8")


def history_of(work: Path, folder: Path, before: Path) -> str:
    """Draw the curves and say how the student was trained; what was not done anew is as the box says.

    Raises
    ------
    SystemExit
        The student took no step, and the card in `before` does not say what was done.
    """
    curve, both_curve, card = _rows(work / study.CURVE), _rows(work / both.CURVE), before / "README.md"
    known = card.read_text("utf-8").splitlines() if card.exists() else []
    said = [line for line in known if line.startswith((_HISTORY, _BOTH))]
    if any(int(row["step"]) for row in curve):
        draw_curve(curve, folder / "curve.png")
        said = [history(curve)]
    if both_curve:
        draw_both(both_curve, folder / "both.png")
        said = [*(line for line in said if line.startswith(_HISTORY)), both_history(both_curve)]
    if not said or not said[0].startswith(_HISTORY):
        raise SystemExit(f"{card} has no line that begins with {_HISTORY!r}; train the student.")
    return "\n\n".join(said)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_card(models: Path, data: Path, work: Path, box_models: Path, signals: int) -> None:
    """Write README.md, the curves and measured.toml beside the model from what lies in `work`."""
    model = read_manifest(models / "manifest.toml")[box.NAME]
    entry, folder = model.entry, models / box.NAME
    report = json.loads((work / "report.json").read_text())
    card = CARD.format(
        facts=facts(model),
        window_len=entry.window_len,
        frames=kaldi_mel.frame_count(entry.window_len),
        window_s=entry.window_len / entry.sample_rate,
        khz=entry.sample_rate / 1000,
        dim=entry.dim,
        max_tokens=entry.max_tokens,
        prompt=entry.prompt,
        cohort=about_cohort(_cohort(model)),
        faults="\n".join([faults(report), *card_lines(work, entry.audio.sha256)]),
        results=results(report),
        words=words(report),
        made=MADE if signals else "",
        history=history_of(work, folder, box_models / box.NAME),
        sources=sources(data),
    )
    (folder / "README.md").write_text(card, "utf-8")
    write_measured(model, work)


def _cohort(model: StoredModel) -> Cohort:
    if model.entry.cohort is None:
        raise SystemExit(f"{model.folder} has a model without a cohort; run the stage `cohort` first.")
    return unpack(model.read(model.entry.cohort), model.entry.dim, box.COHORT_FILE)


def about_cohort(cohort: Cohort) -> str:
    """Say what is in a cohort."""
    return (
        f"{len(cohort.vectors):,} windows of {len(cohort.kinds)} kinds of sound, of which "
        f"{cohort.sounds_per_hour:,g} are as hard as an ordinary hour"
    )


def main() -> None:
    """Write the card from what the earlier stages left in the work folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder of train_embedded.py")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the box's manifest")
    parser.add_argument("--signals", type=int, required=True, help="as the model was exported")
    args = parser.parse_args()
    write_card(args.models, args.data, args.work, args.models, args.signals)


if __name__ == "__main__":
    main()
