"""How loud the last minute was, in dBA, of a source that is calibrated; of another nothing is measured."""

from __future__ import annotations

from collections import deque

import numpy as np

from monitor.bus.messages import SoundLevel
from monitor.records import Span
from monitor.storage.level_calibrations import LevelCalibration
from monitor.stream.weighting import AWeighting
from monitor.units import SILENCE_DBFS, dbfs_to_power, seconds_to_len

_OVER_S = 60.0
_LEAST_POWER = dbfs_to_power(SILENCE_DBFS)


class SoundLevels:
    """Measures the A-weighted level of one source, once that is calibrated."""

    def __init__(self, sample_rate: int, calibration: LevelCalibration | None = None) -> None:
        self._rate = sample_rate
        self.calibration = calibration
        """How loud full scale is; None: nobody knows, and nothing is measured."""
        self._weighting = AWeighting(sample_rate)
        self._over_len = seconds_to_len(_OVER_S, sample_rate)
        self._blocks: deque[tuple[int, float]] = deque()  # the stream index at which each ends, its power

    def hear(self, span: Span) -> None:
        """Measure a piece, and forget what is older than a minute."""
        if self.calibration is None:
            return
        self._blocks.extend(self._weighting.push(span))
        oldest = span.start + len(span.samples) - self._over_len + self._weighting.block_len
        while self._blocks and self._blocks[0][0] < oldest:
            self._blocks.popleft()

    @property
    def last_minute(self) -> SoundLevel | None:
        """Levels of the last minute, or of as much of it as there is; None: nothing has been measured."""
        if self.calibration is None or not self._blocks:
            return None
        powers = np.maximum([power for _, power in self._blocks], _LEAST_POWER)
        levels = 10.0 * np.log10(powers) + self.calibration.offset_db
        l10, l50, l90 = np.percentile(levels, (90, 50, 10))
        leq = 10.0 * np.log10(powers.mean()) + self.calibration.offset_db
        return SoundLevel(
            leq_dba=round(float(leq), 1),
            l10_dba=round(float(l10), 1),
            l50_dba=round(float(l50), 1),
            l90_dba=round(float(l90), 1),
            over_s=round(len(self._blocks) * self._weighting.hop_len / self._rate, 1),
            calibrated_at=self.calibration.calibrated_at,
        )
