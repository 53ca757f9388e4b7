"""Is the program whole: the configuration, Python, and the packages it rests on."""

from __future__ import annotations

import importlib
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from monitor import __version__
from monitor.doctor.findings import Examined, Finding, fault, ok, unchecked
from monitor.extras import reinstall
from monitor.sources.sound_server import no_search_for_libpulse

_DISTRIBUTION = "sound-monitor"
"""What the package index and `pip` call this program; an unrelated `monitor` may be installed beside it."""
_LEAST = (3, 11)
"""Version of Python."""
_ELSEWHERE = {"sounddevice", "onnxruntime"}
"""Packages that other checks load, in their own way: one in a process of its own, one without telemetry."""
_MODULES = {"pyzmq": "zmq", "paho-mqtt": "paho.mqtt.client"}
"""Package -> what is imported, where that has another name."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_REPAIR = f"Install monitor again: `{reinstall()}`"


def check_configuration(examined: Examined) -> Iterable[Finding]:
    """Find whether the configuration is accepted."""
    origin = f"{examined.path}" if examined.path else "the defaults and the environment"
    if examined.trouble is None:
        return [ok("configuration", f"{origin}: accepted")]
    do = "Correct it; `monitor config init` writes a file with every key and what it means."
    return [fault("configuration", f"{examined.trouble} What follows is about the defaults.", do)]


def check_program(_: Examined) -> Iterable[Finding]:
    """Find whether Python is new enough, and every package there and able to load."""
    shown = f"{platform.python_version()} on {platform.system()} {platform.release()}, {platform.machine()}"
    if sys.version_info < _LEAST:
        do = "Install Python 3.11 or later, and monitor with it: see the beginning of its README."
        yield fault("Python", f"{shown}; 3.11 is needed", do)
    else:
        yield ok("Python", shown)
    yield from _packages()


def _packages() -> Iterator[Finding]:
    names = _needed()
    if not names:
        yield unchecked("packages", f"monitor {__version__} runs from its folder, without being installed")
        return
    missing = [name for name in names if _version(name) is None]
    broken = [
        f"{name} {_version(name)} does not load ({why})"
        for name in names
        if name not in missing and (why := _why_not(name))
    ]
    versions = ", ".join(f"{name} {_version(name)}" for name in names if name not in missing)
    if missing:
        yield fault("packages", f"missing: {', '.join(missing)}", _REPAIR)
    for sentence in broken:
        yield fault("packages", sentence, _REPAIR)
    if not missing and not broken:
        yield ok("packages", f"monitor {__version__}; {versions}")


def _needed() -> list[str]:
    """Return the packages that monitor cannot do without; none where it is not installed as a package."""
    try:
        lines = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    return [found[0] for line in lines if "extra ==" not in line and (found := _NAME.match(line))]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _why_not(name: str) -> str:
    """Return why a package cannot be loaded; empty: it can."""
    if name in _ELSEWHERE:
        return ""
    try:
        with no_search_for_libpulse():
            importlib.import_module(_MODULES.get(name, name))
    except Exception as error:  # noqa: BLE001 - whatever it raises, it does not load
        return f"{type(error).__name__}: {error}"
    return ""
