"""The capture process: the only code that loads PortAudio, in a process of its own.

A Python callback waits for the interpreter lock: one busy thread beside it loses sound. A driver that hangs
can only be ended with its process. PortAudio sees new devices only when it starts afresh, and it writes to
stderr. All four are answered by a small process that holds nothing but the driver, started by
`microphone.py` with one of these requests::

    python -P -m monitor.sources.portaudio list
    python -P -m monitor.sources.portaudio find SPEC
    python -P -m monitor.sources.portaudio id STABLE_ID NAME HOME
    python -P -m monitor.sources.portaudio play FILE

It writes frames (`capture_messages.py`) to stdout and ends when its stdin does, when its parent dies.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NoReturn

from monitor.errors import SourceAbsent, SourceError
from monitor.extras import install
from monitor.sources.backlog import Backlog
from monitor.sources.capture_messages import (
    BLOCKS_PER_S,
    Failed,
    Listed,
    Opened,
    Over,
    RawBlock,
    encode_header,
)
from monitor.sources.capture_pipe import end_with_parent, send, take_stdout, write_all
from monitor.sources.devices import Device, find, find_id, printable, stable_id, with_unique_ids
from monitor.sources.sound_server import watch_stream
from monitor.sources.stream_route import StreamRoute

BACKLOG_S = 10.0
"""Seconds kept while the parent does not read, beside what the pipe holds."""
_LATENCY_S = 0.2
"""What the driver keeps. With half of it a sound server is woken twice as often, at twice the cost."""
MAX_CHANNELS = 8
"""A device that claims more is a virtual one that copies; two of its channels say it all."""
_IN_USE = "Another program may be using it; close that one"
_NOT_THERE = "The sound server does not answer or has no such microphone at present; plug it in"


def main(arguments: Sequence[str]) -> NoReturn:
    """Run one request and end the process, whatever the driver does."""
    pipe = take_stdout()
    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        _serve(arguments, pipe)
    except SourceError as error:
        send(pipe, Failed(str(error), absent=isinstance(error, SourceAbsent)))
    except BrokenPipeError:
        pass
    os._exit(0)  # not sys.exit: PortAudio's clean-up can hang, and the system closes everything anyway


def _serve(arguments: Sequence[str], pipe: int) -> None:
    sounddevice = _load_portaudio()
    devices = _devices(sounddevice)
    match arguments:
        case ["play", path]:
            send(pipe, Over(_play(sounddevice, path)))
        case ["list"]:
            send(pipe, Listed(devices))
        case ["find", spec]:
            _capture(sounddevice, find(devices, spec), pipe)
        case ["id", device_id, name, home]:
            _capture(sounddevice, find_id(devices, device_id, name), pipe, home)
        case _:
            raise SourceError(f"The capture process does not know {arguments!r}.")


def _load_portaudio() -> ModuleType:
    try:
        import sounddevice
    except ImportError:
        raise SourceError(
            f"The Python package sounddevice is missing; install it with: {install('sounddevice')}"
        ) from None
    except OSError:  # what sounddevice raises without the library
        raise SourceError(
            "Microphones need the PortAudio library, which is not installed; on Debian and Ubuntu: "
            "`sudo apt-get install libportaudio2`. Files and the built-in scene work without it."
        ) from None
    module: ModuleType = sounddevice
    return module


def _devices(sounddevice: ModuleType) -> list[Device]:
    """Return every device that has an input, in PortAudio's order."""
    apis = [str(api["name"]) for api in sounddevice.query_hostapis()]
    default = _default_index(sounddevice)
    found = [
        Device(
            index=info["index"],
            id=stable_id(apis[info["hostapi"]], info["name"]),
            name=printable(info["name"]),
            host_api=apis[info["hostapi"]],
            channels=info["max_input_channels"],
            default_sample_rate=round(info["default_samplerate"]),
            is_default=info["index"] == default,
        )
        for info in sounddevice.query_devices()
        if info["max_input_channels"] > 0
    ]
    return with_unique_ids(found)


def _play(sounddevice: ModuleType, path: str) -> float:
    """Play a file on the default loudspeaker; return its seconds."""
    import soundfile

    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    try:
        sounddevice.play(samples, sample_rate, blocking=True)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SourceError(f"There is no loudspeaker to play it on ({_reason(error)}).") from None
    return len(samples) / float(sample_rate)


def _default_index(sounddevice: ModuleType) -> int:
    try:
        return int(sounddevice.query_devices(kind="input")["index"])
    except (sounddevice.PortAudioError, ValueError):  # there is no default, or it has no input
        return -1


def _capture(sounddevice: ModuleType, device: Device, pipe: int, home: str = "") -> None:
    """Send the microphone's sound until it, or the parent, goes away."""
    stream, backlog = _open_stream(sounddevice, device)
    send(pipe, Opened(device.id, device.name, round(stream.samplerate), stream.channels))
    if not device.hardware:
        route = StreamRoute(None if device.follows_default else device.name, home)
        threading.Thread(target=watch_stream, args=(route, backlog.say), daemon=True).start()
    while (frame := backlog.take()) is not None:
        if isinstance(frame, RawBlock):
            write_all(pipe, encode_header(frame) + frame.data)
        else:
            send(pipe, frame)
            if isinstance(frame, Failed):
                return
    send(pipe, Failed(f"The microphone {device.name} went away."))


def _open_stream(sounddevice: ModuleType, device: Device) -> tuple[Any, Backlog]:
    """Start a stream in the first form that the driver accepts; return it and where its blocks go."""
    reason = ""
    for sample_rate, channels in _forms(device):
        backlog = Backlog(round(BACKLOG_S * sample_rate))
        try:
            stream = sounddevice.RawInputStream(
                device=device.index,
                samplerate=sample_rate,
                channels=channels,
                dtype="float32",
                blocksize=round(sample_rate / BLOCKS_PER_S),
                callback=_callback(backlog),
                finished_callback=backlog.end,
                latency=_LATENCY_S,
            )
            stream.start()
        except sounddevice.PortAudioError as error:
            reason = _reason(error)
        else:
            return stream, backlog
    why = _IN_USE if device.hardware or device.host_api != "ALSA" else _NOT_THERE
    raise SourceAbsent(
        f"The microphone {device.name} (index {device.index}) cannot be opened: {reason}. {why}, or choose "
        "another microphone (`monitor devices` lists them)."
    )


def _reason(error: Exception) -> str:
    """Return what PortAudio says in a `PortAudioError`, and the host API below it where it says more."""
    text = str(error.args[0]).rpartition(": ")[2] if error.args else "it gives no reason"
    host = error.args[2][2] if len(error.args) > 2 else ""
    return printable(f"{text}: {host}" if host else text)


def _callback(backlog: Backlog) -> Callable[[Any, int, Any, Any], None]:
    """Return what PortAudio calls with every block: it copies, counts and leaves."""

    def callback(data: Any, block_len: int, _time: Any, status: Any) -> None:
        backlog.put(bytes(data), time.monotonic(), block_len, bool(status.input_overflow))

    return callback


def _forms(device: Device) -> list[tuple[int, int]]:
    """Return sample rates (Hz) and channels to try, best first.

    With ALSA, PortAudio calls 44.1 kHz the default of anything that can do it at all, although hardware and
    sound servers run at 48 kHz and would resample.
    """
    rates = [48_000] if device.host_api == "ALSA" else []
    rates.append(device.default_sample_rate)
    channels = (device.channels if device.channels <= MAX_CHANNELS else 2, 1)
    return list(dict.fromkeys(itertools.product(rates, channels)))


if __name__ == "__main__":
    main(sys.argv[1:])
