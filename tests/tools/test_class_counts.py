from __future__ import annotations

import pytest

from monitor.config.settings import load_config
from monitor.encoders import load
from tools.benchmark.class_counts import line, measure, names


def test_each_class_of_the_longest_list_has_a_name_of_its_own() -> None:
    assert len(set(names(500))) == 500
    with pytest.raises(SystemExit, match="not for 5000"):
        names(5000)


def test_a_long_list_costs_more_in_the_detector_and_all_is_the_sum_of_its_parts() -> None:
    encoder = load(load_config(None, {}, {}).model)
    few, many = measure(encoder, 1), measure(encoder, 300)
    assert many.detector_ms > few.detector_ms
    assert few.all_ms == pytest.approx(few.scores_ms + few.detector_ms + few.model_ms + few.else_ms)
    assert line(few).startswith("| 1 | ")
