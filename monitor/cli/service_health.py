"""Whether the monitor of this computer lives, by its own word: what a container's health check asks."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass

from monitor.bus.messages import Health, Request, Snapshot
from monitor.console import show, show_json
from monitor.errors import PublishError

_ANSWER_S = 3.0
_BETWEEN_S = 2.0
"""Health comes once a second: by then there is one that is newer."""


@dataclass(frozen=True)
class Found:
    """What two answers, a moment apart, say of the monitor."""

    lives: bool
    """Whether the sound of every source is being analysed, or the source is known to be away."""
    sources: dict[str, str]
    """How each source hears, by its name."""


def show_health(arguments: argparse.Namespace) -> int:
    """Ask, say what was found, and return 0 where the monitor lives, 1 where it stands still or is gone."""
    try:
        found = ask_health(arguments.connect, arguments.control)
    except PublishError as error:
        found = Found(False, {"monitor": str(error)})
    if arguments.json:
        show_json(json.dumps(asdict(found)).encode())
    else:
        show("; ".join(f"{name}: {how}" for name, how in found.sources.items()) or "It hears no source yet.")
    return 0 if found.lives else 1


def ask_health(endpoint: str, control: str | None) -> Found:
    """Ask the monitor that publishes at `endpoint` twice, and judge it as the service manager would.

    Raises
    ------
    PublishError
        None answers.
    """
    before = {health.source_id: health for health in _snapshot(endpoint, control).health}
    time.sleep(_BETWEEN_S)
    now = _snapshot(endpoint, control).health
    lives = bool(now) and all(_lives(health, before.get(health.source_id)) for health in now)
    return Found(lives, {health.source_name: _how(health) for health in now})


def _snapshot(endpoint: str, control: str | None) -> Snapshot:
    from monitor.bus.subscriber import ask

    answer = ask(endpoint, Request("snapshot", client="monitor service health"), _ANSWER_S, control)
    if not isinstance(answer, Snapshot):
        raise PublishError(f"What answers at {endpoint} is no monitor of this version.")
    return answer


def _lives(health: Health, before: Health | None) -> bool:
    from monitor.sinks.service_manager import AWAY

    return before is None or health.paused or health.analysed > before.analysed or health.state in AWAY


def _how(health: Health) -> str:
    return health.hearing if health.state == "running" else f"{health.state}, {health.reason or '?'}"
