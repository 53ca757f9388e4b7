"""Composition root: configuration -> objects. The only folder that names concrete classes."""

from monitor.assemble.ends import SYSTEM_CLOCK, make_sources, open_sinks
from monitor.assemble.retuned import Retune, retuned
from monitor.assemble.running import Monitor, start_monitor
from monitor.assemble.stages import hop_len, make_calibration, make_stages, stages_of

__all__ = [
    "SYSTEM_CLOCK",
    "Monitor",
    "Retune",
    "hop_len",
    "make_calibration",
    "make_sources",
    "make_stages",
    "open_sinks",
    "retuned",
    "stages_of",
    "start_monitor",
]
