"""Which microphones there are, what each is called for ever, and which one a user means.

Indices and the numbers in ``(hw:1,0)`` shift when anything is plugged in; a stable id does not. It is the
slug of host API, device name without those numbers, and for ALSA hardware the card's own id
(``/proc/asound/card1/id``) with the number of the device on that card. It survives re-plugging, renumbering
and reboots. Two microphones of one model are told apart by the card id, which ALSA gives in the order they
are plugged in; whoever needs more names them with a udev rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from monitor.errors import SourceAbsent, SourceError
from monitor.sources import slug
from monitor.text import clean

MAX_LISTED = 8
"""Devices named in one sentence."""

_FOLLOWING = frozenset({"default", "pulse", "pipewire", "sysdefault"})
"""What ALSA calls the door to a sound server, which chooses the microphone."""
_HARDWARE = re.compile(r"\s*\(hw:(\d+),(\d+)\)\s*$")


class Device(msgspec.Struct, frozen=True):
    """One microphone as the host sees it at present."""

    index: int
    """PortAudio's number for it; changes when devices come and go."""
    id: str
    """Stable identity, ``[a-z0-9_-]``."""
    name: str
    """What the host calls it."""
    host_api: str
    """ALSA, Core Audio, JACK ..."""
    channels: int
    """Input channels it claims to have; virtual devices claim many."""
    default_sample_rate: int
    """Hz."""
    is_default: bool

    @property
    def hardware(self) -> bool:
        """Whether no sound server stands between it and us."""
        return _HARDWARE.search(self.name) is not None

    @property
    def follows_default(self) -> bool:
        """Whether it is whichever microphone the sound server takes for the default."""
        return self.name in _FOLLOWING


def stable_id(host_api: str, name: str, cards: Path = Path("/proc/asound")) -> str:
    """Return the id of a device, from what the host calls it and the card ids under `cards`."""
    hardware = _HARDWARE.search(name)
    if hardware is None:
        return slug(f"{host_api} {name}")
    card, device = hardware.groups()
    words = [host_api, name[: hardware.start()], _card_id(cards / f"card{card}" / "id"), device]
    return slug(" ".join(word for word in words if word))


def with_unique_ids(devices: Sequence[Device]) -> list[Device]:
    """Return `devices` with ids that differ: the second of a kind gets ``-2``, in the order given."""
    seen: Counter[str] = Counter()
    unique = []
    for device in devices:
        seen[device.id] += 1
        count = seen[device.id]
        unique.append(msgspec.structs.replace(device, id=f"{device.id}-{count}") if count > 1 else device)
    return unique


def printable(name: str) -> str:
    """Return a name from outside without the characters that would steer a terminal."""
    shown = "".join(char if char.isspace() or char.isprintable() else " " for char in name)
    return clean(" ".join(shown.split()))


def find(devices: Sequence[Device], spec: str) -> Device:
    """Return the one microphone that `spec` means: ``default``, an index, an id, a name or a part of one.

    Raises
    ------
    SourceAbsent
        None is meant; the message lists what there is.
    SourceError
        More than one is meant; the message lists them.
    """
    if not devices:
        raise SourceAbsent(
            "No microphone was found: this machine has no sound input. Plug one in, "
            "or listen to a file (--source file:PATH) or the built-in scene (--source demo)."
        )
    wanted = spec.strip()
    if wanted.lower() in {"", "default"}:
        return next((device for device in devices if device.is_default), devices[0])
    matches = _matches(devices, wanted)
    if not matches:
        raise SourceAbsent(
            f"There is no microphone {wanted!r}; valid: {_listed(devices)}. `monitor devices` lists them all."
        )
    if len(matches) > 1:
        raise SourceError(
            f"{wanted!r} means more than one microphone: {_listed(matches)}. Give the index or the id of one."
        )
    return matches[0]


def find_id(devices: Sequence[Device], device_id: str, name: str) -> Device:
    """Return the microphone with exactly this id, never another; `name` is for the message.

    Raises
    ------
    SourceAbsent
        It is not there at present.
    """
    for device in devices:
        if device.id == device_id:
            return device
    raise SourceAbsent(f"The microphone {name} is not connected; it is opened again as soon as it is back.")


def _matches(devices: Sequence[Device], wanted: str) -> list[Device]:
    """Return what `wanted` means by the first rule that finds any: index, id, whole name, part of a name."""
    folded = wanted.casefold()
    if wanted.isdecimal():
        return [device for device in devices if str(device.index) == (wanted.lstrip("0") or "0")]
    return (
        [device for device in devices if device.id == folded]
        or [device for device in devices if device.name.casefold() == folded]
        or [device for device in devices if folded in device.name.casefold()]
    )


def _listed(devices: Sequence[Device]) -> str:
    named = [f"{device.index} ({device.name}, id {device.id})" for device in devices[:MAX_LISTED]]
    rest = len(devices) - len(named)
    return "; ".join(named) + (f"; and {rest} more" if rest else "")


def _card_id(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
