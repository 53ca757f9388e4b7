"""Can those be told who are to be told. Nothing is sent: `monitor test notify` does that."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from monitor.config.notify_checks import argv
from monitor.config.settings import TargetConfig
from monitor.doctor.findings import Examined, Finding, fault, ok
from monitor.errors import ConfigError
from monitor.sinks.notify.letters import NotTold
from monitor.sinks.notify.messenger import Messenger
from monitor.sinks.notify.secrets import secret_of
from monitor.sinks.notify.ways import open_channel

_CONNECT_S = 3.0
_PORTS = {"http": 80, "https": 443}
_TRY = "`monitor test notify` with the same --config sends a message marked as a test."


def check_notify(examined: Examined) -> Iterable[Finding]:
    """Find whether each target has its address, its program or its server; none where nobody is told."""
    for name, target in examined.config.notify.targets.items():
        yield _reach(f"told: {name}", name, target)


def _reach(about: str, name: str, target: TargetConfig) -> Finding:
    try:
        secret = secret_of(target, f"the target {name}")
        if secret is None:
            return _program(about, argv(target.exec)[0])
        if target.webhook or target.webhook_env or target.webhook_file:
            return _server(about, secret.address)
        return _messenger(about, name, target)
    except (ConfigError, NotTold) as error:
        return fault(about, str(error), f"Correct [notify.targets.{name}], then `monitor test notify`.")


def _program(about: str, program: str) -> Finding:
    if shutil.which(program) is None:
        do = f"Install it, or write its whole path; `command -v {program}` shows whether it is found."
        return fault(about, f"there is no program {program}", do)
    return ok(about, f"the program {program} is there; {_TRY}")


def _server(about: str, address: str) -> Finding:
    """Return whether the server of a webhook takes a connection; of the address nothing is told."""
    parts = urlsplit(address)
    try:
        place = (parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80))
        socket.create_connection(place, _CONNECT_S).close()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        do = "Look at the network and at the server; what cannot be told now is kept and told later."
        return fault(about, f"its server does not take a connection ({why})", do)
    return ok(about, f"its server takes a connection; {_TRY}")


def _messenger(about: str, name: str, target: TargetConfig) -> Finding:
    channel = open_channel(name, target)
    try:
        if isinstance(channel, Messenger):
            channel.check()
        return ok(about, f"its address is one that apprise knows; {_TRY}")
    finally:
        channel.close()
