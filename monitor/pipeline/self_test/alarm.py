"""The alarm of a self-test: which class it is, by which settings it is heard, and what counts as heard."""

from __future__ import annotations

from msgspec.structs import replace

from monitor.bus.messages import Event, PublishedRecord
from monitor.config.settings import Config
from monitor.records import UNLISTED, ClassPrompt
from monitor.scoring.prompts import parse_classes
from monitor.sources.made_alarm import CLASS, WORDING


def alarm_classes() -> list[ClassPrompt]:
    """Return the one class that is listened for."""
    return parse_classes(CLASS, {CLASS: WORDING})


def alarm_config(config: Config, listed: int = 1) -> Config:
    """Return the settings by which the alarm is heard: whatever is set for the user's classes is left out.

    Parameters
    ----------
    listed
        Classes of the run: the false alarms that are allowed are shared among so many, and the alarm gets no
        more of them than one.
    """
    allowed = config.calibration.false_alarms_per_hour / max(1, listed)
    return replace(
        config,
        prompts=replace(config.prompts, aliases={}),
        detector=replace(config.detector, urgent=(CLASS,), muted=(), classes={}),
        calibration=replace(config.calibration, false_alarms_per_hour=allowed, keep=False),
        clips=replace(config.clips, keep=False),
    )


def heard_alarm(record: PublishedRecord | None) -> Event | None:
    """Return the onset that `record` is; that something was loud is no alarm that was recognised."""
    if isinstance(record, Event) and record.type == "onset" and record.class_ not in UNLISTED:
        return record
    return None
