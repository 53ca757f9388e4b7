"""Spans are proposed where a sound can be, and only those with a reason are accepted."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.corpus.clips import Clip
from monitor.errors import ConfigError
from monitor.evaluation.data.unlabelled import read_unlabelled
from tests.tools.load import load_tool

tool, tagging = (load_tool(name) for name in ("tools.maintain.annotate_negatives", "tools.maintain.tagging"))

NAMES = ["Speech", "Siren", "Bark", "Dog", "Owl"]


def tags(*siren: float) -> Any:
    """Return the teacher's tags of windows, of which only sirens count."""
    probabilities = np.zeros((len(siren), len(NAMES)), np.float32)
    probabilities[:, NAMES.index("Siren")] = siren
    probabilities[:, NAMES.index("Speech")] = 0.3
    return tagging.Tags(np.arange(len(siren)) * tagging.HOP_S, probabilities, NAMES)


class Hearing:
    """Hears what it is told: the teacher's sirens, and one score by the model."""

    def __init__(self, siren: list[float], score: float) -> None:
        self._siren, self._score = siren, score

    def tags(self, path: Path) -> Any:
        return tags(*self._siren)

    def scores(self, path: Path) -> Any:
        stops = 2.0 + 0.25 * np.arange(2 * len(self._siren))
        return stops, {"siren": np.full(len(stops), self._score)}


def proposed(siren: list[float], score: float, label: str = "street") -> list[Any]:
    clip = Clip("street.wav", label, "background", 4, "street")
    return list(tool.proposals(clip, Path("street.wav"), Hearing(siren, score), ["siren"]))


@pytest.fixture(autouse=True)
def _few_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tagging.KINDS, "siren", ("Siren",))


def test_what_both_hear_or_the_teacher_is_sure_of_is_proposed() -> None:
    faint, sure = [0.0, 0.2, 0.2, 0.0], [0.0, 0.9, 0.9, 0.0]

    assert len(proposed(faint, 0.9)) == 1
    assert len(proposed(sure, 0.0)) == 1
    assert not proposed(faint, 0.1)
    assert not proposed([0.05] * 4, 0.9)


def test_a_clip_is_not_asked_for_its_own_class() -> None:
    assert not proposed([0.9] * 4, 0.9, "siren")


def test_a_proposal_says_what_was_heard() -> None:
    (one,) = proposed([0.0, 0.9, 0.7, 0.0], 0.6)

    assert (one.class_name, one.model) == ("siren", 0.6)
    assert one.teacher == pytest.approx(0.9)
    assert one.tags.startswith("Siren 0.90; Speech 0.30")


@given(st.floats(0.0, 20.0), st.floats(0.1, 8.0))
def test_the_windows_that_hold_a_sound_say_where_it_is(begin_s: float, length_s: float) -> None:
    end_s = begin_s + length_s
    starts = np.arange(0.0, 40.0, tagging.HOP_S)
    there = (starts < end_s) & (starts + tagging.WINDOW_S > begin_s)

    ((first, last),) = tool.runs(there)
    start_s, stop_s = tool.narrow(starts[first], starts[last])

    middle_s = (max(begin_s, start_s) + min(end_s, stop_s)) / 2
    assert start_s <= middle_s <= stop_s, "the span and the sound meet"
    if length_s >= tagging.WINDOW_S and begin_s >= tagging.WINDOW_S:
        assert abs(start_s - begin_s) <= tagging.HOP_S + tool.MARGIN_S
        assert abs(stop_s - end_s) <= tagging.HOP_S + tool.MARGIN_S


def test_a_gap_of_one_window_is_no_gap() -> None:
    assert tool.runs(np.array([1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (5, 5)]


def test_a_class_that_the_teacher_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="no class for 'whale'"):
        tags(0.1).of("whale")
    assert tags(0.1).of("owl").max() == 0.0


def test_lines_with_a_reason_are_accepted(tmp_path: Path) -> None:
    table, into = tmp_path / "proposals.csv", tmp_path / "spans.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, tool._HEAD)
        writer.writeheader()
        for number, reason in enumerate(["a yelp", "", " "]):
            line = dict.fromkeys(tool._HEAD, "") | {"start_s": "1", "stop_s": "2", "class": "siren"}
            writer.writerow(line | {"sha256": f"{number}" * 64, "reason": reason})
    arguments = argparse.Namespace(proposals=table, into=into)

    assert tool.accept(arguments) == tool.accept(arguments) == 0

    (one,) = read_unlabelled(into)
    assert (one.class_name, one.reason) == ("siren", "a yelp")


def test_a_table_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    table.write_text("reason\nbecause\n")

    with pytest.raises(ConfigError, match="give a file that propose wrote"):
        tool.accept(argparse.Namespace(proposals=table, into=tmp_path / "spans.csv"))
