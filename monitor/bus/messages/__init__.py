"""What travels on the bus: records that are plain JSON once encoded (`codec.py` is the only codec).

What travels inside the program only is in `monitor/records/`.
"""

from __future__ import annotations

from monitor.bus.messages.control_messages import (
    BackgroundProfile,
    ClassInBackground,
    CorrectionState,
    Reply,
    Request,
    Snapshot,
)
from monitor.bus.messages.published import (
    Candidate,
    Change,
    ClassState,
    ClockStep,
    Event,
    Health,
    HearingChange,
    Heartbeat,
    Latency,
    Level,
    NearMissMessage,
    PublishedRecord,
    ScoresMessage,
    SelfTest,
    SoundLevel,
    Trouble,
)

__all__ = [
    "BackgroundProfile",
    "Candidate",
    "Change",
    "ClassInBackground",
    "ClassState",
    "ClockStep",
    "CorrectionState",
    "Event",
    "Health",
    "HearingChange",
    "Heartbeat",
    "Latency",
    "Level",
    "NearMissMessage",
    "PublishedRecord",
    "Reply",
    "Request",
    "ScoresMessage",
    "SelfTest",
    "Snapshot",
    "SoundLevel",
    "Trouble",
]
