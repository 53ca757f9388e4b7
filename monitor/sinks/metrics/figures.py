"""The figures of a run, as Prometheus takes them: of the last health and level of each source, and counts.

Nothing is worked out before somebody asks. Of more than `MISSED` urgent events that wait, the oldest is
forgotten, as by the monitor itself: `monitor ack` reaches all that are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from monitor.bus.messages import Event, Health, Level, NearMissMessage, PublishedRecord, SelfTest
from monitor.bus.publisher_state import MISSED
from monitor.records import HearingState, SourceState
from monitor.sinks import Measurement

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

LATENCIES_S = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Upper ends of the classes of the histogram of latencies."""
_SAMPLES = ("captured", "analysed", "gap", "overwritten", "skipped", "invalid")
_TIMES = {
    "overflow": "Times the driver reported lost input",
    "reopened": "Times a lost source came back",
    "undelivered": "Records that something which takes them failed on",
}
_LEVELS = {
    "level_dbfs": "Level",
    "floor_dbfs": "Level of the background",
    "snr_db": "Level over the background",
}


class Figures:
    """What is known of a run; `emit` on the pipeline thread, `collect` on that of whoever asks."""

    def __init__(self) -> None:
        self._health: dict[str, Health] = {}
        self._level: dict[str, Level] = {}
        self._events: Counter[tuple[str, str, str]] = Counter()
        self._near_misses: Counter[tuple[str, str, str]] = Counter()
        self._open: dict[str, Event] = {}
        self._waiting: dict[str, Event] = {}
        self._tests: Counter[tuple[str, str]] = Counter()
        self._test: dict[str, SelfTest] = {}
        self._latencies: Counter[float] = Counter()
        self._latency_sum_s = 0.0

    def takes(self, kind: type[Measurement]) -> bool:
        """Tell whether it shows measurements of this kind."""
        return kind is Level

    def emit(self, record: PublishedRecord) -> None:
        """Take note of `record`."""
        match record:
            case Health():
                self._health[record.source_id] = record
                self._note_test(record.source_id, record.self_test)
            case Level():
                self._level[record.source_id] = record
            case NearMissMessage():
                self._near_misses[record.source_id, record.class_, record.reason] += 1
            case Event():
                self._note_event(record)

    def _note_test(self, source_id: str, test: SelfTest | None) -> None:
        """Take note of a self-test that is over, once."""
        if test is None or not test.over or test == self._test.get(source_id):
            return
        self._test[source_id] = test
        self._tests[source_id, test.state] += 1 if test.number else 0

    def _note_event(self, event: Event) -> None:
        if event.type == "onset":
            self._events[event.source_id, event.class_, str(event.urgent).lower()] += 1
            latency_s = event.latency_s.capture_to_publish
            self._latencies[next((end for end in LATENCIES_S if latency_s <= end), float("inf"))] += 1
            self._latency_sum_s += latency_s
        if event.type in {"onset", "update"}:
            self._open[event.id] = event
        elif event.type in {"offset", "missed"}:
            self._open.pop(event.id, None)
        if event.acknowledged_at is not None:
            self._waiting.pop(event.id, None)
        elif event.urgent:
            self._waiting[event.id] = event
            if len(self._waiting) > MISSED:
                del self._waiting[next(iter(self._waiting))]

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics, as `prometheus_client` wants them."""
        from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

        yield from self._of_health(list(self._health.values()))
        for name, meaning in _LEVELS.items():
            gauge = GaugeMetricFamily(
                f"monitor_{name}", f"{meaning}, last tenth of a second", labels=["source"]
            )
            for level in list(self._level.values()):
                gauge.add_metric([level.source_id], getattr(level, name))
            yield gauge
        yield _counts("events", "Events that began", ("source", "class", "urgent"), self._events)
        yield _counts(
            "near_misses", "What nearly fired, and why not", ("source", "class", "reason"), self._near_misses
        )
        yield _gauge("open_events", "Events that sound now", self._open)
        yield _gauge("missed_events", "Urgent events that nobody has acknowledged", self._waiting)
        yield from self._of_tests()
        buckets, total = [], 0
        for end in (*LATENCIES_S, float("inf")):
            total += self._latencies[end]
            buckets.append(("+Inf" if end == float("inf") else str(end), total))
        latency = HistogramMetricFamily(
            "monitor_latency_seconds", "From the last sample an event needed to its message"
        )
        latency.add_metric([], buckets=buckets, sum_value=self._latency_sum_s)
        yield latency

    def _of_tests(self) -> Iterator[Metric]:
        """Yield how the last self-test of each source went, and how many there were."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        passed = GaugeMetricFamily("monitor_self_test_passed", "1: the last one passed", labels=["source"])
        time = GaugeMetricFamily("monitor_self_test_timestamp_seconds", "When it was", labels=["source"])
        alarm = GaugeMetricFamily(
            "monitor_self_test_alarm_seconds",
            "From the alarm to a subscriber",
            labels=["source"],
        )
        for source_id, test in list(self._test.items()):
            passed.add_metric([source_id], test.state == "passed")
            time.add_metric([source_id], test.time.timestamp())
            if test.alarm_s is not None:
                alarm.add_metric([source_id], test.alarm_s)
        counter = CounterMetricFamily(
            "monitor_self_tests", "Self-tests, by how they went", labels=["source", "result"]
        )
        for (source_id, result), count in list(self._tests.items()):
            counter.add_metric([source_id, result], count)
        yield from (passed, time, alarm, counter)

    @staticmethod
    def _of_health(known: list[Health]) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        samples = CounterMetricFamily(
            "monitor_samples",
            "captured = analysed + pending + skipped + overwritten + gap",
            labels=["source", "kind"],
        )
        pending = GaugeMetricFamily(
            "monitor_pending_samples", "Captured, not analysed yet", labels=["source"]
        )
        rtf = GaugeMetricFamily("monitor_rtf", "Seconds of work for a second of sound", labels=["source"])
        drift = GaugeMetricFamily(
            "monitor_clock_ppm", "Device clock against this computer's", labels=["source"]
        )
        threshold = GaugeMetricFamily("monitor_threshold", "Score of an onset", labels=["source", "class"])
        muted = GaugeMetricFamily("monitor_muted", "1: the class is muted", labels=["source", "class"])
        for health in known:
            of = [health.source_id]
            for kind in _SAMPLES:
                samples.add_metric([*of, kind], getattr(health, kind))
            pending.add_metric(of, health.pending)
            rtf.add_metric(of, health.rtf)
            if health.clock_ppm is not None:
                drift.add_metric(of, health.clock_ppm)
            for one in health.classes:
                threshold.add_metric([*of, one.class_], one.onset_threshold)
                muted.add_metric([*of, one.class_], one.muted)
        yield from (samples, pending, rtf, drift, threshold, muted)
        yield _states("state", "1: the source is", get_args(SourceState), known)
        yield _states("hearing", "1: the monitor's hearing is", get_args(HearingState), known)
        for kind, meaning in _TIMES.items():
            counter = CounterMetricFamily(f"monitor_{kind}", meaning, labels=["source"])
            for health in known:
                counter.add_metric([health.source_id], getattr(health, kind))
            yield counter


def _counts(
    name: str, meaning: str, labels: tuple[str, ...], counts: Counter[tuple[str, str, str]]
) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    counter = CounterMetricFamily(f"monitor_{name}", meaning, labels=list(labels))
    for values, count in list(counts.items()):
        counter.add_metric(list(values), count)
    return counter


def _gauge(name: str, meaning: str, events: dict[str, Event]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(f"monitor_{name}", meaning, labels=["source", "class"])
    counts = Counter((event.source_id, event.class_) for event in list(events.values()))
    for values, count in counts.items():
        gauge.add_metric(list(values), count)
    return gauge


def _states(name: str, meaning: str, states: tuple[str, ...], known: list[Health]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(f"monitor_{name}", meaning, labels=["source", name])
    for health in known:
        for state in states:
            gauge.add_metric([health.source_id, state], getattr(health, name) == state)
    return gauge
