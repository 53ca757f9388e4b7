"""`monitor test alarm`: an alarm made by code, followed from the sound to everybody who is told.

By itself the test runs a monitor of its own, set up as the configuration says, that hears the alarm without
a loudspeaker; what it would tell is told, marked as a test. With `--play` a loudspeaker plays the alarm, and
the monitor that runs already is watched: does its microphone hear it?
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import numpy as np

from monitor.assemble import start_monitor
from monitor.bus.messages import Event, Level, PublishedRecord
from monitor.bus.publisher import Publisher
from monitor.bus.subscriber import Subscriber
from monitor.config.settings import Config
from monitor.encoders import load
from monitor.errors import MonitorError, PublishError
from monitor.pipeline.self_test.alarm import alarm_classes, alarm_config, heard_alarm
from monitor.pipeline.self_test.arrival import Arrival
from monitor.sinks.fanout import Fanout
from monitor.sinks.notify.trial import try_targets
from monitor.sources.made_alarm import BEFORE_S, LASTS_S, MadeAlarm, write_alarm
from monitor.sources.player import play
from monitor.storage.history import Asked, HistoryWriter, find, history_file
from monitor.wording import called

_LATE_S = 6.0
"""Seconds after the alarm in which it may still be told."""
_RISES_DB = 6.0
"""By so much the level rises at least where a microphone hears the alarm."""


class Step(msgspec.Struct, frozen=True):
    """One stage of an alarm's way."""

    name: str
    """`heard`, `published`, `history`, or the name of who is told."""
    works: bool
    seconds: float | None
    """From the beginning of the alarm; of who is told, from that of telling; None: it never came."""
    how: str
    """What happened, in words."""


class _Heard:
    """A `Sink` that notes when the alarm was first told."""

    def __init__(self) -> None:
        self.event: Event | None = None
        self.told_s: float | None = None

    def emit(self, record: PublishedRecord) -> None:
        """Note the first onset."""
        if self.event is None and (event := heard_alarm(record)):
            self.event, self.told_s = event, time.monotonic()

    def close(self) -> None:
        """Hold nothing."""


def inject(config: Config, progress: Callable[[str], None]) -> list[Step]:
    """Let a monitor of its own hear the alarm, and return how far that came; real time, some 15 s.

    Raises
    ------
    MonitorError
        The model or the configuration cannot be used.
    """
    progress(f"loading the model {config.model.name}")
    source, heard = MadeAlarm(), _Heard()
    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        publisher = Publisher(f"ipc://{folder}/bus", control=f"ipc://{folder}/control")
        arrival = Arrival(publisher.endpoint, "event/", lambda record: heard_alarm(record) is not None)
        try:
            _hear(source, heard, publisher, config, progress)
            arrival.wait(1.0)
        finally:
            arrival.close()
            publisher.close()
    began_s = source.alarm_began_s
    steps = [
        _step("heard", heard.told_s, began_s, heard.event, "it was not recognised"),
        _step("published", arrival.received_s, began_s, None, "nobody received it"),
    ]
    if config.history.keep and heard.event is not None:
        steps.append(_kept(heard.event))
    if config.notify.targets:
        progress("telling everybody, marked as a test")
        steps += tell_all(config)
    return steps


def tell_all(config: Config) -> list[Step]:
    """Send everybody who is told a message that is marked as a test."""
    return [
        Step(one.target, one.delivered, one.seconds, one.why or "delivered, marked as a test")
        for one in try_targets(config.notify.targets, config.publish.node)
    ]


def play_it(endpoint: str, control: str | None, progress: Callable[[str], None]) -> list[Step]:
    """Play the alarm on the loudspeaker, and return whether the running monitor hears it.

    Raises
    ------
    PublishError
        No monitor runs there.
    SourceError
        There is no loudspeaker.
    """
    levels: list[tuple[float, float]] = []
    with (
        tempfile.TemporaryDirectory(prefix="monitor-") as folder,
        closing(Subscriber(endpoint, ("event/", "level/"), control=control)) as subscriber,
    ):
        if subscriber.receive(3.0) is None:
            raise PublishError(
                f"No monitor runs on {endpoint}; start one (monitor run), or do without --play."
            )
        alarm = write_alarm(Path(folder, "alarm.wav"))
        progress("playing a smoke alarm: it is loud")
        failed: list[MonitorError] = []
        player = threading.Thread(target=_play, args=(alarm, failed), daemon=True)
        began_s = time.monotonic() + BEFORE_S
        player.start()
        event: Event | None = None
        at_s: float | None = None
        while event is None and not failed and time.monotonic() < began_s + LASTS_S + _LATE_S:
            message = subscriber.receive(0.1)
            record = None if message is None else message.record
            if isinstance(record, Level):
                levels.append((time.monotonic() - began_s, record.level_dbfs))
            elif time.monotonic() > began_s and (event := heard_alarm(record)):
                at_s = time.monotonic()
        player.join(LASTS_S + BEFORE_S)
    if failed:
        raise failed[0]
    return [_loud(levels), _step("heard", at_s, began_s, event, "none of its classes was recognised")]


def _play(path: Path, failed: list[MonitorError]) -> None:
    try:
        play(path)
    except MonitorError as error:
        failed.append(error)


def _hear(
    source: MadeAlarm,
    heard: _Heard,
    publisher: Publisher,
    config: Config,
    progress: Callable[[str], None],
) -> None:
    """Run a monitor of the alarm until it is told, or over."""
    own = alarm_config(config, len(config.prompts.classes))
    sinks = Fanout([heard, publisher])
    monitor = start_monitor([source], load(config.model), alarm_classes(), sinks, own)
    progress(f"a smoke alarm made by code sounds in {BEFORE_S:.0f} s; nothing is played")
    try:
        while monitor.scheduler.step() and heard.event is None:
            sinks.poll(monitor.scheduler.handle)
    finally:
        monitor.scheduler.end("stopped")
        monitor.stop()


def _step(name: str, at_s: float | None, began_s: float, event: Event | None, why: str) -> Step:
    if at_s is None:
        return Step(name, works=False, seconds=None, how=why)
    how = "received by a subscriber"
    if event is not None:
        how = f"{called(event)}, score {event.score:.2f}, {event.snr_db:.0f} dB over the background"
    return Step(name, works=True, seconds=round(at_s - began_s, 2), how=how)


def _loud(levels: list[tuple[float, float]]) -> Step:
    """Return whether the microphone heard the loudspeaker at all."""
    before = [level for at_s, level in levels if at_s < 0.0]
    during = [level for at_s, level in levels if 0.5 < at_s < LASTS_S]
    if not before or not during:
        return Step("microphone", works=False, seconds=None, how="it delivered nothing")
    rises_db = float(np.percentile(during, 90) - np.median(before))
    how = f"its level rose by {rises_db:.0f} dB"
    if rises_db < _RISES_DB:
        how += ": it hardly hears the loudspeaker; turn that up, or put them nearer to each other"
    return Step("microphone", rises_db >= _RISES_DB, None, how)


def _kept(event: Event) -> Step:
    """Write the event into a history beside the real one, and read it back."""
    real = history_file()
    if real is None:
        return Step("history", works=False, seconds=None, how="there is no home folder for it")
    path, begun_s = real.with_name("history-test.db"), time.monotonic()
    try:
        with closing(HistoryWriter(path, keep_days=36_500.0, max_mb=100.0)) as writer:
            writer.add(event)
        works = [one.id for one in find(path, Asked()).events] == [event.id]
    except Exception as error:  # noqa: BLE001 - whatever it is, the history does not work, and the rest may
        return Step("history", works=False, seconds=None, how=f"it cannot be written: {error}")
    finally:
        for one in real.parent.glob("history-test.db*"):
            with suppress(OSError):
                one.unlink()
    took_s = round(time.monotonic() - begun_s, 3)
    return Step("history", works, took_s, f"written and read back in {real.parent}")
