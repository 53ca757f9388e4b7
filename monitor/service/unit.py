"""The unit file of systemd: what it starts, and what that may do. Pure.

A service of the machine has a user of its own, may write below its own folders only, sees no home folder and
no device but sound, and reaches this machine only unless its settings name another. One of a user has what an
unprivileged manager can take away. The directives are those of systemd.exec(5) and systemd.service(5).

Not taken away, because it would be missed: memory that is written and run (callbacks of PortAudio need it),
and /proc/cpuinfo (onnxruntime looks there which instructions it may use).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from monitor.text import sanitise

NAME = "monitor.service"
WATCHDOG_S = 30
"""A monitor that has given no sign for so long is begun again: most of it is what a model takes to load."""
_SAFE = re.compile(r"[\w@+=:,./-]+")

_BOTH = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077"""
_OF_MACHINE = """\
DynamicUser=yes
SupplementaryGroups=audio
StateDirectory=monitor
CacheDirectory=monitor
RuntimeDirectory=monitor
StateDirectoryMode=0700
CacheDirectoryMode=0700
RuntimeDirectoryMode=0700
Environment=XDG_STATE_HOME=%S XDG_DATA_HOME=%S XDG_CACHE_HOME=%C XDG_RUNTIME_DIR=%t/monitor
CapabilityBoundingSet=
DevicePolicy=closed
DeviceAllow=char-alsa rw
KeyringMode=private
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes"""
_THIS_MACHINE_ONLY = """\
IPAddressDeny=any
IPAddressAllow=localhost"""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit file is made of."""

    command: tuple[str, ...]
    """Runs `monitor`, without its verb."""
    config: str
    """Path of the settings, from the root."""
    of_machine: bool
    """Of the machine, else of one user."""
    network: tuple[str, ...] = ()
    """Settings that name other machines; empty: it reaches this one only."""


def unit(service: Service) -> str:
    """Return the unit file."""
    run = " ".join(map(_quoted, (*service.command, "run", "--headless", "--config", service.config)))
    whose = "" if service.of_machine else " --user"
    parts = [
        f"# Written by `monitor service`; your own changes belong into `systemctl{whose} edit monitor`.",
        "[Unit]",
        "Description=Sound monitor: says which sounds are heard",
        "After=sound.target network-online.target"
        if service.of_machine
        else "After=pipewire.service pulseaudio.service",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={run}",
        "ExecReload=kill -HUP $MAINPID",
        f"EnvironmentFile=-{'/etc/monitor' if service.of_machine else '%h/.config/monitor'}/environment",
        "# Bad settings (exit code 2) do not get better by trying again; all else is begun again, for ever.",
        "Restart=always",
        "RestartPreventExitStatus=2",
        "RestartSec=2",
        f"WatchdogSec={WATCHDOG_S}",
        "TimeoutStopSec=15",
        "",
        "# What it may do",
        _BOTH,
        *([_OF_MACHINE, *_network(service.network)] if service.of_machine else []),
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if service.of_machine else 'default.target'}",
    ]
    return "\n".join(parts) + "\n"


def _network(named: Sequence[str]) -> list[str]:
    if named:
        return [f"# Other machines may be reached: {', '.join(map(sanitise, named))}."]
    return ["# Nothing but this machine: no setting names another one.", _THIS_MACHINE_ONLY]


def _quoted(word: str) -> str:
    """Return one word of a command line as systemd reads it; `%` and `$` are its own signs."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if _SAFE.fullmatch(word):
        return plain
    return '"' + "".join(map(_escaped, plain)) + '"'


def _escaped(char: str) -> str:
    """Return a character of a word in quotation marks; one that ends a line would begin another directive."""
    if char in '"\\':
        return f"\\{char}"
    if unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"}:
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
