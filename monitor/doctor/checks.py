"""Which checks there are, and how they are run: one after the other, with a timeout, none ending another.

A new check is its function and a line here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pkgutil import resolve_name

import msgspec

from monitor.doctor.findings import Examined, Finding, fault
from monitor.extras import reinstall
from monitor.text import sanitise

_LONGEST = 300
"""Characters of an error that nobody foresaw."""


class Check(msgspec.Struct, frozen=True):
    """One check."""

    function: str
    """``module:function``, loaded when asked for: ``(examined: Examined) -> Iterable[Finding]``."""
    doing: str
    """What is being done meanwhile, for a person."""
    if_stuck: str
    """What to do if it does not end."""
    timeout_s: float = 10.0
    """After so many seconds it is given up."""


CHECKS: dict[str, Check] = {
    "configuration": Check(
        "monitor.doctor.installation:check_configuration",
        "reading the configuration",
        "Try without --config.",
    ),
    "program": Check(
        "monitor.doctor.installation:check_program",
        "looking at the program",
        f"Install it again: `{reinstall()}`",
        timeout_s=30.0,
    ),
    "sound": Check(
        "monitor.doctor.sound_system:check_sound_system",
        "looking for the sound system",
        "Restart the sound server (`systemctl --user restart pipewire` or `pulseaudio -k`), or the computer.",
        timeout_s=25.0,
    ),
    "permissions": Check(
        "monitor.doctor.sound_system:check_permissions",
        "looking at permissions",
        "Restart the computer: a sound device does not answer.",
    ),
    "bus": Check(
        "monitor.doctor.bus:check_bus",
        "looking for a running monitor",
        "Stop the monitor that runs (Ctrl-C in its terminal) and start it again: `monitor run`.",
    ),
    "control": Check(
        "monitor.doctor.bus:check_control",
        "looking at the control socket",
        "Set XDG_RUNTIME_DIR to a folder of your own.",
    ),
    "microphones": Check(
        "monitor.doctor.microphones:check_microphones",
        "opening the microphones",
        "Unplug the microphone whose driver hangs, or restart the sound server.",
        timeout_s=90.0,
    ),
    "hearing": Check(
        "monitor.doctor.microphones:check_hearing",
        "listening for two seconds",
        "Unplug the microphone and plug it in again.",
        timeout_s=60.0,
    ),
    "model": Check(
        "monitor.doctor.model:check_model",
        "loading the model",
        "End other programs, or take the model in the box: `monitor run --model embedded`.",
        timeout_s=120.0,
    ),
    "words": Check(
        "monitor.doctor.model:check_words",
        "asking the model for the words",
        "Ask for one word at a time: `monitor words siren`.",
        timeout_s=120.0,
    ),
    "own sounds": Check(
        "monitor.doctor.own_sounds:check_taught",
        "looking at what was taught",
        "Look at it yourself: `monitor learn list`.",
    ),
    "storage": Check(
        "monitor.doctor.storage:check_storage",
        "looking at the disk",
        "Look at the disk (`df -h`): it may be a network folder that does not answer.",
    ),
    "history": Check(
        "monitor.doctor.storage:check_history",
        "looking at the history",
        "Stop the monitor that writes it, and look again: `monitor doctor`.",
        timeout_s=60.0,
    ),
    "notify": Check(
        "monitor.doctor.notify:check_notify",
        "looking for those who are told",
        "Try to tell them: `monitor test notify`.",
        timeout_s=60.0,
    ),
    "broker": Check(
        "monitor.doctor.mqtt:check_broker",
        "looking for the MQTT broker",
        "Look whether the broker runs, and at [mqtt] url.",
        timeout_s=20.0,
    ),
    "uplink": Check(
        "monitor.doctor.uplink:check_uplink",
        "looking for the broker of many nodes",
        "Look whether the broker runs, and at [uplink] url.",
        timeout_s=20.0,
    ),
    "clock": Check(
        "monitor.doctor.wall_clock:check_clock", "looking at the clock", "Ask for it yourself: `timedatectl`."
    ),
    "privacy": Check(
        "monitor.doctor.privacy:check_privacy",
        "looking whether anything talks to the outside",
        "Look at the connections yourself: `ss -tup`.",
    ),
}
"""By name, in the order in which they are done."""


def run_checks(
    examined: Examined, say: Callable[[str], None], checks: Mapping[str, Check] = CHECKS
) -> list[Finding]:
    """Do all `checks` and return what they find, in order.

    Parameters
    ----------
    say
        Told what is being done.
    """
    findings = []
    for name, check in checks.items():
        say(check.doing)
        findings += [msgspec.structs.replace(one, check=name) for one in _run(name, check, examined)]
    return findings


def _run(name: str, check: Check, examined: Examined) -> list[Finding]:
    """Do one check on a thread of its own, so that it can be given up."""
    found: list[Finding] = []

    def work() -> None:
        try:
            function = resolve_name(check.function)
            found.extend(function(examined))
        except Exception as error:  # noqa: BLE001 - one that fails is a finding, and the others go on
            found.append(_failed(name, error, check))

    thread = threading.Thread(target=work, name=f"check {name}", daemon=True)
    thread.start()
    thread.join(check.timeout_s)
    if not thread.is_alive():
        return found
    return [*found, fault(name, f"no answer within {check.timeout_s:g} s", check.if_stuck)]


def _failed(name: str, error: Exception, check: Check) -> Finding:
    what = sanitise(f"{type(error).__name__}: {error}", _LONGEST)
    return fault(name, f"the check itself failed ({what})", f"{check.if_stuck} If it fails again, report it.")
