"""What a run goes on with of the runs before it: thresholds, missed alarms, backgrounds."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.errors import HistoryError
from monitor.pipeline.acknowledgements import MOST, Acknowledgements
from monitor.pipeline.reporter import Stream
from monitor.pipeline.stages import Stages
from monitor.sources import STDIN_ID
from monitor.storage.backgrounds import Memory, remember
from monitor.storage.history import history_file, missed
from monitor.storage.thresholds import ThresholdStore, remembered


def remember_thresholds(
    stages: Sequence[Stages], streams: Sequence[Stream], config: Config
) -> tuple[tuple[ThresholdStore, ...], tuple[str, ...]]:
    """Let each live source go on from what it taught before; return what keeps it, and what to say."""
    keepers, notes = [], []
    for own, stream in zip(stages, streams, strict=True):
        lasting = stream.live and stream.source_id != STDIN_ID
        if own.calibration is None or not lasting or not config.calibration.keep:
            continue
        before = remembered(stream.source_id, stream.model)
        if before.evidence is not None:
            for name, value in own.calibration.remember(before.evidence).items():
                own.detector.set_threshold(name, value)
        notes += [before.note] if before.note else []
        keepers.append(ThresholdStore(own.calibration, stream.source_id, stream.model))
    return tuple(keepers), tuple(notes)


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


def remember_background(stream: Stream, encoder: Encoder, config: Config) -> Memory:
    """Return the stored background, where that is wanted; a file depends on nothing that is stored."""
    wanted = config.background.load and stream.live
    return remember(stream.source_id, encoder.info.identity, encoder.dim) if wanted else Memory(None)
