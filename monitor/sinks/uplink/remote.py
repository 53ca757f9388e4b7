"""Settings from elsewhere, at a node: looked at, tried, kept or taken back.

An order is refused unless the node allows it, it is signed where the node has a key, is meant for this node,
is newer than the last one, and sets nothing but what may be set from elsewhere. What is allowed goes the way
of any reload: what cannot be used changes nothing. Then it is tried: where a source hears less, or the
program ends meanwhile, the settings before it return.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from monitor.bus.codec import decode_exact
from monitor.bus.messages import Health, NodeConfig, Order, Reply
from monitor.config.pushed import pushed_values
from monitor.errors import ConfigError, WireError
from monitor.sinks.uplink.signature import is_signed_by
from monitor.sinks.uplink.trial import Trial
from monitor.storage.pushed import Pushed, PushedConfig, read_pushed, write_pushed
from monitor.text import sanitise, shortened

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_RELOAD_S = 120.0
"""A reload that takes longer has failed."""
_LOOK_S = 0.5
_LONGEST_WHY = 500


class Remote:
    """Obeys orders about settings. Used by one thread.

    Parameters
    ----------
    node
        Who must be meant.
    path
        Where what was sent is kept.
    allowed
        Orders are obeyed at all.
    key
        Who must have signed them; None: anybody.
    healthy_s
        How long new settings are tried.
    say
        Tells a person of this machine.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what an order is held against
        self,
        node: str,
        path: Path | None,
        allowed: bool,
        key: Ed25519PublicKey | None,
        healthy_s: float,
        say: Callable[[str], None],
    ) -> None:
        self._node = node
        self._path = path
        self._allowed = allowed
        self._key = key
        self._healthy_s = healthy_s
        self._say = say
        self._pushed = read_pushed(path)
        self._healths: dict[str, Health] = {}
        self._early: bytes | None = None  # the last order that came before anything was heard
        self._before: dict[str, Health] = {}
        self._trial: Trial | None = None
        self._phase: Literal["idle", "wanted", "asked", "waiting", "trying"] = "idle"
        self._undoing = False
        self._since_s = self._looked_s = 0.0

    @property
    def told(self) -> NodeConfig:
        """How it is, for whoever looks after the node."""
        current = self._pushed.current if self._allowed else None
        return NodeConfig(
            accepts="none" if not self._allowed else "any" if self._key is None else "signed",
            number=0 if current is None else current.number,
            hash="" if current is None else current.hash,
            order=self._pushed.order,
            outcome=self._pushed.outcome,
            why=self._pushed.why,
        )

    def order(self, payload: bytes) -> None:
        """Look at an order, as soon as sources are heard; `step` says what is to be done then."""
        if not self._healths:  # a model is loaded, and nobody could reload anything
            self._early = payload
            return
        try:
            order = decode_exact(payload, Order)
        except WireError as error:
            self._say(f"An order came that is none: {error}")
            return
        if order.number <= self._pushed.order:
            return  # it was looked at before
        try:
            self._check(order)
            after = self._after(order)
        except ConfigError as error:
            self._refuse(order.number, str(error))
            return
        if self._keep(after):
            what = "Settings came" if order.action == "push" else "Settings are taken back"
            self._say(f"{what} over the uplink, by {_who(order)} (order {order.number}).")
            self._phase, self._undoing = "wanted", not after.trying
            self._before = dict(self._healths)

    def step(self, now_s: float) -> Literal["reload", "reloaded"] | None:
        """Judge what is tried; return what the pipeline is to be asked."""
        match self._phase:
            case "wanted":
                self._phase, self._since_s, self._trial = "asked", now_s, None
                return "reload"
            case "waiting" if now_s - self._since_s > _RELOAD_S:
                self._failed("they could not be loaded in time")
            case "waiting" if now_s - self._looked_s >= _LOOK_S:
                self._phase, self._looked_s = "asked", now_s
                return "reloaded"
            case "trying" if self._trial is not None:
                self._judge(self._trial.verdict(now_s))
        return None

    def replied(self, reply: Reply, now_s: float) -> None:
        """Take note of what the pipeline said to that."""
        if self._phase != "asked":
            return
        if not reply.ok:
            self._failed(reply.error or "the monitor refused")
        elif reply.waiting:
            self._phase = "waiting"
        elif self._undoing:
            self._phase = "idle"
        else:
            self._phase = "trying"
            self._pushed = replace(self._pushed, why=_short(" ".join(reply.notes)))
            self._trial = Trial(self._before, now_s, self._healthy_s)

    def _judge(self, why: str | None) -> None:
        if why is None:
            return
        if why:
            self._keep(self._pushed.undone("rolled_back", _short(why)))
            self._say(f"The settings that came over the uplink are taken back: {why}.")
            self._phase, self._undoing = "wanted", True
            return
        self._phase = "idle"
        self._keep(replace(self._pushed, trying=False, outcome="applied"))
        self._say("The settings that came over the uplink have proved themselves.")

    def take(self, health: Health, now_s: float) -> None:
        """Take note of how a source is heard."""
        self._healths[health.source_id] = health
        if self._early is not None:
            early, self._early = self._early, None
            self.order(early)
        if self._trial is not None:
            self._trial.take(health, now_s)

    def _check(self, order: Order) -> None:
        if order.node != self._node:
            raise ConfigError(f"It is meant for {sanitise(order.node)}.")
        if not self._allowed:
            raise ConfigError("This node takes no settings from elsewhere; [uplink] accept_config allows it.")
        if self._key is not None and not is_signed_by(order, self._key):
            raise ConfigError("It is not signed by who may set this node: [uplink] config_key.")

    def _after(self, order: Order) -> Pushed:
        """Return what is so once the order is obeyed."""
        now = self._pushed
        good = now.previous if now.trying else now.current
        if order.action == "push":
            pushed_values(order.toml)
            new = PushedConfig(order.number, order.toml)
            return Pushed(new, good, trying=True, order=order.number, outcome="trying")
        if now.current is None or now.current.number != order.of:
            raise ConfigError(f"It does not run with order {order.of}; nothing is taken back.")
        why = f"taken back by {_who(order)}"
        return replace(now.undone("rolled_back", why), order=order.number)

    def _failed(self, why: str) -> None:
        """Go on as before: a reload that fails changes nothing."""
        if self._undoing:
            self._say(f"The settings before could not be loaded; a restart does: {why}")
        else:
            self._keep(self._pushed.undone("refused", _short(why)))
            self._say(f"The settings that came over the uplink cannot be used: {why}")
        self._phase = "idle"

    def _refuse(self, number: int, why: str) -> None:
        self._keep(replace(self._pushed, order=number, outcome="refused", why=_short(why)))
        self._say(f"An order that came over the uplink was refused: {why}")

    def _keep(self, pushed: Pushed) -> bool:
        try:
            write_pushed(self._path, pushed)
        except OSError as error:
            why = f"what came over the uplink cannot be kept ({error.strerror})"
            self._pushed = replace(self._pushed, order=pushed.order, outcome="refused", why=why)
            self._say(f"An order was refused: {why}.")
            return False
        self._pushed = pushed
        return True


def _short(why: str) -> str:
    return shortened(why, _LONGEST_WHY)


def _who(order: Order) -> str:
    return sanitise(order.by) or "somebody"
