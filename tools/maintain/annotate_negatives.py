"""Propose where given that should hold none of the classes holds one; a person judges, the rest is scored.

    python -m tools.maintain.annotate_negatives propose --data INDEX --teacher DIR --folds 4,6 --out DIR
    # look at DIR/*.png, give each accepted line of DIR/proposals.csv its `reason`, correct its ends
    python -m tools.maintain.annotate_negatives accept DIR/proposals.csv --into FILE.csv

A span is proposed where the audio teacher (EfficientAT, `teacher.py`) and a model of `monitor models list`
both hear a class in the same two seconds, or where the teacher alone is sure, so that no span is there only
because of the model that is measured. Nothing of the audio is kept but the hash of the file.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor import load_encoder
from monitor.corpus.clips import Clip, load
from monitor.corpus.layouts import read_data
from monitor.errors import ConfigError, MonitorError
from monitor.evaluation.data.related import is_related
from monitor.evaluation.data.unlabelled import Unlabelled, clip_hash, read_unlabelled, write_unlabelled
from monitor.files.csv_table import cell, text_of
from monitor.progress import progress
from tools.maintain.tagging import KINDS, SHOWN_TAGS, WINDOW_S, Hearing

SURE, MAYBE = 0.5, 0.1
"""Teacher's probability from which a class is proposed by itself, and if the model agrees."""
SCORE = 0.3
"""Model's score that agrees."""
MARGIN_S = 0.25


@dataclass(frozen=True)
class Proposal:
    """A part of a clip that may hold a class nobody labelled."""

    clip: Clip
    class_name: str
    start_s: float
    stop_s: float
    teacher: float
    """Highest probability by the teacher inside."""
    model: float
    """Highest score by the model inside."""
    tags: str


def proposals(clip: Clip, path: Path, hearing: Hearing, classes: Sequence[str]) -> Iterator[Proposal]:
    """Yield the spans of a clip that may hold one of the classes it is not labelled with."""
    tags = hearing.tags(path)
    wanted = [name for name in classes if name not in clip.held and tags.of(name).max() >= MAYBE]
    if not wanted:
        return
    stops, scores = hearing.scores(path)
    for name in wanted:
        heard = tags.of(name)
        agreeing = np.array(
            [
                scores[name][(stops > start) & (stops < start + 2 * WINDOW_S)].max(initial=0.0)
                for start in tags.starts_s
            ]
        )
        there = (heard >= SURE) | ((heard >= MAYBE) & (agreeing >= SCORE))
        for first, last in runs(there):
            start_s, stop_s = narrow(tags.starts_s[first], tags.starts_s[last])
            yield Proposal(
                clip,
                name,
                start_s,
                stop_s,
                float(heard[first : last + 1].max()),
                float(agreeing[first : last + 1].max()),
                tags.strongest(start_s, stop_s),
            )


def runs(there: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last index of each run of True; a gap of one is no gap."""
    found: list[tuple[int, int]] = []
    for at in map(int, np.flatnonzero(there)):
        if found and at - found[-1][1] <= 2:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def narrow(first_s: float, last_s: float) -> tuple[float, float]:
    """Return where a sound is of which all windows that begin from `first_s` to `last_s` hold a part.

    It begins before the first one ends and ends after the last one begins; a margin goes round that.
    """
    ends = sorted((first_s + WINDOW_S, last_s))
    return max(0.0, ends[0] - MARGIN_S), ends[1] + MARGIN_S


def draw(path: Path, proposal: Proposal, clip: Path, hearing: Hearing) -> None:
    """Draw the spectrogram of a clip round a proposal, and what is heard in it over time."""
    from matplotlib.figure import Figure

    samples, tags = load(clip, 16_000), hearing.tags(clip)
    figure = Figure((11, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    above.specgram(samples + 1e-9, NFFT=512, Fs=16_000, noverlap=352, vmin=-130, vmax=-40)
    above.axvspan(proposal.start_s, proposal.stop_s, fill=False, edgecolor="white", linewidth=2)
    above.set_title(
        f"{proposal.class_name} {proposal.start_s:.2f}-{proposal.stop_s:.2f} s; teacher "
        f"{proposal.teacher:.2f}, model {proposal.model:.2f}\n{proposal.tags}",
        fontsize=9,
    )
    inside = (tags.starts_s + WINDOW_S > proposal.start_s) & (tags.starts_s < proposal.stop_s)
    for at in np.argsort(-tags.probabilities[inside].max(axis=0))[:SHOWN_TAGS]:
        below.plot(tags.starts_s + WINDOW_S / 2, tags.probabilities[:, at], label=tags.names[at])
    below.plot(tags.starts_s + WINDOW_S / 2, tags.of(proposal.class_name), "k--", label=proposal.class_name)
    below.set(xlim=(max(0, proposal.start_s - 8), proposal.stop_s + 8), ylim=(0, 1), xlabel="seconds")
    below.legend(fontsize=7, loc="upper right")
    figure.savefig(path, dpi=70)


def propose(arguments: argparse.Namespace) -> int:
    """Write DIR/proposals.csv and an image of each line."""
    corpus = read_data(arguments.data)
    classes = arguments.classes.split(",")
    folds, kinds = [int(fold) for fold in arguments.folds.split(",")], arguments.kinds.split(",")
    hearing = Hearing(arguments.teacher, load_encoder(arguments.model), classes)
    clips = [
        clip
        for clip in corpus.clips
        if clip.is_in(folds)
        and clip.kind in kinds
        and clip.is_audible
        and not any(is_related(name, classes) for name in clip.held)  # such clips are in no stream
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    table, number = arguments.out / "proposals.csv", 0
    with table.open("w", newline="", encoding="utf-8") as file, progress("clips", len(clips)) as advance:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        for clip in clips:
            path = corpus.find(clip.path)
            for one in proposals(clip, path, hearing, classes):
                number += 1
                writer.writerow(map(cell, _line(number, one, clip_hash(path))))
                draw(arguments.out / f"{number:03d}.png", one, path, hearing)
            advance()
    print(f"{number} spans are proposed in {table}; give those that hold the class a reason.")
    return 0


_HEAD = (
    *("number", "sha256", "start_s", "stop_s", "class", "reason"),
    *("teacher", "model", "tags", "label", "path"),
)
"""Of proposals.csv: what `accept` reads, then what helps to judge."""


def _line(number: int, one: Proposal, sha256: str) -> list[str]:
    return [
        f"{number:03d}",
        sha256,
        f"{one.start_s:.2f}",
        f"{one.stop_s:.2f}",
        one.class_name,
        "",
        f"{one.teacher:.2f}",
        f"{one.model:.2f}",
        one.tags,
        one.clip.label,
        one.clip.path,
    ]


def accept(arguments: argparse.Namespace) -> int:
    """Add the lines that have a reason to a file of spans; a line without one was not accepted."""
    known = read_unlabelled(arguments.into) if arguments.into.exists() else []
    try:
        with arguments.proposals.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if (row.get("reason") or "").strip()]
        new = [_annotated(row) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(
            f"Cannot read {arguments.proposals}: {error}; give a file that propose wrote."
        ) from None
    write_unlabelled(arguments.into, [*known, *new])
    print(f"{len(new)} spans are added to {arguments.into}.")
    return 0


def _annotated(row: Mapping[str, str]) -> Unlabelled:
    start_s, stop_s = float(row["start_s"]), float(row["stop_s"])
    return Unlabelled(row["sha256"], start_s, stop_s, text_of(row["class"]), text_of(row["reason"].strip()))


def main() -> int:
    """Propose or accept; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    proposing = verbs.add_parser("propose", help="hear clips and write what may be in them")
    proposing.add_argument("--data", type=Path, required=True, metavar="INDEX|DIR")
    proposing.add_argument("--teacher", type=Path, required=True, metavar="DIR", help="EfficientAT mn04_as")
    proposing.add_argument("--model", default="embedded", help="a model of `monitor models list`")
    proposing.add_argument("--folds", default="4,6", metavar="N,M")
    proposing.add_argument("--kinds", default="background,speech,music", metavar="A,B")
    proposing.add_argument("--classes", default=",".join(KINDS), metavar="A,B")
    proposing.add_argument("--out", type=Path, required=True, metavar="DIR")
    proposing.set_defaults(verb=propose)
    accepting = verbs.add_parser("accept", help="add the lines that have a reason to a file of spans")
    accepting.add_argument("proposals", type=Path)
    accepting.add_argument("--into", type=Path, required=True, metavar="FILE")
    accepting.set_defaults(verb=accept)
    arguments = parser.parse_args()
    try:
        return int(arguments.verb(arguments))
    except MonitorError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
