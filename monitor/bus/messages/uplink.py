"""What travels between a node and whoever looks after many, through a broker of theirs.

A node is a machine that listens. Never sound.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from monitor.bus.messages.published import Event, HearingChange
from monitor.records import EventType, HearingState, Instant, SourceState, Tally

Identity = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at a node; it waits there on the disk until the broker has it.

    It may arrive twice; whoever reads tells that by `id`.
    """

    id: Identity
    """The same whenever it is sent: event and type, or source, run and number of a change of hearing."""
    node: Identity
    noted: Instant
    """When the node wrote it down, by its own clock."""
    event: Event | None = None
    """A message of an event's life, but for its updates."""
    source_id: str = ""
    """Of a change of hearing: whose."""
    source_name: str = ""
    hearing: HearingChange | None = None
    """A source began, or ceased, to be heard well."""
    spool: str = ""
    """Where it waited: `sequence` counts within it."""
    sequence: Tally = 0
    """1 for the first, then without gaps: what is missing was given up by the node, or is on its way."""


class NodeSource(msgspec.Struct, frozen=True, kw_only=True):
    """How one source of a node is heard."""

    id: str
    name: str
    state: SourceState
    hearing: HearingState
    reason: str | None = None
    """Why it is not `good`, in words for the user."""
    paused: bool = False


class LastEvent(msgspec.Struct, frozen=True, kw_only=True, rename={"class_": "class"}):
    """The newest message of an event's life at a node."""

    id: str
    type: EventType
    class_: str
    label: str = ""
    """What the user calls the class; empty: like `class`."""
    source_name: str
    urgent: bool
    onset_time: Instant
    time: Instant
    """When the node had it, by its own clock."""


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a node is asked to do with its settings; its broker keeps the last one."""

    node: Identity
    """The one that is meant."""
    number: Tally
    """Higher than that of each before it; a node looks at none twice."""
    action: Literal["push", "rollback"]
    by: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Who asks, in words."""
    toml: Annotated[str, msgspec.Meta(max_length=65_536)] = ""
    """Of a push: settings over those of the node's own file."""
    of: Tally = 0
    """Of a rollback: the number of the push that is to be taken back."""
    signature: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Ed25519 over this message without it, base64; empty: nobody signed."""


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which settings from elsewhere a node runs with."""

    accepts: Literal["none", "signed", "any"] = "none"
    number: Tally = 0
    """Of the push in force; 0: none, it runs with its own file."""
    hash: str = ""
    """Of its text: the first twelve digits of its sha256."""
    order: Tally = 0
    """The last order that it looked at."""
    outcome: Literal["", "trying", "applied", "refused", "rolled_back"] = ""
    """What became of that."""
    why: str = ""
    """In words: what changed, or why it was not done."""


class NodeState(msgspec.Struct, frozen=True, kw_only=True):
    """How a node is; its broker keeps the last one. Sent when it changes, and as a sign of life."""

    node: Identity
    run: str
    """Identity of this run of the program."""
    version: str
    """Of the program."""
    place: str = ""
    """Where it stands, for people."""
    time: Instant
    """When it was sent, by the node's clock."""
    started: Instant
    heartbeat_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    """The next one comes within so many seconds."""
    stopped: bool = False
    """The run has ended in order: this is its last."""
    hearing: HearingState
    """Of the source that hears least."""
    reason: str | None = None
    """Why it is not `good`, in words for the user."""
    sources: list[NodeSource]
    """Those that hear least, first; at most 50."""
    more_sources: Tally = 0
    """Sources that are not listed."""
    last_event: LastEvent | None = None
    missed: Tally = 0
    """Urgent events that nobody has acknowledged."""
    waiting: Tally = 0
    """Reports that the broker does not have yet."""
    waiting_s: float = 0.0
    """For how long the oldest has waited."""
    lost: Tally = 0
    """Reports that were given up, since the node keeps any."""
    config: NodeConfig = NodeConfig()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """To somebody who asks all nodes for their time: what clocks are compared by."""

    node: Identity
    ask: Annotated[str, msgspec.Meta(max_length=64)]
    """What it was asked."""
    time: Instant
    """By the node's clock, as it answered."""
