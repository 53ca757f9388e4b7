"""Examples live: a countdown, a meter, what was heard of each and what to do about it.

On a terminal one line changes; elsewhere, and for a screen reader with `--plain`, there is a line for each
thing that happens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from monitor.console import can_draw, show
from monitor.errors import SourceError
from monitor.learning.candidates import Candidates, Considered
from monitor.learning.recorder import Moment, TakeRecorder
from monitor.learning.takes import Take
from monitor.waiting import readable

ENOUGH = 3
"""Examples with which a class may be taught when no more come."""
_WIDTH = 24
_RANGE_DB = 50.0
_UP = "\x1b[1A"
"""Moves the cursor of a terminal one line up (ECMA-48, CUU)."""


class Screen:
    """Shows how a recording goes on. Used by one thread.

    Parameters
    ----------
    plain
        Draw nothing: every line stays.
    say
        Shows a line where nothing is drawn.
    """

    def __init__(self, plain: bool, say: Callable[[str], None] = show) -> None:
        self.can_draw = not plain and can_draw(sys.stdout)
        self._asks = self.can_draw and can_draw(sys.stdin)
        self._countdown = -1
        self._update: Callable[[str], None] = lambda _: None
        self._say = say
        self.waits_for = ""
        """What is expected, in words."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Draw, where that can be done, until the block ends."""
        if not self.can_draw:
            yield
            return
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        with Live(console=Console(file=sys.stdout), transient=True, auto_refresh=False) as live:
            self._update = lambda line: live.update(Text(line), refresh=True)
            plain, self._say = self._say, lambda line: live.console.print(Text(line))
            yield
            self._say = plain

    def say(self, line: str) -> None:
        """Show a line that stays."""
        self._say(line)

    def see(self, moment: Moment) -> None:
        """Show how it is at present."""
        if moment.state == "place":
            self._count_down(moment)
            return
        told = {"waits": self.waits_for, "sounds": "hearing it ...", "settles": "wait until it has ended ..."}
        self._update(f"{_bar(moment)} {moment.level_dbfs:4.0f} dBFS  {told[moment.state]}")

    def score(self, score: float, threshold: float) -> None:
        """Show a score as it is at present."""
        mark = round(_WIDTH * threshold)
        bar = "".join(
            "|" if at == mark else "#" if at < round(_WIDTH * score) else "." for at in range(_WIDTH + 1)
        )
        self._update(f"{bar} {score:.2f}, threshold {threshold:.2f}")

    def redone(self) -> bool:
        """Return whether Enter was pressed: the last example is to be done again."""
        if not self._asks or not readable(sys.stdin):
            return False
        sys.stdin.readline()
        sys.stdout.write(_UP)  # Enter has left the line that is drawn, which would stay
        sys.stdout.flush()
        return True

    def _count_down(self, moment: Moment) -> None:
        left = int(moment.left_s + 0.999)
        if self.can_draw:
            self._update(f"{_bar(moment)} {moment.level_dbfs:4.0f} dBFS  quiet, please: {left}")
        elif left != self._countdown:
            self._say(f"{left} ...")
        self._countdown = left


def record(recorder: TakeRecorder, screen: Screen, candidates: Candidates, wanted: int) -> str:
    """Record until `wanted` examples are taken; return why it ended sooner, in a sentence, or nothing.

    Raises
    ------
    SourceError
        The source cannot be heard, and there is no example yet.
    """
    count = 0
    try:
        screen.say("Learning what the place sounds like; please be quiet.")
        recorder.learn_place()
        candidates.know_place(recorder.place)
        screen.say(f"Now make the sound, {wanted} times, with a pause after each. Ctrl-C ends it.")
        while count < wanted:
            last = "; Enter: the last again" if count else ""
            screen.waits_for = f"waiting for {count + 1} of {wanted}{last}"
            take = recorder.take(screen.redone)
            if take is None:
                count -= candidates.drop_last()
                screen.say(f"The last one is dropped; again: {count + 1} of {wanted}.")
                continue
            considered = candidates.consider_take(take)
            count += considered.taken
            screen.say(_heard(take, considered, count, wanted))
    except KeyboardInterrupt:
        return "It was ended with Ctrl-C."
    except SourceError as error:
        if not count:
            raise
        return str(error)
    return ""


def _heard(take: Take, considered: Considered, count: int, wanted: int) -> str:
    """Return what to say of a take: `Heard it (1.2 s, 18 dB over the background), again: 2 of 5.`."""
    what = in_words(take)
    if not considered.taken and considered.grave is not None:
        return f"Not taken ({what}): {considered.grave.with_advice}. Again: {count + 1} of {wanted}."
    remarks = "".join(f" But {one.with_advice}." for one in considered.doubts)
    if count == wanted:
        return f"Heard it ({what}); that is all.{remarks}"
    return f"Heard it ({what}), again: {count + 1} of {wanted}.{remarks}"


def in_words(take: Take) -> str:
    """Return how long and how loud an example is."""
    over = "" if take.snr_db is None else f", {take.snr_db:.0f} dB over the background"
    return f"{take.seconds:.1f} s{over}"


def _bar(moment: Moment) -> str:
    """Return the level over the floor as a bar."""
    share = (moment.level_dbfs - moment.floor_dbfs) / _RANGE_DB
    full = round(_WIDTH * min(max(share, 0.0), 1.0))
    return "#" * full + "." * (_WIDTH - full)
