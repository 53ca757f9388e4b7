"""A microphone without hardware: a private PulseAudio whose null sinks PortAudio sees as ALSA devices.

Needs no root, no D-Bus and no kernel module. What is played into a sink is what the microphone hears, bit for
bit at 48 kHz and in real time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from ctypes.util import find_library
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
"""Hz of every virtual microphone."""

_ALSA = """\
pcm.{name} {{
    type pulse
    server "unix:{socket}"
    device "{name}.monitor"
    hint {{ show on description "virtual microphone {name}" }}
}}
"""
_START_S = 10.0


def missing() -> str:
    """Return why there can be no virtual microphone here, or an empty string."""
    programs = [name for name in ("pulseaudio", "pactl", "pacat") if shutil.which(name) is None]
    if programs:
        return f"a virtual microphone needs {', '.join(programs)} (packages pulseaudio, pulseaudio-utils)"
    if find_library("portaudio") is None:
        return "PortAudio is missing (package libportaudio2)"
    plugins = Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")
    return "" if any(plugins) else "ALSA has no pulse plug-in (package libasound2-plugins)"


class VirtualMicrophones:
    """A sound server with microphones to plug in, play into, stall and unplug."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """Keep everything in `folder` (a short path: a socket's is limited to 107 bytes)."""
        self._folder = folder
        self._names = names
        self._socket = folder / "native"
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        """What a process needs to see these microphones and no others."""

    def start(self) -> None:
        """Start the server with all microphones plugged in."""
        self.list_as(self._names)
        own = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH")
        environment = {**os.environ, **dict.fromkeys(own, str(self._folder))}
        environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                self._command(), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline_s = time.monotonic() + _START_S
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError((self._folder / "log").read_text("utf-8", "replace"))
            time.sleep(0.02)

    def list_as(self, names: Sequence[str]) -> None:
        """Let whoever looks from now on see microphones in this order."""
        blocks = [_ALSA.format(name=name, socket=self._socket) for name in names]
        (self._folder / "asound.conf").write_text("</usr/share/alsa/alsa.conf>\n" + "".join(blocks), "utf-8")

    def plug(self, name: str) -> None:
        """Plug a microphone in (again)."""
        self._pactl("load-module", "module-null-sink", *_sink(name))

    def unplug(self, name: str) -> None:
        """Pull a microphone out."""
        modules = self._pactl("list", "short", "modules").splitlines()
        self._pactl(
            "unload-module", next(line for line in modules if f"sink_name={name} " in line).split()[0]
        )

    def mute(self, name: str, muted: bool = True) -> None:
        """Mute a microphone in the sound server."""
        self._pactl("set-source-mute", f"{name}.monitor", str(int(muted)))

    def make_default(self, name: str) -> None:
        """Let a microphone be the one that is heard where none is named."""
        self._pactl("set-default-source", f"{name}.monitor")

    def set_gain(self, name: str, percent: int) -> None:
        """Set a microphone's gain in the sound server."""
        self._pactl("set-source-volume", f"{name}.monitor", f"{percent}%")

    def stall(self, name: str, stalled: bool = True) -> None:
        """Keep a microphone connected and let it deliver nothing."""
        self._pactl("suspend-sink", name, "1" if stalled else "0")

    def play(self, name: str, samples: NDArray[np.float32], times: int = 1) -> None:
        """Let a microphone hear float32 (n,) at 48 kHz, again and again if asked for; returns at once.

        The player keeps half a second of buffer: with less it underruns on a loaded machine.
        """
        player = subprocess.Popen(
            [
                *("pacat", "--playback", "--raw", "--format=float32le", f"--rate={SAMPLE_RATE}"),
                *("--channels=1", "--latency-msec=500", f"--device={name}"),
            ],
            env={**os.environ, **self.environment},
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._players.append(player)
        data = samples.astype("<f4").tobytes()
        threading.Thread(target=_feed, args=(player, data, times), daemon=True).start()

    def stop(self) -> None:
        """End the server and every player."""
        for process in (*self._players, *([self._server] if self._server else [])):
            process.kill()
            process.wait(5)

    def _command(self) -> list[str]:
        listen = f"module-native-protocol-unix socket={self._socket} auth-anonymous=1 auth-cookie-enabled=0"
        sinks = [" ".join(("module-null-sink", *_sink(name))) for name in self._names]
        return [
            *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
            *("--disallow-exit", "--disable-shm=yes", "--realtime=no", "--high-priority=no"),
            *("--log-target=stderr", "--log-level=warn"),
            *(word for module in (listen, *sinks) for word in ("-L", module)),
        ]

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def _pactl(self, *arguments: str) -> str:
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            ["pactl", *arguments], env=environment, check=True, capture_output=True, text=True, timeout=10
        )
        return done.stdout


def _sink(name: str) -> tuple[str, ...]:
    """Return a null sink's arguments; without `norewinds` it renders two seconds ahead and is not exact."""
    form = (f"rate={SAMPLE_RATE}", "channels=1", "channel_map=mono", "format=float32le")
    return (f"sink_name={name}", f"sink_properties=device.description={name}", *form, "norewinds=1")


def _feed(player: subprocess.Popen[bytes], data: bytes, times: int) -> None:
    assert player.stdin is not None
    with contextlib.suppress(OSError), player.stdin as stdin:  # unplugged, or the test is over
        for _ in range(times):
            stdin.write(data)
