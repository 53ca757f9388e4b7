"""Can events be published: the port, the control socket, and whether a monitor runs there already."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from monitor.bus.addresses import check_endpoint
from monitor.bus.control import answers, control_to_bind
from monitor.bus.messages import Health, Request, Snapshot
from monitor.bus.subscriber import ask
from monitor.config.settings import Config
from monitor.doctor.findings import Examined, Finding, attention, fault, ok, unchecked
from monitor.errors import PublishError

_ANSWER_S = 1.5
_NONE = "none"
_ELSEWHERE = "`monitor run --bind tcp://127.0.0.1:5558` (and `monitor listen --connect` the same)."


def running_monitor(config: Config) -> Snapshot | None:
    """Return what the monitor says that publishes where this configuration would; None: none does."""
    if config.publish.bind == _NONE:
        return None
    try:
        request = Request("snapshot", client="monitor doctor")
        found = ask(config.publish.bind, request, _ANSWER_S, config.publish.control or None)
    except PublishError:
        return None
    return found if isinstance(found, Snapshot) else None


def check_bus(examined: Examined) -> Iterable[Finding]:
    """Find whether the port is free, or what the monitor says that has it."""
    endpoint = examined.config.publish.bind
    if endpoint == _NONE:
        return [unchecked("event bus", "nothing is published: [publish] bind is none")]
    try:
        checked = check_endpoint(endpoint, any_port=True)
    except PublishError as error:
        return [fault("event bus", str(error), "Correct `bind` in [publish], or leave it out.")]
    snapshot = running_monitor(examined.config)
    if snapshot is not None:
        return list(_running(endpoint, snapshot))
    return [_free(checked)]


def check_control(examined: Examined) -> Iterable[Finding]:
    """Find whether there is a folder for the socket through which only this user gives orders."""
    publish = examined.config.publish
    if publish.bind == _NONE:
        return [unchecked("control socket", "there is none where nothing is published")]
    try:
        place = control_to_bind(check_endpoint(publish.bind, any_port=True), publish.control or None)
    except PublishError as error:
        do = "Set XDG_RUNTIME_DIR to a folder of your own, or add `--control ipc:///path/to/socket`."
        return [fault("control socket", str(error), do)]
    folder = Path(place.removeprefix("ipc://")).parent
    if not folder.is_dir():
        do = f"Make it: `mkdir -p -m 700 {folder}`, or leave out `control` in [publish]."
        return [fault("control socket", f"there is no folder {folder}", do)]
    return [ok("control socket", f"in {folder}, which is yours alone")]


def _running(endpoint: str, snapshot: Snapshot) -> Iterator[Finding]:
    yield ok("event bus", f"a monitor runs on {endpoint}")
    for health in snapshot.health:
        yield _hears(health)
    if snapshot.missed_events:
        names = ", ".join(sorted({event.label or event.class_ for event in snapshot.missed_events}))
        do = "Look what it was (`monitor history --missed`), then say that you have: `monitor ack`."
        yield attention("missed", f"{len(snapshot.missed_events)} urgent ({names})", do)


def _hears(health: Health) -> Finding:
    about = f"monitor, {health.source_name}"
    if health.paused:
        return attention(about, "paused", "Let it go on: space in `monitor tui`.")
    if health.state != "running":
        why = health.reason or "it does not say why"
        return fault(about, f"{health.state}: {why}", "Follow it: `monitor tui` shows when it hears again.")
    if health.hearing != "good":
        why = health.hearing_reason or "it does not say why"
        return attention(
            about, f"hearing is {health.hearing}: {why}", "Do what it says, and watch `monitor tui`."
        )
    muted = [state.label or state.class_ for state in health.classes if state.muted]
    if muted:
        return attention(about, f"hears; muted: {', '.join(muted)}", "Unmute it: m in `monitor tui`.")
    return ok(about, f"hears, keeps up at {health.rtf:.2f} of real time")


def _free(endpoint: str) -> Finding:
    if endpoint.startswith("ipc://"):
        return _free_path(Path(endpoint.removeprefix("ipc://")), endpoint)
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if port == "*":
        return ok("event bus", "any free port")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(port)))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            found = f"another program has {endpoint}, and it is no monitor of yours"
            do = f"See which (`ss -ltnp sport = :{port}`) and stop it, or publish elsewhere: {_ELSEWHERE}"
            return fault("event bus", found, do)
        return fault("event bus", f"{endpoint} cannot be had: {error.strerror}", f"Elsewhere: {_ELSEWHERE}")
    return ok("event bus", f"{endpoint} is free; no monitor runs")


def _free_path(path: Path, endpoint: str) -> Finding:
    if not path.parent.is_dir():
        do = f"Make the folder: `mkdir -p {path.parent}`, or publish elsewhere: {_ELSEWHERE}"
        return fault("event bus", f"there is no folder {path.parent}", do)
    if path.exists() and answers(path):
        found = f"another program has {endpoint}, and it is no monitor of yours"
        return fault("event bus", found, f"Stop it, or publish elsewhere: {_ELSEWHERE}")
    return ok("event bus", f"{endpoint} is free; no monitor runs")
