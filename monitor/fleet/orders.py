"""Orders to nodes about their settings, and what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from monitor.bus.messages import Order
from monitor.config.pushed import pushed_values
from monitor.config.settings import checked
from monitor.errors import ConfigError
from monitor.fleet.sightings import Seen
from monitor.fleet.standing import Standing

Outcome = Literal["trying", "applied", "refused", "rolled_back", "away"]


class Fate(msgspec.Struct, frozen=True):
    """What became of an order."""

    node: str
    outcome: Outcome
    """`away`: the node takes it when it is back."""
    why: str = ""
    hash: str = ""
    """Of the settings from elsewhere that it runs with; empty: none."""

    @property
    def final(self) -> bool:
        """Whether nothing more is to come."""
        return self.outcome != "trying"


def check_settings(text: str, origin: str) -> None:
    """Refuse settings that no node would take, before any is sent.

    Raises
    ------
    ConfigError
        They are no TOML, set what may not be set from elsewhere, or a value is out of range.
    """
    checked(pushed_values(text), origin, {})


def chosen(wanted: Sequence[str], seen: Mapping[str, Seen]) -> list[str]:
    """Return the nodes that `--to` means.

    Raises
    ------
    ConfigError
        One never reported, or takes no settings from elsewhere.
    """
    everybody = list(wanted) == ["all"]
    nodes = sorted(seen) if everybody else list(dict.fromkeys(wanted))
    for node in nodes:
        if node not in seen:
            valid = ", ".join(sorted(seen)[:20]) or "none has reported"
            raise ConfigError(f"{node!r} is no node here; valid: all, {valid}.")
    accepting = [node for node in nodes if _accepts(seen[node]) != "none"]
    deaf = [node for node in nodes if node not in accepting]
    if (deaf and not everybody) or not accepting:
        raise ConfigError(
            f"{', '.join(deaf[:20]) or 'No node'} takes no settings from elsewhere: set accept_config = true "
            "in [uplink] there."
        )
    return accepting


def push_order(node: str, seen: Seen, text: str, by: str) -> Order:
    """Return the order that lets a node run with `text`."""
    return Order(node=node, number=_number(seen), action="push", by=by, toml=text)


def rollback_order(node: str, seen: Seen, by: str) -> Order | None:
    """Return the order that takes the last push back; None: there is nothing to take back."""
    config = None if seen.state is None else seen.state.config
    looked_at = 0 if config is None else config.order
    waits = seen.order is not None and seen.order.action == "push" and seen.order.number > looked_at
    of = seen.order.number if seen.order is not None and waits else 0 if config is None else config.number
    if not of:
        return None
    return Order(node=node, number=_number(seen), action="rollback", by=by, of=of)


def fate(order: Order, seen: Seen, standing: Standing) -> Fate:
    """Return what has become of an order so far."""
    config = None if seen.state is None else seen.state.config
    if config is None or config.order < order.number:
        away = standing.status in {"unknown", "lost", "silent", "stopped"}
        return Fate(order.node, "away" if away else "trying")
    if config.order > order.number:
        return Fate(order.node, "refused", "somebody else gave another order since", config.hash)
    if config.outcome in {"applied", "refused", "rolled_back"}:
        return Fate(order.node, config.outcome, config.why, config.hash)
    return Fate(order.node, "trying", config.why, config.hash)


def done(order: Order, fate: Fate) -> bool:
    """Return whether what was asked for is so."""
    return fate.outcome == ("applied" if order.action == "push" else "rolled_back")


def _accepts(seen: Seen) -> str:
    return "none" if seen.state is None else seen.state.config.accepts


def _number(seen: Seen) -> int:
    """Return a number higher than that of each order before, whatever the clocks that gave them."""
    looked_at = 0 if seen.state is None else seen.state.config.order
    kept = 0 if seen.order is None else seen.order.number
    return max(int(time.time() * 1000.0), looked_at + 1, kept + 1)
