"""What a run goes on with of the runs before: thresholds, backgrounds, calibrations; missed alarms.

What a source taught is kept under its identity. A microphone that is not there as a run begins is known by
what the user typed, and so it stays in topics; its identity, and what is kept of it, is found when it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from monitor.config.settings import Config
from monitor.errors import HistoryError
from monitor.pipeline.acknowledgements import MOST, Acknowledgements
from monitor.pipeline.reporter import Stream
from monitor.pipeline.sound_levels import SoundLevels
from monitor.pipeline.stages import Stages
from monitor.pipeline.stream_descriptions import topic_id
from monitor.records import CaptureStatus
from monitor.sources import STDIN_ID
from monitor.storage.backgrounds import remember
from monitor.storage.history import history_file, missed
from monitor.storage.level_calibrations import stored_level
from monitor.storage.thresholds import ThresholdStore, remembered


class EarlierRuns:
    """What the source of one stream taught before, and keeps for the runs to come.

    Parameters
    ----------
    stages, levels
        What goes on from there.
    stream
        Known by the name that it has now.
    source_id
        What its source is called now, where sources are not told apart by a number; None: what the user calls
        it, whatever its source is.
    """

    def __init__(
        self,
        stages: Stages,
        levels: SoundLevels | None,
        stream: Stream,
        source_id: str | None,
        config: Config,
    ) -> None:
        self._stages = stages
        self._levels = levels
        self._config = config
        self._known = source_id
        self._seen: str | None = None
        self._news: deque[str] = deque()
        self.stream = stream
        """The stream under the name that all is kept by."""
        self._store: ThresholdStore | None = None
        lasting = stream.live and stream.source_id != STDIN_ID
        if stages.calibration is not None and lasting and config.calibration.keep:
            self._store = ThresholdStore(stages.calibration, stream.source_id, stream.model)
        self._go_on()

    @property
    def keeps(self) -> bool:
        """Whether what it teaches is kept."""
        return self._store is not None

    def retune(self, stages: Stages) -> None:
        """Go on with other stages of the same stream."""
        self._stages = stages
        if self._store is not None and stages.calibration is not None:
            self._store.retune(stages.calibration)

    def look(self, status: CaptureStatus) -> None:
        """Go on from what is kept of a microphone that has just come, where another name was known."""
        if self._known is None or status.source_id is None or status.source_id == self._seen:
            return
        self._seen = status.source_id
        if (name := topic_id(status.source_id)) == self._known:
            return
        self._known = name
        self.stream = msgspec.structs.replace(self.stream, source_id=self._known)
        if self._store is not None:
            self._store.belong_to(self._known)
        self._go_on()

    def keep(self, now_s: float, last: bool = False) -> list[str]:
        """Write what is due (see `ThresholdStore`); return what a person has not been told."""
        said = None if self._store is None else self._store.keep(now_s, last)
        return [*self.news(), *([said] if said else [])]

    def news(self) -> list[str]:
        """Return what a person has not been told."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def _go_on(self) -> None:
        if self._config.background.load and self.stream.live:
            self._remember_background()
        if self._store is not None:
            self._remember_thresholds()
        if self._levels is not None:
            level = stored_level(self.stream.source_id)
            self._levels.calibration = level.calibration
            self._say(level.note)

    def _remember_background(self) -> None:
        memory = remember(self.stream.source_id, self.stream.model, self._stages.encoder.dim)
        if memory.mean is not None:
            self._stages.background.remember(memory.mean)
        self._say(memory.note)

    def _remember_thresholds(self) -> None:
        calibration, before = self._stages.calibration, remembered(self.stream.source_id, self.stream.model)
        if calibration is not None and before.evidence is not None:
            for name, value in calibration.remember(before.evidence).items():
                self._stages.detector.set_threshold(name, value)
        self._say(before.note)

    def _say(self, note: str) -> None:
        if note:
            self._news.append(note)


def keep_all(sources: Sequence[EarlierRuns], now_s: float, last: bool = False) -> list[str]:
    """Let all write what is due; return what to say."""
    return [said for one in sources for said in one.keep(now_s, last)]


def remember_missed(
    acknowledgements: Acknowledgements, streams: Sequence[Stream], config: Config
) -> tuple[str, ...]:
    """Let a run go on with what nobody has acknowledged of the runs before; return what to say."""
    path = history_file()
    if path is None or not config.history.keep or not any(stream.live for stream in streams):
        return ()
    try:
        acknowledgements.remember(missed(path, MOST, {stream.source_id for stream in streams}))
    except HistoryError as error:
        return (f"What was missed before is not known. {error}",)
    return ()
