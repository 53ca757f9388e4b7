"""Records as lines for a person: what `lines.py` prints, without saying when. Pure.

Each begins with when it was, where the reader is, and what kind of line it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.bus.messages import ClockStep, Event, Health, NearMissMessage, PublishedRecord
from monitor.names import in_order
from monitor.records import ALARM_LOW_BATTERY, LOUD_SOUND, SELF_TEST
from monitor.wording import (
    HEARING,
    NEAR_MISS,
    SOURCE_STATE,
    after,
    called,
    clock,
    clock_set,
    ended_by,
    hard_of_hearing,
    how_often,
    moment,
    reported,
    self_tested,
    together,
)

UNHEARD = {"silent", "lost", "failing", "paused"}
"""States in which a source is not heard."""
_NAMED = 8
"""Sources that are named where many are alike."""


def event_line(event: Event, where: str | None = None) -> str:
    """Return the onset or the offset of an event as a line for a person, times where the reader is."""
    source = prefix(where)
    level = f"level {event.level_dbfs:.1f} dBFS{_over(event.snr_db)}"
    if event.type != "offset":
        urgent = "URGENT: " if event.urgent else ""
        score = f"score {event.score:.2f} (threshold {event.threshold:.2f})"
        time = moment(event.onset_time, event.onset_position_s)
        if event.class_ == SELF_TEST:
            return f"{time}  onset   {source}{urgent}{called(event)}"
        if event.class_ == ALARM_LOW_BATTERY:
            return f"{time}  onset   {source}{called(event)}, {level}"
        if event.class_ == LOUD_SOUND:
            what, _, like = called(event).partition(", ")
            over = f"{what}, {event.snr_db:.0f} dB over the background{like and ', '}{like}"
            return f"{time}  onset   {source}{over}, level {event.level_dbfs:.1f} dBFS"
        return f"{time}  onset   {source}{urgent}{reported(event)}, {score}, {level}"
    duration_s = _lasted_s(event)
    by = event.ended_by or "quiet"
    why = "" if by == "quiet" else f" ({ended_by(by).phrase})"
    why += f", {event.rhythm}" if event.rhythm else ""
    ended = f"{called(event)} ended after {duration_s:.1f} s{why}"
    time = moment(event.offset_time or event.onset_time, event.offset_position_s)
    return f"{time}  offset  {source}{ended}, peak {event.peak_score:.2f}, {level}"


def _over(snr_db: float) -> str:
    """Return by how much a sound exceeds the background; one that was there from the start is its own."""
    return f", SNR {snr_db:.0f} dB" if snr_db >= 0.0 else ", no louder than the background so far"


def seen_line(event: Event, where: str | None = None) -> str:
    """Return that an urgent event was acknowledged, or that nobody has done so, as a line for a person."""
    what, began = called(event), moment(event.onset_time, event.onset_position_s)
    if event.acknowledged_at is not None:
        seen = f"{what} of {began} acknowledged by {event.acknowledged_by}"
        return f"{clock(event.acknowledged_at)}  seen    {prefix(where)}{seen}"
    lasted = f"lasted {_lasted_s(event):.1f} s, nobody has acknowledged it; do so with: monitor ack"
    return f"{began}  MISSED  {prefix(where)}{what}, {lasted}"


def clip_line(event: Event, where: str | None = None) -> str:
    """Return that a recording of an event is there, as a line for a person."""
    ended = event.offset_time is not None
    time = moment(
        event.offset_time or event.onset_time, event.offset_position_s if ended else event.onset_position_s
    )
    return f"{time}  clip    {prefix(where)}{called(event)}: {event.clip}"


def _lasted_s(event: Event) -> float:
    """Return seconds from onset to offset, by the clock where nobody knows the sample of the end."""
    if event.offset_sample is not None:
        return (event.offset_sample - event.onset_sample) / event.sample_rate
    return ((event.offset_time or event.onset_time) - event.onset_time).total_seconds()


def near_miss_line(miss: NearMissMessage, where: str | None = None) -> str:
    """Return what was not reported, and why, as a line for a person."""
    score = f"score {miss.score:.2f} (threshold {miss.threshold:.2f})"
    why = f"not reported: {NEAR_MISS[miss.reason].phrase}"
    return f"{moment(miss.time, miss.position_s)}  nearly  {prefix(where)}{called(miss)}, {score}, {why}"


def health_line(health: Health, before: Health | None = None) -> str:
    """Return the state of a source as a line for a person; `before` tells whether it is back."""
    name = health.source_name
    if health.state == "running" and before is not None and before.state in UNHEARD:
        text = f"back: {name} is heard again{_after(health, before)}"
    elif health.state == "running":
        text = f"listening to {name} {_heard_for(health)}"
    else:
        text = f"{SOURCE_STATE[health.state]}: {name}" + (f", {health.reason}" if health.reason else "")
    return f"{moment(health.time, health.position_s)}  health  {text}"


def listening_lines(found: Sequence[Health]) -> list[str]:
    """Return to what is listened, sources alike in one line, in the order of their names."""
    alike: dict[str, list[Health]] = {}
    for health in sorted(found, key=lambda one: in_order(one.source_name)):
        alike.setdefault(_heard_for(health), []).append(health)
    lines = []
    for what, ones in alike.items():
        names = [one.source_name for one in ones]
        count = f"{len(names)} sources: " if len(names) > _NAMED else ""
        text = f"listening to {count}{together(names, _NAMED)}{'; all' if count else ''} {what}"
        lines.append(f"{moment(ones[0].time, ones[0].position_s)}  health  {text}")
    return lines


def _heard_for(health: Health) -> str:
    """Return what a source is heard for, and how."""
    text = f"for {', '.join(map(called, health.classes))}, model {health.model}"
    if muted := [called(state) for state in health.classes if state.muted]:
        text += f", muted: {', '.join(muted)}"
    if health.calibration is not None:
        text += f", false alarms allowed: {how_often(health.calibration.false_alarms_per_hour)}"
    return text


def hearing_lines(health: Health, before: Health | None) -> list[str]:
    """Return that a source is heard badly, or well again, and which of its channels are not heard."""
    texts = []
    badly, name = hard_of_hearing(health), health.source_name
    if badly and (before is None or not hard_of_hearing(before) or health.hearing != before.hearing):
        texts.append(f"{HEARING[health.hearing]}: {name}, {health.hearing_reason}")
    elif before is not None and health.state == "running" and hard_of_hearing(before) and not badly:
        texts.append(f"back: {name} is heard well again{_after(health, before)}")
    if health.channels and (before is None or health.channels != before.channels):
        texts.append(f"CHANNELS: {name}, {health.channels}")
    return [f"{moment(health.time, health.position_s)}  health  {text}" for text in texts]


def _after(health: Health, before: Health) -> str:
    """Return for how long it was not heard well, where that has just changed."""
    return after(health.hearing_change) if health.hearing_change != before.hearing_change else ""


def late_line(health: Health, where: str | None = None) -> str:
    """Return how much sound was passed over, as a line for a person."""
    passed_s = passed_over(health) / health.sample_rate
    lost = f"{passed_s:.1f} s of sound passed over so far"
    waits = f"what it reports is {health.behind_s:.1f} s late, and nothing is passed over"
    text = f"LATE: the program does not keep up; {waits if health.behind_s else lost}"
    return f"{moment(health.time, health.position_s)}  health  {prefix(where)}{text}"


def overflow_line(health: Health, where: str | None = None) -> str:
    """Return that the driver lost sound before anybody had it, as a line for a person."""
    text = f"OVERFLOW: the driver lost sound ({health.overflow} times so far); end other programs"
    return f"{moment(health.time, health.position_s)}  health  {prefix(where)}{text}"


def late_of_many_line(health: Health, late: int, sources: int) -> str:
    """Return that the program is late for `late` of so many sources, as a line for a person."""
    text = f"LATE: the program does not keep up; {late} of {sources} sources are not heard whole"
    return f"{moment(health.time, health.position_s)}  health  {text}, of all the same share is passed over"


def clock_line(step: ClockStep) -> str:
    """Return that the clock was set, as a line for a person."""
    return f"{clock(step.time)}  clock   {clock_set(step)}; times before and after do not fit together"


def time_of_day(record: PublishedRecord) -> datetime | None:
    """Return the time of day that stands in the line of a record; None where a position does."""
    if isinstance(record, Event) and record.onset_position_s is None:
        return (record.offset_time if record.type == "offset" else None) or record.onset_time
    if isinstance(record, Health | NearMissMessage) and record.position_s is None:
        return record.time
    return None


def news_lines(health: Health, before: Health, where: str | None) -> list[str]:
    """Return what the monitor found out about the background since `before`, as lines for a person."""
    texts = []
    if health.warning and health.warning != before.warning:
        texts.append(f"WARNING: {health.warning}")
    if before.warning and not health.warning:
        texts.append(f"no longer: {before.warning}")
    if health.background.changes > before.background.changes:
        texts.append("another background noticed; learning it")
    now, then = health.calibration, before.calibration
    if now is not None and now.ready and then is not None and not then.ready:
        allowed = how_often(now.false_alarms_per_hour)
        texts.append(f"thresholds learnt from {now.heard_s / 60.0:.0f} min, for {allowed} false alarms")
    test = health.self_test
    if test is not None and test != before.self_test and test.state != "heard":
        texts.append(self_tested(test))
    return [f"{moment(health.time, health.position_s)}  health  {prefix(where)}{text}" for text in texts]


def prefix(where: str | None) -> str:
    """Return the name of a source as it stands before what is said of it; None: there is no other."""
    return "" if where is None else f"{where}: "


def passed_over(health: Health) -> int:
    """Return the samples that were captured and never analysed."""
    return health.skipped + health.overwritten
