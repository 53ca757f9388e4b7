"""How a pipe delivers: in bursts, as fast as it is read, or at another rate than was said. Pure.

Sound may come before its time: a burst, or a file that somebody pipes. It is taken up to `ahead_s` seconds
ahead of real time; the rest waits in the pipe, and so does who writes it. Sound is overdue only when all that
came would have been played by now, and not even the longest usual pause between two bursts explains it.
"""

from __future__ import annotations

from itertools import pairwise

AHEAD_S = 5.0
"""Seconds of sound that are taken before their time."""
SPEED = 1.002
"""Seconds of sound a second that may be taken for ever: more than the clock of any real device is fast."""
MAX_PAUSE_S = 10.0
"""Longest pause between two bursts that counts as usual."""
HALF_LIFE_S = 30.0
"""Seconds in which half of the longest usual pause is forgotten."""

CATCH_UP = 4.0
"""How many times as fast as it sounded sound is taken that a live server had kept; analysis is faster."""
AT_ONCE_S = 0.8
"""Seconds of it that are taken at once."""
MOST_KEPT_S = 60.0
"""More than a live server keeps."""
LEAST_DUE_S, MOST_DUE_S = 1.4, 3.0
"""A live server counts as silent after a pause as long; networks hold up packets for a second or so."""

RATE_SPAN_S = 5.0
"""Seconds over which the rate of arrival is measured."""
RATE_TOLERANCE = 0.06
"""A rate that differs by this share is told: 44.1 kHz from 48 differs by more, jitter of bursts by less."""
_STEADY = 0.03
"""By how much two measurements in a row may differ to be believed."""
_MIN_FILL_S = 0.5
"""Where it takes less to be `ahead_s` ahead, somebody pipes a file as fast as it is read."""
_MIN_NOTES = 5
_MAX_NOTES = 1000


class Pace:
    """The deliveries of one pipe against the monotonic clock, which is passed in."""

    def __init__(self, now_s: float, ahead_s: float = AHEAD_S) -> None:
        """Begin to watch at `now_s`; nothing has come yet."""
        self._limit_s = ahead_s
        self._ahead_s = 0.0  # of real time, after the last delivery
        self._last_s = now_s
        self._position_s = 0.0
        self._usual_pause_s = 0.0
        self._dry_s: float | None = None  # since when nothing waits to be read
        self._epoch_s: float | None = None  # when the first sample was captured, at a guess
        self._rate = ArrivalRate()
        self._begun = False

    @property
    def rate(self) -> float | None:
        """Seconds of sound that arrive a second, where that is known and is not 1."""
        return self._rate.wrong

    @property
    def next_due_s(self) -> float:
        """When the next sound is due at the latest, if all is well."""
        return self._last_s + self._ahead_s + self._usual_pause_s

    def wait_s(self, now_s: float) -> float:
        """Return how long nothing more shall be read."""
        wait_s = self._ahead_s - self._limit_s - (now_s - self._last_s) * SPEED
        if wait_s > 0.0:
            self._rate.full()
        return max(0.0, wait_s)

    def dry(self, now_s: float) -> None:
        """Note that nothing waits to be read."""
        if not self._begun:  # what had waited since before the program was ready says nothing of the rate
            self._begun = True
            self._limit_s += min(self._ahead_s, self._limit_s)
        if self._dry_s is None:
            self._dry_s = now_s
            self._rate.note(now_s, self._position_s)

    def arrived(self, now_s: float, length_s: float) -> float:
        """Note the arrival of `length_s` seconds of sound; return when the last was captured, at a guess."""
        passed_s = now_s - self._last_s
        self._usual_pause_s *= 0.5 ** (passed_s / HALF_LIFE_S)
        if self._dry_s is not None:
            self._end_pause(now_s - self._dry_s)
            self._dry_s = None
        self._ahead_s = max(0.0, self._ahead_s - passed_s * SPEED) + length_s
        self._last_s = now_s
        self._position_s += length_s
        return self._captured_s(now_s)

    def _end_pause(self, pause_s: float) -> None:
        if pause_s > MAX_PAUSE_S:
            self._epoch_s = None
            self._rate = ArrivalRate()
        else:
            self._usual_pause_s = max(pause_s, self._usual_pause_s)

    def _captured_s(self, now_s: float) -> float:
        """Spread a burst over the pause before it: what comes late was not captured late."""
        latest_s = now_s - self._position_s
        epoch_s = latest_s if self._epoch_s is None else self._epoch_s
        self._epoch_s = min(max(epoch_s, latest_s - self._usual_pause_s), latest_s)
        return self._epoch_s + self._position_s


class LivePace(Pace):
    """The deliveries of a server that sends what is just heard, after what it had kept: that comes at once.

    Nothing is held back for good: what comes late, or all at once, is passed on at `CATCH_UP` times its pace.
    """

    def __init__(self, now_s: float) -> None:
        super().__init__(now_s, MOST_KEPT_S)
        self._credit_s = AT_ONCE_S

    @property
    def next_due_s(self) -> float:
        """When the next sound is due at the latest: after a pause twice as long as is usual."""
        return self._last_s + min(max(2.0 * self._usual_pause_s, LEAST_DUE_S), MOST_DUE_S)

    def wait_s(self, now_s: float) -> float:
        """Return how long nothing more shall be read."""
        credit_s = self._credit_s + CATCH_UP * (now_s - self._last_s)
        return max(super().wait_s(now_s), -credit_s / CATCH_UP)

    def arrived(self, now_s: float, length_s: float) -> float:
        """Note the arrival of `length_s` seconds of sound; return when the last was captured, at a guess."""
        passed_s = now_s - self._last_s
        self._credit_s = min(self._credit_s + CATCH_UP * passed_s, AT_ONCE_S) - length_s
        return super().arrived(now_s, length_s)


class ArrivalRate:
    """Sound that arrived between two moments when all there was had been read."""

    def __init__(self, span_s: float = RATE_SPAN_S) -> None:
        """Measure over `span_s` seconds, twice before it is believed."""
        self._span_s = span_s
        self._first: list[tuple[float, float]] = []  # such moments until the source was first made to wait
        self._span: list[tuple[float, float]] = []  # those of the measurement that has begun
        self._before = 1.0
        self.wrong: float | None = None
        """The rate, once it is known that it is not 1."""

    def note(self, now_s: float, position_s: float) -> None:
        """Note that `position_s` seconds of sound had come at `now_s`, and no more waited."""
        if len(self._first) < _MAX_NOTES:
            self._first.append((now_s, position_s))
        self._span.append((now_s, position_s))
        if now_s - self._span[0][0] >= self._span_s:
            rate = _rate_of(self._span)
            if abs(rate - self._before) <= _STEADY * self._before:
                self.wrong = rate if abs(rate - 1.0) > RATE_TOLERANCE else None
            self._before = rate
            self._span = [(now_s, position_s)]

    def full(self) -> None:
        """Note that the source is made to wait from now on: if it came steadily, then too fast."""
        notes, self._first = self._first, []
        self._span = []
        steps = [later[0] - sooner[0] for sooner, later in pairwise(notes)]
        span_s = sum(steps)
        if len(notes) >= _MIN_NOTES and span_s >= _MIN_FILL_S and max(steps) < span_s / 2:
            self.wrong = (notes[-1][1] - notes[0][1]) / span_s


def _rate_of(notes: list[tuple[float, float]]) -> float:
    """Return seconds of sound a second: that of the line before all notes that is nearest to all of them.

    A busy machine may hand sound on late, but never early. So the line is an edge of the convex hull of the
    notes, the one at the mean position.
    """
    hull: list[tuple[float, float]] = []
    for now_s, position_s in notes:
        while (
            len(hull) > 1 and _rises(hull[-2], hull[-1]) * (position_s - hull[-1][1]) >= now_s - hull[-1][0]
        ):
            hull.pop()
        if not hull or position_s > hull[-1][1]:
            hull.append((now_s, position_s))
    middle_s = sum(position_s for _, position_s in notes) / len(notes)
    for sooner, later in pairwise(hull):
        if later[1] >= middle_s and later[0] > sooner[0]:
            return 1.0 / _rises(sooner, later)
    return (notes[-1][1] - notes[0][1]) / (notes[-1][0] - notes[0][0])


def _rises(sooner: tuple[float, float], later: tuple[float, float]) -> float:
    """Return the seconds that pass while a second of sound comes."""
    return (later[0] - sooner[0]) / (later[1] - sooner[1])
