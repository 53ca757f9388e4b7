"""`monitor run`: a started monitor, its sinks, and whoever watches it, until something ends it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import msgspec

from monitor import load_encoder
from monitor.assemble import Monitor, PcmFormat, make_source, start_monitor
from monitor.config import Config
from monitor.errors import ConfigError
from monitor.prompts import parse_classes
from monitor.sinks import Sink
from monitor.sinks.lines import LineSink, TroubleSink
from monitor.sinks.zmq import Publisher

_AFTER_END_S = 0.1


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for beside the configuration."""

    source: str
    """`mic:X`, `file:PATH`, `-` or `demo`."""
    classes: str | None
    """As typed; None takes the configuration's."""
    fast: bool
    pcm: PcmFormat
    headless: bool
    as_json: bool
    near_misses: bool
    duration_s: float | None


class Outputs(msgspec.Struct, frozen=True):
    """Where a run's records go."""

    publisher: Publisher | None
    lines: LineSink | None
    trouble: TroubleSink | None
    """Tells of a lost or silent source on standard error where standard output is for JSON."""

    @property
    def sinks(self) -> list[Sink]:
        """All there are."""
        return [sink for sink in (self.publisher, self.lines, self.trouble) if sink is not None]


def run(options: RunOptions, config: Config) -> int:
    """Listen until the source, the user, a reader or the time ends it; return the exit code.

    Raises
    ------
    MonitorError
        Something asked for cannot be had, or the source turned out to be damaged; all of it that was sound
        has been heard then.
    """
    with contextlib.ExitStack() as stack:
        outputs = _open_outputs(options, config)
        for sink in outputs.sinks:
            stack.callback(sink.close)
        monitor = _start(options, config, outputs)
        stack.callback(monitor.capture.stop)
        stopped = stack.enter_context(_asked_to_stop())
        interface = None if options.headless else _start_interface(outputs.publisher)
        _turn(monitor, outputs, interface, stopped, options.duration_s)
        monitor.pipeline.close("stopped" if stopped.is_set() else "ended")
    if monitor.capture.error is not None:
        raise monitor.capture.error
    return 0


def _open_outputs(options: RunOptions, config: Config) -> Outputs:
    """Open what is asked for; a file read at once waits for a slow reader of its lines, and loses none."""
    publish = config.publish
    return Outputs(
        Publisher(publish.bind, publish.high_water_mark) if publish.bind != "none" else None,
        LineSink(sys.stdout, options.as_json, options.near_misses, wait=options.fast)
        if options.headless
        else None,
        TroubleSink(sys.stderr) if options.as_json else None,
    )


def _start(options: RunOptions, config: Config, outputs: Outputs) -> Monitor:
    text = ",".join(config.prompts.classes) if options.classes is None else options.classes
    classes = parse_classes(text, config.prompts.aliases)
    source = make_source(options.source, options.fast, options.pcm, config.capture.lost_after_s)
    encoder = load_encoder(config.model.name, config.model.provider, config.model.threads)
    return start_monitor(source, encoder, classes, outputs.sinks, config)


def _start_interface(publisher: Publisher | None) -> subprocess.Popen[bytes]:
    """Start the terminal interface in a process of its own, so that it cannot delay the pipeline."""
    if publisher is None:
        raise ConfigError("The interface reads what is published; leave out --bind none, or add --headless.")
    command = [sys.executable, "-m", "monitor.tui", publisher.endpoint, "--quit-with-monitor"]
    return subprocess.Popen(command)  # noqa: S603 - our own program


def _turn(
    monitor: Monitor,
    outputs: Outputs,
    interface: subprocess.Popen[bytes] | None,
    stopped: threading.Event,
    duration_s: float | None,
) -> None:
    """Turn the pipeline; after its end go on answering for as long as the interface is open."""
    pipeline = monitor.pipeline
    while not (stopped.is_set() or _unwatched(outputs.lines, interface)):
        running = pipeline.step()
        if not running and interface is None:
            return
        if not running:
            time.sleep(_AFTER_END_S)
        if outputs.publisher is not None:
            outputs.publisher.poll(pipeline.handle)
        if duration_s is not None and pipeline.position_s >= duration_s:
            return


def _unwatched(lines: LineSink | None, interface: subprocess.Popen[bytes] | None) -> bool:
    return (lines is not None and lines.closed) or (interface is not None and interface.poll() is not None)


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Let Ctrl-C and SIGTERM end a run between two steps, so that open events are closed for every reader."""
    stopped = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in signals]
    try:
        yield stopped
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
