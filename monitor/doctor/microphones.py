"""Can each microphone be opened, and does what is listened to deliver sound that can be heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.doctor.bus import running_monitor
from monitor.doctor.findings import Examined, Finding, attention, fault, ok, unchecked
from monitor.doctor.listening import Heard, listen
from monitor.doctor.sound_system import kept_from_sound
from monitor.errors import MonitorError, SourceError
from monitor.sources import Source
from monitor.sources.devices import MAX_LISTED, Device, find
from monitor.sources.microphone import Microphone, list_devices
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source, scheme_of

LISTENS_S = 2.0
OPEN_S = 6.0
"""Seconds that each microphone has to open."""
_WEAK_DBFS = -80.0
"""The quietest recordings that the program was developed with lie at -74 dBFS."""
_GAIN = "raise its input gain (`alsamixer`, F4, or `pavucontrol`)"
_OTHER = "Choose another: `monitor devices` lists them, `monitor run --mic NAME` takes one."
_SERVER = "Look whether it runs, and at its address in [capture] sources (docs/sources.md)."


def check_microphones(examined: Examined) -> Iterable[Finding]:
    """Find whether each microphone can be opened; those that a running monitor hears are left alone."""
    try:
        devices = list_devices()
    except SourceError:  # the check of the sound system has told
        return
    if not devices and kept_from_sound():
        yield unchecked("microphones", "none can be let in: see confinement")
        return
    if not devices:
        do = "Plug one in, then `monitor devices`; meanwhile `monitor run --source demo` works without."
        yield fault("microphones", "there is none", do)
        return
    heard = _heard_by_a_monitor(examined)
    default = find(devices, "default")
    for device in devices[:MAX_LISTED]:
        if device.id in heard:
            yield ok(device.name, f"{device.id}: the running monitor hears it")
        elif examined.quick:
            yield unchecked(device.name, f"{device.id}: there; not opened (--quick)")
        else:
            yield _opens(device, examined, needed=device is default)
    if len(devices) > MAX_LISTED:
        yield unchecked("more", f"{len(devices) - MAX_LISTED} others were not opened")


def _opens(device: Device, examined: Examined, *, needed: bool) -> Finding:
    microphone = Microphone(device.id, examined.config.capture.lost_after_s, open_limit_s=OPEN_S)
    microphone.choose(device, set())
    mark = ", the default" if device.is_default else ""
    try:
        microphone.open()
    except SourceError as error:
        return (fault if needed else attention)(device.name, str(error), _OTHER)
    else:
        return ok(device.name, f"{device.id}{mark}: opens, {microphone.sample_rate} Hz")
    finally:
        microphone.close()


def check_hearing(examined: Examined) -> Iterator[Finding]:
    """Find whether the sources of the configuration, or the default microphone, bring sound."""
    heard = _heard_by_a_monitor(examined)
    for spec in examined.config.capture.sources:
        try:
            source = make_source(spec, SourceOptions(capture=examined.config.capture))
            ahead = scheme_of(spec).ahead
        except MonitorError as error:
            yield fault("source", str(error), "Correct it in [capture] sources, or leave it out.")
            continue
        name = f"sound of {source.name}"
        if examined.quick or ahead:
            why = "not listened to (--quick)" if examined.quick else "no microphone; read when a run begins"
            yield unchecked(name, why)
        elif isinstance(source, Microphone) and not _any_microphone():
            yield unchecked(name, "not listened to: there is no microphone, see above")
        elif heard:
            yield unchecked(name, "a monitor runs and hears for itself: see what it says")
        else:
            yield _sounds(name, source, examined)


def _sounds(name: str, source: Source, examined: Examined) -> Finding:
    try:
        return finding_of(name, listen(source, examined.config, LISTENS_S))
    except SourceError as error:
        return fault(name, str(error), _OTHER if isinstance(source, Microphone) else _SERVER)


def finding_of(name: str, heard: Heard) -> Finding:
    """Return what is to be said of a microphone from what came within `LISTENS_S` seconds."""
    level = f"{heard.level_dbfs:.0f} dBFS, the loudest moment {heard.loudest_dbfs:.0f}"
    match heard.hearing.state:
        case "too_quiet":
            told = f"{level}): {heard.hearing.reason}" if heard.hearing.known else f"{level})"
            return fault(name, f"silent ({told}", f"Unmute it, {_GAIN}, or look at its plug and switch.")
        case "overloaded":
            return fault(
                name, f"clipped ({level})", "Lower its input gain (`alsamixer`, F4, or `pavucontrol`)."
            )
        case "noisy":
            found = f"noisy ({level}): half of all alarms would be no louder"
            return attention(name, found, "Move it away from what is loud, or lower its input gain.")
        case "deaf":
            return fault(name, heard.hearing.reason or "nothing is heard", _OTHER)
    if heard.loudest_dbfs < _WEAK_DBFS:
        return attention(name, f"hardly any sound ({level})", f"Clap; if that changes nothing, {_GAIN}.")
    return ok(name, f"brings sound ({level})")


def _any_microphone() -> bool:
    try:
        return bool(list_devices())
    except SourceError:
        return False


def _heard_by_a_monitor(examined: Examined) -> set[str]:
    """Return the ids of the sources that a running monitor listens to."""
    snapshot = running_monitor(examined.config)
    return {health.source_id for health in snapshot.health if health.state != "lost"} if snapshot else set()
