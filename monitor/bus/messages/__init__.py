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
from monitor.bus.messages.uplink import Answer, LastEvent, NodeConfig, NodeSource, NodeState, Order, Report

__all__ = [
    "Answer",
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
    "LastEvent",
    "Latency",
    "Level",
    "NearMissMessage",
    "NodeConfig",
    "NodeSource",
    "NodeState",
    "Order",
    "PublishedRecord",
    "Reply",
    "Report",
    "Request",
    "ScoresMessage",
    "SelfTest",
    "Snapshot",
    "SoundLevel",
    "Trouble",
]
