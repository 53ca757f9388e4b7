"""What a whole monitor costs and how soon it tells, from outside: a process that hears in real time.

Nothing of it is asked but what any program may subscribe to; processor time, waits and memory are the
kernel's. The interface looks at a second monitor of the same street, so that the first is measured alone.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from monitor.bench.processes import Usage, family, usage
from monitor.bench.terminal import Terminal
from monitor.bus.messages import Event, Health
from monitor.bus.subscriber import Subscriber
from monitor.config.settings import Config
from monitor.errors import ProgramError
from monitor.sources.demo import demo_scene
from monitor.start import child_environment, python_module
from monitor.wording import hedged

CLASSES = "siren,dog_bark,car_horn,doorbell,smoke_alarm,door_knock"
_KEPT_SETTINGS = frozenset({"MONITOR_MODELS", "MONITOR_MIRROR"})
_START_LIMIT_S = 60.0
_SETTLED_S = 1.0
"""After so long its beginning does not count."""
_BEFORE_S, _AFTER_S = 0.5, 4.0
"""How much earlier and later than a sound of the street an event of it may begin."""


class Live(msgspec.Struct, frozen=True):
    """A monitor that ran in real time."""

    heard_s: float
    """Seconds over which it was measured."""
    share: float
    """Processor time of one core, all its processes, headless."""
    wakeups_per_s: float
    resident_mib: float
    started_s: tuple[float, ...]
    """Seconds from the start of a process to its first word that it hears."""
    window_to_published_s: tuple[float, ...]
    """Of every message of an event: from the last sample of its window to the bus."""
    sound_to_received_s: tuple[float, ...]
    """From the first sample of a sound to its event in another process; without what was missed."""
    sound_to_painted_s: tuple[float, ...]
    """The same to the first paint of its name in the interface."""
    sounds: int
    """How many there were."""

    @property
    def told(self) -> int:
        """How many of them were told."""
        return len(self.sound_to_received_s)


class Listener:
    """A monitor as a child, and whoever reads what it publishes."""

    def __init__(
        self, folder: Path, name: str, arguments: Sequence[str], settings: Mapping[str, str]
    ) -> None:
        self.endpoint = f"ipc://{folder}/{name}"
        command = python_module("monitor", "run", "--headless", "--bind", self.endpoint, *arguments)
        self.begun_s = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - a monitor
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(folder / name) | dict(settings),
        )
        self.subscriber = Subscriber(self.endpoint, ("event/", "health/"))
        self.received: list[tuple[float, Event]] = []
        """When each event was received, seconds since 1970."""

    def wait_until_it_hears(self) -> float:
        """Return after how many seconds it did.

        Raises
        ------
        ProgramError
            It does not.
        """
        while time.monotonic() - self.begun_s < _START_LIMIT_S and self.process.poll() is None:
            message = self.subscriber.receive(0.2)
            if (
                message is not None
                and isinstance(message.record, Health)
                and message.record.state == "running"
            ):
                return time.monotonic() - self.begun_s
        raise ProgramError(f"A monitor did not begin to hear: {self._last_words()}")

    def listen(self, until_s: float) -> None:
        """Take events in until the monotonic clock says `until_s`, or it ends."""
        while (left_s := until_s - time.monotonic()) > 0.0 and self.process.poll() is None:
            message = self.subscriber.receive(min(left_s, 1.0))
            if message is not None and isinstance(message.record, Event):
                self.received.append((time.time(), message.record))

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5.0)
        self.process.kill()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self.subscriber.close()

    def _last_words(self) -> str:
        self.process.terminate()
        said = self.process.communicate(timeout=10.0)[1] or b""
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"nothing was heard within {_START_LIMIT_S:g} s."


class Plan(msgspec.Struct, frozen=True):
    """How long it is measured."""

    starts: int
    """Monitors that are started, at least one."""
    alone_s: float
    """Seconds for which the last of them is left alone and measured."""
    watched_s: float
    """Seconds for which another is watched by the interface."""


QUICK, FULL = Plan(1, 4.0, 8.0), Plan(3, 20.0, 38.0)


def measure_live(config: Config, plan: Plan, microphone: str | None, say: Callable[[str], None]) -> Live:
    """Run monitors in real time.

    Parameters
    ----------
    config
        Model and hop are taken from it; all else is as it comes.
    microphone
        What is heard instead of the street; then no sound is known, and nothing can be late.

    Raises
    ------
    ProgramError
        A monitor does not begin.
    """
    source = ["--mic", microphone] if microphone else ["--source", "demo"]
    command = [*source, "--classes", CLASSES]
    settings = _settings(config)
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        started = []
        for number in range(plan.starts):
            say(f"start {number + 1} of {plan.starts} of a monitor")
            with _listener(folder, f"alone{number}", command, settings) as alone:
                started.append(alone.wait_until_it_hears())
                if number == plan.starts - 1:
                    say(f"a monitor hears {microphone or 'the demo street'} alone for {plan.alone_s:.0f} s")
                    alone.listen(time.monotonic() + _SETTLED_S)
                    used, lasted_s = _use(alone, plan.alone_s)
        say(f"the interface watches another for {plan.watched_s:.0f} s")
        with _listener(folder, "watched", command, settings) as watched:
            painted = _watch(watched, folder, plan.watched_s)
        found = [] if microphone else _found(watched.received)
    return Live(
        round(lasted_s, 1),
        round(used.cpu_s / lasted_s, 4),
        round(used.wakeups / lasted_s, 1),
        round(used.resident_mib, 1),
        tuple(round(one, 2) for one in started),
        tuple(event.latency_s.capture_to_publish for _, event in watched.received),
        tuple(round(at_s - heard_s, 3) for _, heard_s, at_s in found),
        tuple(
            round(painted[word] - heard_s, 3)
            for class_name, heard_s, _ in found
            if (word := _painted_as(class_name)) in painted
        ),
        0 if microphone else sum(one.onset_s < plan.watched_s for one in demo_scene().events),
    )


def _settings(config: Config) -> dict[str, str]:
    """Return model and hop as variables of the environment."""
    return {
        "MONITOR_MODEL_NAME": config.model.name,
        "MONITOR_MODEL_ADAPTER": config.model.adapter,
        "MONITOR_WINDOW_HOP_S": str(config.window.hop_s),
    }


def _environment(state: Path) -> dict[str, str]:
    """Return an environment in which a monitor keeps its state in `state` and tells nobody of the user's."""
    own = {
        name: value
        for name, value in child_environment().items()
        if not name.startswith("MONITOR_") or name in _KEPT_SETTINGS
    }
    return own | {"XDG_STATE_HOME": str(state)}


def _use(listener: Listener, heard_s: float) -> tuple[Usage, float]:
    """Listen, and return what the monitor used meanwhile, and for how long that was."""
    members, begun_s = family(listener.process.pid), time.monotonic()
    before = usage(members)
    listener.listen(begun_s + heard_s)
    return usage(members).since(before), time.monotonic() - begun_s


def _watch(listener: Listener, folder: Path, watched_s: float) -> dict[bytes, float]:
    """Let the interface watch, and return when it painted the words of each sound, seconds since 1970."""
    words = [_painted_as(sound.class_name) for sound in demo_scene().events]
    command = python_module("monitor.tui", listener.endpoint)
    terminal = Terminal(command, _environment(folder / "watching"), words=words)
    try:
        listener.wait_until_it_hears()
        listener.listen(time.monotonic() + watched_s)
    finally:
        terminal.close()
    since_1970_s = time.time() - time.monotonic()
    return {word: at_s + since_1970_s for word, at_s in terminal.painted_s.items()}


def _painted_as(class_name: str) -> bytes:
    """Return the words in which the interface tells of a sound that it has not told of before."""
    return hedged(class_name).encode()


@contextlib.contextmanager
def _listener(
    folder: Path, name: str, arguments: Sequence[str], settings: Mapping[str, str]
) -> Iterator[Listener]:
    listener = Listener(folder, name, arguments, settings)
    try:
        yield listener
    finally:
        listener.close()


def _found(received: Sequence[tuple[float, Event]]) -> list[tuple[str, float, float]]:
    """Return the class of each sound of the street that was found, when it was heard and when received."""
    found = []
    for sound in demo_scene().events:
        for at_s, event in received:
            late_s = event.onset_sample / event.sample_rate - sound.onset_s
            if (
                event.type == "onset"
                and event.class_ == sound.class_name
                and -_BEFORE_S <= late_s <= _AFTER_S
            ):
                found.append((sound.class_name, event.onset_time.timestamp() - late_s, at_s))
                break
    return found
