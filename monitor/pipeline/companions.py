"""What goes along with the line of one source: it hears the same sound and follows the same events.

Each is there where it is asked for. A new one is its own module, a field here, and a line where it is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.bus.messages import Event
from monitor.config.fleet import Place
from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.pipeline.clip_keeper import ClipKeeper, make_clip_keeper, speech_filter
from monitor.pipeline.memory import Memory, make_moment_keeper
from monitor.pipeline.moment_keeper import MomentKeeper
from monitor.pipeline.reporter import Context, Reporter, Stream
from monitor.pipeline.rhythm_watch import RhythmWatch, make_rhythm_watch
from monitor.pipeline.self_test.tap import Tap
from monitor.pipeline.sound_levels import SoundLevels
from monitor.records import LevelReading, Span, UnlistedSound, Window, WindowScores


class Companions(msgspec.Struct, frozen=True):
    """Those of one source."""

    clips: ClipKeeper | None = None
    """Keeps the sound around events."""
    rhythms: RhythmWatch | None = None
    """Finds alarms by their pattern."""
    sound_levels: SoundLevels | None = None
    """Measures dBA, once the source is known to be calibrated."""
    moments: MomentKeeper | None = None
    """Remembers what windows sounded like."""
    tap: Tap | None = None
    """Where a self-test takes its copy of the sound."""

    def hear(self, piece: Span) -> None:
        """Take in the next piece of sound."""
        recorder = None if self.clips is None else self.clips.recorder
        for one in (recorder, self.rhythms, self.sound_levels, self.tap):
            if one is not None:
                one.hear(piece)

    def raised(self, score: WindowScores) -> WindowScores:
        """Return the score of a window with what is known beside the model."""
        return score if self.rhythms is None else self.rhythms.raised(score)

    def unlisted(self, level: LevelReading) -> list[UnlistedSound]:
        """Return what is told after a window with `level` though no class is listed for it."""
        return [] if self.rhythms is None else self.rhythms.chirps(level)

    def end(self, reason: str, stop: int) -> list[UnlistedSound]:
        """Return what ends of that with a stretch of sound, at stream index `stop`."""
        return [] if self.rhythms is None else self.rhythms.end(reason, stop)

    def judge(
        self,
        window: Window,
        vector: NDArray[np.float32] | None,
        context: Context | None,
        report: Reporter,
        sound: bool,
    ) -> None:
        """Take note of what became of a window; `vector` None: it was not embedded."""
        if self.clips is not None:
            self.clips.recorder.judge(window, vector, sound=sound)
        if self.moments is not None and vector is not None and context is not None:
            self.moments.hear(window, vector, context, report.time_of(window.start))

    def follow(self, event: Event) -> Event:
        """Return a message of an event with what is known of it here."""
        for one in (self.rhythms, self.clips, self.moments):
            event = event if one is None else one.follow(event)
        return event

    def clipped(self, over: bool) -> list[Event]:
        """Return events of which a recording is there now; `over`: no more sound comes."""
        return [] if self.clips is None else list(self.clips.step(over=over))


NOBODY = Companions()


def make_companions(
    streams: Sequence[Stream],
    places: Sequence[Place],
    memory: Memory | None,
    encoder: Encoder,
    config: Config,
) -> list[Companions]:
    """Return those of each stream."""
    speech = speech_filter(encoder, config)
    return [
        Companions(
            clips=make_clip_keeper(stream, speech, config),
            rhythms=make_rhythm_watch(place.classes, stream.sample_rate, place.config),
            sound_levels=SoundLevels(stream.sample_rate),
            moments=make_moment_keeper(stream, memory, config),
            tap=Tap() if stream.live else None,
        )
        for stream, place in zip(streams, places, strict=True)
    ]
