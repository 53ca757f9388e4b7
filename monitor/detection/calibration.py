"""Thresholds from the stream itself: as strict as it takes for so many false alarms an hour. Pure.

The model's cohort gives thresholds before the first sound (`allowance.py`); this moves them to where the
stream itself says. What a place sounds like all day decides how often a class seems to be heard
that is not. Of every block of some seconds the most alarming moment is kept: the class that came furthest
over, or least below, its configured threshold and stayed there for as long as it must to be reported, in
log-odds. The upper tail of these maxima is taken as exponential over its 90 % quantile u (peaks over
threshold; Pickands, 1975, with shape 0), and all thresholds move by the one amount that the tail passes as
often as was asked for:

    shift = u + sigma ln(0.1 / p),   p: blocks with a false alarm among all

sigma is the mean excess over u, drawn while there are few towards what is expected: 1 where scores are
calibrated (their log-odds are minus the log of a rate), else `PRIOR_EXCESS`. One amount for all classes:
with hours of sound, the tail of a single class rests on a handful of moments, and thresholds set from it
did not hold on other hours.

A block in which an event was reported says no more than that it passed the threshold of its time, and not
whether the event was there. As many of them as were asked for count as false alarms, known up to that
threshold only (sigma: maximum likelihood of an exponential cut off); the rest teaches nothing, so that a dog
that barks every day does not make the monitor deaf to dogs. Were none counted, the tail would be that of the
quieter blocks, and the thresholds would sink block by block.

Evidence makes thresholds stricter at once and more lenient only once it is worth it. After T hours without an
event, rates of up to 3/T an hour are still as likely as one in twenty (the rule of three; Hanley and
Lippman-Hand, 1983): five quiet minutes cannot show one false alarm in two hours. So no threshold falls below
the configured one before T = 3/r for the r asked for; from there they move towards what the tail says, and
are there at T = 6/r. With less memory than that they never fall so far.

Guards: what is older than some hours is forgotten; thresholds stay within `limits.THRESHOLD`; a threshold
set by hand stays where it was put.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import msgspec
import numpy as np

from monitor.config.limits import THRESHOLD
from monitor.config.settings import CalibrationConfig
from monitor.detection.rules import SURE
from monitor.records import CalibrationState, WindowScores

TAIL = 0.1
"""Share of the blocks that the tail is fitted to, unless more than half as many may be false alarms."""
PRIOR_EXCESS = 1.5
"""Mean excess, in log-odds of odds against other sounds; about what recordings gave (validation)."""
PRIOR_COUNT = 30
"""Excesses that this is worth."""
ENOUGH = 3.0
"""False alarms that must be missing at the rate asked for before thresholds fall below the configured."""
_LEAST_SCORE = 1e-6
_LEAST_ODDS = -700.0
"""Log-odds of which the exponential is still a number."""
_LARGEST_TAIL = 0.5


class Condition(msgspec.Struct, frozen=True):
    """What makes an event of one class."""

    threshold: float
    """Its configured onset threshold."""
    confirm_len: int
    """Samples for which the score must stay there."""
    sure_len: int
    """Or, of a score by far above it (`detector.SURE`), samples for which it must stay that."""

    @property
    def key(self) -> str:
        """All of it in a word."""
        return f"{self.threshold:.6f}/{self.confirm_len}/{self.sure_len}"


class Evidence(msgspec.Struct, frozen=True):
    """What the thresholds of a stream rest on."""

    key: dict[str, str]
    """Class -> what makes an event of it: evidence is about these and no others."""
    block_s: float
    quiet: tuple[float, ...]
    """The furthest that a class came in each block without an event, in log-odds over its threshold."""
    passed: tuple[float, ...]
    """By how much thresholds had moved in each block with one."""


class Calibration:
    """Moves all thresholds so that the stream's own background passes them as seldom as asked for."""

    def __init__(
        self,
        conditions: Mapping[str, Condition],
        config: CalibrationConfig,
        sample_rate: int,
        calibrated: bool = False,
    ) -> None:
        """Set thresholds for the classes of `conditions` in a stream of `sample_rate` Hz.

        Parameters
        ----------
        calibrated
            Whether scores say how often ordinary sound gets there.
        """
        self._config = config
        self._prior_excess = 1.0 if calibrated else PRIOR_EXCESS
        self._sample_rate = sample_rate
        self._block_len = round(config.block_s * sample_rate)
        self._key = {
            name: f"{one.threshold:.6f}/{one.confirm_len}/{one.sure_len}" for name, one in conditions.items()
        }
        self._sustained = {name: _Sustained(one) for name, one in conditions.items()}
        memory = round(config.memory_h * 3600.0 / config.block_s)
        self._quiet: deque[float] = deque(maxlen=max(memory, config.ready_blocks))
        """The maximum of each block without an event."""
        self._passed: deque[float] = deque(maxlen=memory)
        """By how much thresholds had moved in each block with one."""
        self._shift = 0.0
        self._ready = False
        self._heard_len = 0
        self._highest = -math.inf
        self._reported = False

    def learn(self, score: WindowScores, hop_len: int, sounding: bool) -> dict[str, float] | None:
        """Take in the score of a window; return onset thresholds per class when a block is full.

        Parameters
        ----------
        hop_len
            Samples this window is the first to analyse.
        sounding
            Whether an event is reported at present.
        """
        if not self._sustained:
            return None
        margins = [one.margin(score.values[name], hop_len) for name, one in self._sustained.items()]
        self._highest = max([self._highest, *margins])
        self._reported |= sounding
        self._heard_len += hop_len
        if self._heard_len < self._block_len:
            return None
        if self._reported:
            self._passed.append(self._shift)
        else:
            self._quiet.append(self._highest)
        self._heard_len, self._highest, self._reported = 0, -math.inf, False
        self._shift = self._next_shift()
        return self.thresholds()

    def thresholds(self) -> dict[str, float]:
        """Return the onset threshold of every class that is not set by hand."""
        return {
            name: THRESHOLD.clamp(_odds_to_score(one.configured + self._shift))
            for name, one in self._sustained.items()
        }

    def evidence(self) -> Evidence:
        """Return what the thresholds rest on, to go on with in another run."""
        return Evidence(self._key, self._config.block_s, tuple(self._quiet), tuple(self._passed))

    def remember(self, evidence: Evidence) -> dict[str, float]:
        """Go on from what another run heard of the same source; return the thresholds it gives.

        Evidence about other classes or other thresholds says nothing, and changes nothing.
        """
        if (evidence.key, evidence.block_s) == (self._key, self._config.block_s):
            self._quiet.extend(evidence.quiet)
            self._passed.extend(evidence.passed)
            self._shift = self._next_shift()
        return self.thresholds()

    def release(self, name: str) -> None:
        """Leave one class alone from now on: its threshold was set by hand."""
        self._sustained.pop(name, None)

    def state(self) -> CalibrationState:
        """Return how much the thresholds rest on."""
        return CalibrationState(
            false_alarms_per_hour=self._config.false_alarms_per_hour,
            heard_s=round(len(self._quiet) * self._config.block_s, 1),
            ready=self._ready,
        )

    def _worth(self) -> float:
        """Return what the quiet blocks are worth as evidence of fewer false alarms than asked for."""
        heard_h = len(self._quiet) * self._config.block_s / 3600.0
        missing = heard_h * self._config.false_alarms_per_hour
        return min(max(missing / ENOUGH - 1.0, 0.0), 1.0)

    def _next_shift(self) -> float:
        """Return by how much the thresholds move, in log-odds; gradually, until there are enough blocks."""
        if not self._quiet:
            return 0.0
        quiet, passed = np.array(self._quiet), np.array(self._passed)
        share = self._config.false_alarms_per_hour * self._config.block_s / 3600.0
        tail = min(max(TAIL, 2.0 * share), _LARGEST_TAIL)
        counted = min(len(passed), share * len(quiet))
        beyond = max(0.0, tail * (len(quiet) + counted) - counted)
        start = float(np.quantile(quiet, 1.0 - beyond / len(quiet)))
        excesses = quiet[quiet > start] - start
        cut_off = counted * float(np.maximum(passed - start, 0.0).mean()) if len(passed) else 0.0
        mean = (excesses.sum() + cut_off + PRIOR_COUNT * self._prior_excess) / (len(excesses) + PRIOR_COUNT)
        wanted = start + float(mean) * math.log(tail / share)
        gone = min(1.0, len(quiet) / self._config.ready_blocks)
        if wanted < 0.0:
            gone = min(gone, self._worth())
        self._ready = gone >= 1.0
        return wanted * gone


class _Sustained:
    """How far over its configured threshold one class has stayed for as long as an event needs."""

    def __init__(self, condition: Condition) -> None:
        self.configured = _score_to_odds(condition.threshold)
        self._enough = ((condition.confirm_len, 0.0), (condition.sure_len, math.log(SURE)))
        """Samples, and how far over the threshold the score must be for them."""
        self._recent: deque[tuple[int, float]] = deque()

    def margin(self, score: float, hop_len: int) -> float:
        """Return by how much thresholds might rise for an event to begin with this window, in log-odds."""
        self._recent.appendleft((hop_len, _score_to_odds(score) - self.configured))
        longest = max(length for length, _ in self._enough)
        heard = sum(length for length, _ in self._recent)
        while len(self._recent) > 1 and heard - self._recent[-1][0] >= longest:
            heard -= self._recent.pop()[0]
        return max(self._least(length) - over for length, over in self._enough)

    def _least(self, length: int) -> float:
        """Return the least margin of the last `length` samples, at least of the last window."""
        least, heard = math.inf, 0
        for hop_len, margin in self._recent:
            least, heard = min(least, margin), heard + hop_len
            if heard >= length:
                break
        return least


def _score_to_odds(score: float) -> float:
    bounded = min(max(score, _LEAST_SCORE), 1.0 - _LEAST_SCORE)
    return math.log(bounded / (1.0 - bounded))


def _odds_to_score(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(odds, _LEAST_ODDS)))
