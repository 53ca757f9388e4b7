"""Which microphone each of several is: decided once, from one list, before any is opened.

While microphones are opened, those that can be opened once only vanish from the list that the next process
sees, and every index behind them shifts. So an index or a name is looked up once, and what is opened is an
id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.errors import SourceAbsent, SourceError
from monitor.sources.devices import Device, find
from monitor.sources.microphone import Microphone, list_devices


def choose_all(microphones: Sequence[Microphone], devices: Callable[[], list[Device]] = list_devices) -> None:
    """Let each of `microphones` know which one it is, if there is more than one of them.

    One that is not there is looked for again whenever it is opened, and is never one of the others.

    Raises
    ------
    SourceError
        Two of them are the same microphone, one means more than one, or there is no PortAudio.
    """
    if len(microphones) < 2:
        return
    there = _listed(devices)
    found = [_find(there, one.spec) for one in microphones]
    _refuse_the_same(microphones, found)
    heard = {device.id for device in found if device is not None}
    for microphone, device in zip(microphones, found, strict=True):
        microphone.choose(device, heard)


def _listed(devices: Callable[[], list[Device]]) -> list[Device]:
    try:
        return devices()
    except SourceAbsent:  # the driver hangs; each microphone will say so
        return []


def _find(devices: Sequence[Device], spec: str) -> Device | None:
    try:
        return find(devices, spec)
    except SourceAbsent:
        return None


def _refuse_the_same(microphones: Sequence[Microphone], found: Sequence[Device | None]) -> None:
    specs: dict[str, str] = {}
    for microphone, device in zip(microphones, found, strict=True):
        if device is None:
            continue
        if device.id in specs:
            raise SourceError(
                f"--mic {specs[device.id]} and --mic {microphone.spec} are the same microphone, "
                f"{device.name} (id {device.id}); leave one out, or name another (`monitor devices`)."
            )
        specs[device.id] = microphone.spec
