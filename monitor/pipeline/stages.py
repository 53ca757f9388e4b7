"""What the stream of one source passes through, and how far it has come."""

from __future__ import annotations

from typing import Protocol

import msgspec

from monitor.detection.calibration import Calibration
from monitor.detection.detector import Detector
from monitor.detection.loud_sounds import LoudSounds
from monitor.encoders import Encoder
from monitor.pipeline.reporter import Clock, Stream
from monitor.pipeline.sound_levels import SoundLevels
from monitor.records import CaptureStatus
from monitor.scoring.background import Background
from monitor.scoring.scorer import Scorer
from monitor.stream.level import LevelMeter
from monitor.stream.ring import Ring
from monitor.stream.windows import Windower


class Stages(msgspec.Struct, frozen=True):
    """The stages of the line, in order."""

    meter: LevelMeter
    windower: Windower
    encoder: Encoder
    background: Background
    scorer: Scorer
    detector: Detector
    loud: LoudSounds
    calibration: Calibration | None = None
    """None: thresholds are those of the configuration."""
    long_event_is_background: bool = False
    """Whether an event that was closed for lasting too long may be learnt."""


class Input(Protocol):
    """What fills the ring."""

    @property
    def status(self) -> CaptureStatus:
        """How the source is."""


class Line(msgspec.Struct, frozen=True):
    """One source's sound, the stages it passes through, and who listens when."""

    ring: Ring
    capture: Input
    stages: Stages
    stream: Stream
    clock: Clock
    sound_levels: SoundLevels | None = None
    """None: nobody asks how loud it is."""


class Progress(msgspec.Struct):
    """How far a stream has come, in samples; it grows as the pipeline works."""

    stop: int = 0
    """Stream index up to which it has been measured."""
    taken: int = 0
    """Read from the ring: analysed, skipped, or not yet either."""
    analysed: int = 0
    skipped: int = 0
    """Of windows that were passed over."""
    late_until_s: float = 0.0
    """Monotonic clock until which the pipeline counts as late."""
    behind_s: float = 0.0
    """Of a file in real time: how much later than its time the last window was."""
    rtf: float = 0.0
    """Seconds of work per second of sound, smoothed."""
