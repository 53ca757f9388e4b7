"""What travels between modules: small frozen records, each field with its unit or shape.

Records that reach the wire are plain JSON once encoded (`bus/codec.py` is the only codec). Sample indices are
integers since the start of the stream, at the rate the record states; intervals are half open.
"""

from __future__ import annotations

from monitor.records.heard import (
    BackgroundState,
    CalibrationState,
    Correction,
    Embedding,
    Likeness,
    Moment,
    NearMiss,
    Transition,
    UnlistedSound,
    WindowScores,
)
from monitor.records.kinds import (
    ALARM_LOW_BATTERY,
    BESIDE_LIFE,
    LOUD_SOUND,
    MADE_BY_CODE,
    SELF_TEST,
    UNLISTED,
    Activity,
    EventType,
    HearingState,
    Index,
    Instant,
    NearMissReason,
    Rate,
    SelfTestState,
    SourceState,
    Tally,
    TransitionType,
)
from monitor.records.sound import (
    Block,
    CaptureStatus,
    LevelReading,
    RingCounters,
    Span,
    Stall,
    Stretch,
    Window,
)
from monitor.records.words import (
    ClassPrompt,
    Cohort,
    OwnSound,
    Prompts,
    Prototypes,
)

__all__ = [
    "ALARM_LOW_BATTERY",
    "BESIDE_LIFE",
    "LOUD_SOUND",
    "MADE_BY_CODE",
    "SELF_TEST",
    "UNLISTED",
    "Activity",
    "BackgroundState",
    "Block",
    "CalibrationState",
    "CaptureStatus",
    "ClassPrompt",
    "Cohort",
    "Correction",
    "Embedding",
    "EventType",
    "HearingState",
    "Index",
    "Instant",
    "LevelReading",
    "Likeness",
    "Moment",
    "NearMiss",
    "NearMissReason",
    "OwnSound",
    "Prompts",
    "Prototypes",
    "Rate",
    "RingCounters",
    "SelfTestState",
    "SourceState",
    "Span",
    "Stall",
    "Stretch",
    "Tally",
    "Transition",
    "TransitionType",
    "UnlistedSound",
    "Window",
    "WindowScores",
]
