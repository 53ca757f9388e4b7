"""What the papers report, and that our words for it are the program's."""

from __future__ import annotations

import pytest

from monitor.encoders.published.catalogue import PUBLICATIONS
from monitor.evaluation.methods.methods import parse_method
from monitor.evaluation.papers.protocols import PROTOCOLS
from monitor.evaluation.papers.published import read_papers


def test_every_paper_has_its_protocol() -> None:
    assert set(read_papers()) == set(PROTOCOLS)


@pytest.mark.parametrize("number", PROTOCOLS)
def test_every_published_row_is_of_a_model_and_a_method_that_are_known(number: str) -> None:
    paper, protocol = read_papers()[number], PROTOCOLS[number]
    for row in paper.rows:
        assert row.model in {*PUBLICATIONS, "clap"}
        assert row.model in protocol.models
        assert parse_method(row.method).name in protocol.methods
        assert len(row.values) == len(paper.data)
        assert all(0.0 < value < 1.0 for value in row.values)


def test_a_figure_is_found_by_model_method_and_collection() -> None:
    paper = read_papers()["2306.12300"]
    assert paper.value("clap", "tgap", "FSD50K") == 0.52
    assert paper.value("clap", "tgap", "index") is None
    assert paper.value("embedded", "tgap", "ESC-50") is None
