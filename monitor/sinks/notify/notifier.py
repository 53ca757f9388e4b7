"""The sink that tells people: a planner and a courier for each who is told, behind one queue."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from monitor.bus.messages import Event, Health, PublishedRecord
from monitor.config.notify_checks import argv, check_notify
from monitor.config.settings import Config
from monitor.config.settings.notify import NotifyConfig, TargetConfig
from monitor.files.paths import own_folder
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.notify.courier import CLOSE_S, Courier
from monitor.sinks.notify.letters import Channel
from monitor.sinks.notify.messenger import Messenger
from monitor.sinks.notify.moments import Moment, present
from monitor.sinks.notify.planner import Planner
from monitor.sinks.notify.program import Program
from monitor.sinks.notify.secrets import secret_of
from monitor.sinks.notify.spool import Spool
from monitor.sinks.notify.webhook import Webhook
from monitor.sinks.notify.wellness import Wellness
from monitor.sinks.queued import QueuedSink
from monitor.text import sanitise

OF_COMMAND_LINE = "--exec"
"""Name of the target that `--exec` makes."""
_TICK_S = 1.0
_MAX_PENDING = 20_000
"""Events and states of health that wait to be thought about: a thousand of them take some 20 ms."""
_FAST_CLOSE_S = 60.0
"""Seconds in which what waits may be told at the end of what is read as fast as possible."""


class Told(msgspec.Struct, frozen=True):
    """One who is told."""

    planner: Planner
    courier: Courier


class Notifier:
    """A `Sink` that thinks about each record, and leaves telling to couriers; used behind a queue.

    It also thinks once a second, whatever comes.
    """

    def __init__(
        self,
        told: Sequence[Told],
        unwell_after_s: float,
        now: Callable[[], Moment] = present,
        close_s: float = CLOSE_S,
    ) -> None:
        self._told = told
        self._wellness = Wellness(unwell_after_s)
        self._now = now
        self._close_s = close_s
        self._thinking = threading.Lock()
        self._closing = threading.Event()
        self._ticks: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """Sounds and other news that somebody was never told of."""
        return sum(one.courier.dropped for one in self._told)

    def news(self) -> list[str]:
        """Return what has not been told the user yet, one sentence each."""
        return [sentence for one in self._told for sentence in one.courier.news()]

    def start(self) -> None:
        """Begin to tell."""
        for one in self._told:
            one.courier.start()
        self._ticks = threading.Thread(target=self._tick_on, name="notify", daemon=True)
        self._ticks.start()

    def emit(self, record: PublishedRecord) -> None:
        """Tell of `record` what there is to tell."""
        with self._thinking:
            now = self._now()
            if isinstance(record, Event):
                self._event(record, now)
            elif isinstance(record, Health):
                self._wellness.take(record, now)

    def tick(self) -> None:
        """Tell what is to be told by now."""
        with self._thinking:
            self._due(self._now())

    def close(self) -> None:
        """Tell what has been counted, and let what waits be told for a while; may be called twice."""
        self._closing.set()
        with self._thinking:
            now = self._now()
            self._due(now)
            for one in self._told:
                one.courier.post(one.planner.rest(now))
        closers = [
            threading.Thread(target=one.courier.close, args=(self._close_s,), daemon=True)
            for one in self._told
        ]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(self._close_s + 1.0)

    def _event(self, event: Event, now: Moment) -> None:
        for one in self._told:
            one.courier.post(one.planner.take(event, now))
            if event.acknowledged_at is not None:
                one.courier.withdraw(event.id)

    def _due(self, now: Moment) -> None:
        for source_id, message in self._wellness.due(now):
            for one in self._told:
                one.courier.post(one.planner.health(source_id, message, now))
        for one in self._told:
            one.courier.post(one.planner.due(now))

    def _tick_on(self) -> None:
        while not self._closing.wait(_TICK_S):
            self.tick()


class NotifySink:
    """A `Sink` that never waits: a `Notifier` behind a queue."""

    def __init__(self, notifier: Notifier, close_s: float = CLOSE_S) -> None:
        self._notifier = notifier
        self._queue = QueuedSink(
            notifier, "Telling people", _wanted, max_pending=_MAX_PENDING, close_s=close_s + 2.0
        )

    @property
    def dropped(self) -> int:
        """Sounds and other news that somebody was never told of."""
        return self._queue.dropped + self._notifier.dropped

    def emit(self, record: PublishedRecord) -> None:
        """Queue `record`; never waits."""
        self._queue.emit(record)

    def news(self) -> list[str]:
        """Return what has not been told the user yet, one sentence each."""
        return self._queue.news() + self._notifier.news()

    def close(self) -> None:
        """Let what waits be told for a while; the rest waits for the next run."""
        self._queue.close()


def open_notify(config: Config, options: SinkOptions) -> NotifySink | None:
    """Tell those that the configuration names, and the command of `--exec`.

    Raises
    ------
    ConfigError
        A target cannot be told as it is written.
    """
    targets = targets_of(config.notify, options.command)
    if not targets:
        return None
    state = own_folder("state")
    folder = None if state is None else state / "notify"
    channels = open_channels(targets)
    told = [Told(Planner(one), _courier(name, one, channels[name], folder)) for name, one in targets.items()]
    close_s = CLOSE_S if options.wait is None else _FAST_CLOSE_S
    notifier = Notifier(told, config.notify.unwell_after_s, close_s=close_s)
    notifier.start()
    return NotifySink(notifier, close_s)


def targets_of(notify: NotifyConfig, command: str | None) -> dict[str, TargetConfig]:
    """Return who is told, by name; `command` is run for each sound and no message about it is late.

    Raises
    ------
    ConfigError
        It is no command.
    """
    if command is None:
        return dict(notify.targets)
    own = TargetConfig(
        exec=command, health=False, cooldown_s=0.0, urgent_cooldown_s=0.0, again_after_s=(), keep_s=60.0
    )
    check_notify(NotifyConfig(targets={OF_COMMAND_LINE: own}), "the command line")
    return {**notify.targets, OF_COMMAND_LINE: own}


def open_channels(targets: Mapping[str, TargetConfig]) -> dict[str, Channel]:
    """Return the way to each target.

    Raises
    ------
    ConfigError
        One cannot be had; the others are closed again.
    """
    opened: dict[str, Channel] = {}
    with contextlib.ExitStack() as stack:
        for name, target in targets.items():
            opened[name] = channel = open_channel(name, target)
            stack.callback(channel.close)
        for channel in opened.values():
            if isinstance(channel, Messenger):  # all load side by side
                channel.check()
        stack.pop_all()
    return opened


def open_channel(name: str, target: TargetConfig) -> Channel:
    """Return the way to one target.

    Raises
    ------
    ConfigError
        It cannot be had.
    """
    where = called(name)
    secret = secret_of(target, where)
    if secret is None:
        return Program(argv(target.exec), target.timeout_s, where)
    if target.url or target.url_env or target.url_file:
        return Messenger(secret, target.timeout_s, where)
    return Webhook(secret, target.method, target.timeout_s, where)


def called(name: str) -> str:
    """Return what a target is called at the beginning of a sentence."""
    return name if name == OF_COMMAND_LINE else f"Target {sanitise(name)}"


def _courier(name: str, target: TargetConfig, channel: Channel, folder: Path | None) -> Courier:
    spool = Spool(None if name == OF_COMMAND_LINE else folder, name)
    return Courier(called(name), channel, spool, target.keep_s)


def _wanted(record: PublishedRecord) -> bool:
    return isinstance(record, Event | Health)
