from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

pytest.importorskip(
    "prometheus_client", reason="needs prometheus_client (pip install 'sound-monitor[metrics]')"
)

from prometheus_client import CollectorRegistry, generate_latest

from monitor.bus.messages import SelfTest
from monitor.pipeline.acknowledgements import MOST
from monitor.sinks.metrics.figures import Figures
from tests.examples import event, health, level, near_miss


def scraped(figures: Figures) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return registry


def test_every_sample_that_was_captured_is_in_one_of_the_figures() -> None:
    figures = Figures()
    figures.emit(msgspec.structs.replace(health(skipped=500), pending=0))
    registry = scraped(figures)

    def samples(kind: str) -> float:
        return registry.get_sample_value("monitor_samples_total", {"source": "mic0", "kind": kind}) or 0.0

    pending = registry.get_sample_value("monitor_pending_samples", {"source": "mic0"})
    parts = sum(map(samples, ("analysed", "skipped", "overwritten", "gap")))
    assert samples("captured") == parts + (pending or 0.0) == health().captured


def test_a_state_is_one_and_all_others_are_zero() -> None:
    figures = Figures()
    figures.emit(msgspec.structs.replace(health("lost", "unplugged"), hearing="deaf"))
    registry = scraped(figures)
    assert registry.get_sample_value("monitor_state", {"source": "mic0", "state": "lost"}) == 1.0
    assert registry.get_sample_value("monitor_state", {"source": "mic0", "state": "running"}) == 0.0
    assert registry.get_sample_value("monitor_hearing", {"source": "mic0", "hearing": "deaf"}) == 1.0


def test_events_are_counted_once_and_open_until_their_offset() -> None:
    figures = Figures()
    of = {"source": "mic0", "class": "dog_bark"}
    for type_ in ("onset", "update", "update"):
        figures.emit(event(type_))
    assert scraped(figures).get_sample_value("monitor_open_events", of) == 1.0
    figures.emit(event("offset"))
    figures.emit(near_miss())
    registry = scraped(figures)
    assert registry.get_sample_value("monitor_events_total", {**of, "urgent": "false"}) == 1.0
    assert registry.get_sample_value("monitor_open_events", of) is None
    missed = {**of, "reason": "below_threshold"}
    assert registry.get_sample_value("monitor_near_misses_total", missed) == 1.0
    assert registry.get_sample_value("monitor_latency_seconds_bucket", {"le": "0.5"}) == 1.0
    assert registry.get_sample_value("monitor_latency_seconds_bucket", {"le": "0.25"}) == 0.0


def test_what_is_urgent_is_missed_until_somebody_has_seen_it() -> None:
    figures = Figures()
    urgent = msgspec.structs.replace(event(), urgent=True)
    of = {"source": "mic0", "class": "dog_bark"}
    figures.emit(urgent)
    figures.emit(msgspec.structs.replace(urgent, type="offset"))
    assert scraped(figures).get_sample_value("monitor_missed_events", of) == 1.0
    seen = msgspec.structs.replace(
        urgent, type="acknowledged", acknowledged_at=datetime.now(UTC), acknowledged_by="me"
    )
    figures.emit(seen)
    assert scraped(figures).get_sample_value("monitor_missed_events", of) is None


def test_no_more_are_missed_than_somebody_can_acknowledge() -> None:
    figures = Figures()
    for number in range(MOST + 3):
        figures.emit(msgspec.structs.replace(event("offset", id_=str(number)), urgent=True))
    of = {"source": "mic0", "class": "dog_bark"}
    assert scraped(figures).get_sample_value("monitor_missed_events", of) == MOST


def test_nothing_known_is_nothing_said_and_no_name_breaks_the_format() -> None:
    figures = Figures()
    assert b"mic0" not in generate_latest(scraped(figures))
    figures.emit(level())
    figures.emit(msgspec.structs.replace(level(), source_id='a"b\\c\nd'))
    lines = generate_latest(scraped(figures)).decode().splitlines()
    named = [line for line in lines if line.startswith("monitor_level_dbfs{")]
    assert named == [
        'monitor_level_dbfs{source="mic0"} -40.0',
        'monitor_level_dbfs{source="a\\"b\\\\c\\nd"} -40.0',
    ]


def test_how_the_last_self_test_went_is_told_and_each_is_counted_once() -> None:
    figures = Figures()
    earlier = SelfTest(number=0, state="passed", time=datetime(2026, 11, 29, tzinfo=UTC), told_s=0.4)
    passed = msgspec.structs.replace(earlier, number=1, time=datetime(2026, 11, 30, tzinfo=UTC), told_s=0.3)
    failed = msgspec.structs.replace(passed, number=2, state="failed", told_s=None)
    for test in (earlier, earlier, passed, msgspec.structs.replace(failed, state="testing"), failed, failed):
        figures.emit(msgspec.structs.replace(health(), self_test=test))
        if test is passed:
            registry = scraped(figures)
            of = {"source": "mic0"}
            assert registry.get_sample_value("monitor_self_test_alarm_seconds", of) == 0.3
            assert registry.get_sample_value("monitor_self_test_passed", of) == 1.0
    registry = scraped(figures)
    assert registry.get_sample_value("monitor_self_test_passed", of) == 0.0
    assert registry.get_sample_value("monitor_self_test_timestamp_seconds", of) == failed.time.timestamp()
    for result in ("passed", "failed"):
        assert registry.get_sample_value("monitor_self_tests_total", {**of, "result": result}) == 1.0
