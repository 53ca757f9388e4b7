"""The levels of the last minute, in dBA."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from monitor.assemble import make_stages
from monitor.bus.messages import Health
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.pipeline.sound_levels import SoundLevels
from monitor.records import Span
from monitor.scoring.prompts import parse_classes
from monitor.storage.level_calibrations import LevelCalibration
from monitor.stream.ring import Ring
from tests.fakes import Collector, FakeEncoder, FixedStatus, tone
from tests.pipeline.test_pipeline import CONFIG, Steady

RATE = 8000
AT = datetime(2026, 11, 30, tzinfo=UTC)
CALIBRATION = LevelCalibration("mic", "mic", 120.0, 94.0, -26.0, 1000.0, AT)


class Meter:
    """One that hears tones of 1 kHz, each for a while."""

    def __init__(self) -> None:
        self.levels = SoundLevels(RATE, CALIBRATION)
        self._position = 0

    def hears(self, level_dbfs: float, lasts_s: float) -> None:
        time_s = np.arange(round(lasts_s * RATE)) / RATE
        samples = np.sqrt(2.0) * 10.0 ** (level_dbfs / 20.0) * np.sin(2000.0 * np.pi * time_s)
        self.levels.hear(Span(self._position, np.asarray(samples, np.float32), False, 0.0))
        self._position += len(samples)


def test_percentiles_and_average_are_those_of_the_last_minute() -> None:
    meter = Meter()
    assert meter.levels.last_minute is None
    meter.hears(-20.0, 30.0)
    meter.hears(-80.0, 48.0)
    meter.hears(-60.0, 12.0)
    found = meter.levels.last_minute
    assert found is not None
    assert (found.l90_dba, found.l50_dba, found.l10_dba) == pytest.approx((40.0, 40.0, 60.0), abs=0.11)
    assert found.leq_dba == pytest.approx(120.0 + 10.0 * np.log10(0.8e-8 + 0.2e-6), abs=0.11)
    assert found.over_s == pytest.approx(60.0, abs=0.3)
    assert found.calibrated_at == AT
    meter.hears(-80.0, 61.0)
    assert meter.levels.last_minute is not None
    assert meter.levels.last_minute.leq_dba == pytest.approx(40.0, abs=0.11)


def test_a_source_that_is_away_has_no_level_until_it_is_back() -> None:
    ring, status, sink, time = Ring(60 * RATE), FixedStatus(), Collector(), Steady()
    pipeline = Pipeline(
        ring=ring,
        capture=status,
        stages=make_stages(FakeEncoder(), parse_classes("low,high"), CONFIG),
        sinks=[sink],
        stream=Stream("mic", "mic", RATE, "fake-0", True, "run"),
        clock=time.clock(),
        max_lag_s=1.0,
        companions=Companions(sound_levels=SoundLevels(RATE, CALIBRATION)),
    )

    def told() -> Health:
        time.now_s += 1.0
        pipeline.step(0.0)
        return [record for record in sink.records if isinstance(record, Health)][-1]

    ring.write(tone("middle", 2.0), time.now_s)
    while ring.counters().pending:
        pipeline.step(0.0)
    level = told().level_dba
    assert level is not None
    assert level.leq_dba == pytest.approx(120.0 + 20.0 * np.log10(0.3) - 3.01, abs=0.1)
    status.status = msgspec.structs.replace(status.status, state="lost")
    assert told().level_dba is None
    status.status = msgspec.structs.replace(status.status, state="running")
    assert told().level_dba is not None
