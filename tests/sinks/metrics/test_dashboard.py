"""The dashboard of Grafana asks for metrics, labels and values that there are."""

from __future__ import annotations

import itertools
import json
import re
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

pytest.importorskip("prometheus_client", reason="needs prometheus_client (pip install '.[metrics]')")

from prometheus_client.parser import text_string_to_metric_families

from monitor.bus.messages import SelfTest
from monitor.records import HearingState, SourceState
from monitor.sinks.metrics.server import MetricsSink
from tests.examples import event, health, level, near_miss

DASHBOARD = Path(__file__).parents[3] / "examples" / "grafana" / "monitor.json"
Labels = dict[str, set[str]]


def exported() -> dict[str, Labels]:
    """Return the names that a real server exports of a run, each with its labels and their values."""
    sink = MetricsSink("127.0.0.1", 0)
    try:
        test = SelfTest(number=1, state="passed", time=datetime(2026, 11, 30, tzinfo=UTC), told_s=0.3)
        urgent = msgspec.structs.replace(event("onset"), urgent=True)
        clocked = msgspec.structs.replace(health(), self_test=test, clock_ppm=1.0)
        for record in (clocked, level(), urgent, near_miss()):
            sink.emit(record)
        with urllib.request.urlopen(f"http://127.0.0.1:{sink.port}/metrics", timeout=30.0) as answer:
            text = answer.read().decode()
    finally:
        sink.close()
    found: dict[str, Labels] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    return found


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def test_it_asks_for_metrics_and_labels_that_there_are() -> None:
    there = exported()
    for expression in expressions():
        asked = re.findall(r"\b((?:monitor|process)_[a-z_]+)(?:\{([^}]*)\})?", expression)
        assert asked, expression
        for name, labels in asked:
            assert name in there, f"{name} in {expression}"
            for label in re.findall(r"(\w+)[!=]=?~?\"", labels):
                assert label in there[name], f"{label} of {name} in {expression}"


def test_it_asks_for_values_that_there_are() -> None:
    there = exported()
    text = " ".join(expressions())
    assert set(re.findall(r'hearing!?="(\w+)"', text)) <= set(get_args(HearingState))
    assert set(re.findall(r'state!?="(\w+)"', text)) <= set(get_args(SourceState))
    (kinds,) = re.findall(r'kind=~"([a-z|]+)"', text)
    assert set(kinds.split("|")) <= there["monitor_samples_total"]["kind"]


def test_it_shows_every_metric_of_the_monitor() -> None:
    text = " ".join(expressions())
    parts = {"monitor_latency_seconds_count", "monitor_latency_seconds_sum"}
    assert not [
        name for name in exported() if name.startswith("monitor_") and name not in text and name not in parts
    ]


def test_no_two_panels_lie_on_one_another() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    places = [panel["gridPos"] for panel in panels()]
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    assert all(place["x"] + place["w"] <= 24 for place in places)
