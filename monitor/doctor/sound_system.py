"""Is there a way from a microphone to this program: PortAudio, a sound server, permissions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from monitor.bus.control import answers
from monitor.doctor.findings import Examined, Finding, attention, fault, ok, unchecked
from monitor.errors import SourceError
from monitor.sources.microphone import list_devices

_PLUGINS = ("libasound_module_pcm_pulse.so", "libasound_module_pcm_pipewire.so")
_LIBRARIES = ("/usr/lib/*/alsa-lib", "/usr/lib/alsa-lib", "/usr/lib64/alsa-lib")
_CONTAINERS = (".dockerenv", "run/.containerenv")


def check_sound_system(_: Examined) -> Iterable[Finding]:
    """Find whether PortAudio works, which sound server runs, and whether PortAudio can reach it."""
    try:
        count = len(list_devices())
    except SourceError as error:
        do = "`sudo apt-get install libportaudio2`, then `monitor devices`; files work without it."
        yield fault("PortAudio", str(error), do)
    else:
        yield ok("PortAudio", f"there; it knows {count} input{'s' * (count != 1)}")
    running = list(_servers())
    yield _server(running)
    if running and not _plugins():
        name = "pipewire-alsa" if "PipeWire" in running else "libasound2-plugins"
        found = f"ALSA cannot reach {running[0]}, so that its microphones are not heard through it"
        yield attention("ALSA plug-in", found, f"`sudo apt-get install {name}`, then `monitor devices`.")


def check_permissions(_: Examined) -> Iterable[Finding]:
    """Find whether this user may hear the sound cards, and what keeps the program away from them."""
    cards = sorted(Path("/dev/snd").glob("pcm*c"))
    closed = [card for card in cards if not os.access(card, os.R_OK | os.W_OK)]
    running = list(_servers())
    confined = confinement(os.environ, Path("/"))
    if confined and not cards and not running:  # then it is the cause, and what follows from it is no fault
        yield fault("confinement", f"{confined[0]}, and no sound card is let in", confined[1])
    elif confined:
        yield ok("confinement", f"{confined[0]}; sound is let in")
    if closed and not running:
        do = "`sudo usermod -aG audio $USER`, then log out and in again."
        yield fault("sound cards", f"you may not open {closed[0]}: you are not in its group", do)
    elif cards:
        how = "through the sound server" if closed else "by this user"
        yield ok("sound cards", f"{len(cards)} with an input, may be opened {how}")
    elif not running:
        yield unchecked("sound cards", "this computer has none with an input")


def kept_from_sound() -> bool:
    """Tell whether this program is confined, and no sound card and no sound server is let in."""
    there = any(Path("/dev/snd").glob("pcm*c")) or any(_servers())
    return confinement(os.environ, Path("/")) is not None and not there


def confinement(environment: Mapping[str, str], root: Path) -> tuple[str, str] | None:
    """Return what keeps this program from the rest of the computer, and how sound is let in; None: nothing.

    Parameters
    ----------
    root
        The folder that is `/`.
    """
    if "SNAP" in environment:
        name = environment.get("SNAP_NAME", "monitor")
        return "runs as a snap", f"`sudo snap connect {name}:audio-record`, then start it again."
    if (root / ".flatpak-info").exists():
        do = "`flatpak override --user --socket=pulseaudio` and its name, then start it again."
        return "runs as a flatpak", do
    if any((root / name).exists() for name in _CONTAINERS):
        do = "Start the container with `--device /dev/snd --group-add audio`, or share the server's socket."
        return "runs in a container", do
    return None


def _server(running: list[str]) -> Finding:
    if running:
        return ok("sound server", " and ".join(running))
    with suppress(OSError):
        if "[" in Path("/proc/asound/cards").read_text("utf-8"):
            return ok("sound server", "none runs; microphones are heard through ALSA itself")
    do = "Plug a microphone in, or start the sound server: `systemctl --user start pipewire pipewire-pulse`."
    return attention("sound server", "none runs, and ALSA has no sound card", do)


def _servers() -> Iterator[str]:
    """Yield the sound servers that answer."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    pipewire = answers(f"{runtime}/pipewire-0")
    if pipewire:
        yield "PipeWire"
    stated = os.environ.get("PULSE_SERVER", "").removeprefix("unix:")
    places = [stated] if stated.startswith("/") else []
    if any(answers(place) for place in (*places, f"{runtime}/pulse/native")):
        yield "its PulseAudio service" if pipewire else "PulseAudio"


def _plugins() -> bool:
    folders = (folder for pattern in _LIBRARIES for folder in Path("/").glob(pattern.lstrip("/")))
    return any((folder / name).exists() for folder in folders for name in _PLUGINS)
