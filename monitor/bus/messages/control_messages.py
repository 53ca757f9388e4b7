"""What a running monitor is asked on its control socket, and what it answers."""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.bus.messages.published import Event, Health
from monitor.records import BackgroundState, Instant, Likeness, Tally


class Snapshot(msgspec.Struct, frozen=True):
    """What a late joiner needs to know."""

    epoch: str
    """Identity of this run of the publisher; sequences count within it."""
    time: Instant
    sequences: dict[str, Tally]
    health: list[Health]
    open_events: list[Event]
    recent_events: list[Event]
    """The last offsets, oldest first."""
    missed_events: list[Event] = []
    """Urgent ones that are over, and that nobody has acknowledged, oldest first."""


class Request(
    msgspec.Struct, frozen=True, rename={"class_": "class"}, forbid_unknown_fields=True, omit_defaults=True
):
    """What a local program may ask of a running monitor on its control socket."""

    request: Literal[
        "snapshot",
        "pause",
        "mute",
        "threshold",
        "background",
        "forget_background",
        "acknowledge",
        "history",
        "learn",
        "correct",
        "corrections",
        "self_test",
        "reload",
        "reloaded",
    ]
    class_: str | None = None
    """For `mute`, `threshold` and `learn`; for `acknowledge` and `history` where they are about one class.
    For `correct`: what it was instead."""
    value: float | bool | Literal["right", "wrong", "undo"] | None = None
    """`pause` and `mute`: true or false; `threshold`: the new onset threshold, within `limits.THRESHOLD`;
    `correct`: what is said of an event."""
    source_id: str | None = None
    """The one source that is meant; None: all."""
    event_id: str | None = None
    """For `acknowledge`: the one event that was seen; None: all urgent ones. For `correct`: the event; None:
    the last one."""
    since: Instant | None = None
    """For `history`: events that began then or later; None: from the first one."""
    until: Instant | None = None
    """For `history`: events that began earlier than that."""
    limit: Tally | None = None
    """For `history`: at most so many events, the newest, and at most 500; None: 500."""
    for_s: float | None = None
    """For `pause` and `mute` with true: seconds after which it ends by itself, within
    `limits.SNOOZE_S`; None: somebody ends it."""
    client: str | None = None
    """What asks, in words ("the interface"); who that is the monitor finds out itself."""

    @property
    def asker(self) -> str:
        """Who asks, in words."""
        return self.client or "somebody"

    def by(self, who: str | None) -> Request:
        """Return the same request, asked by `who`."""
        return msgspec.structs.replace(self, client=who)


class ClassInBackground(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """What a background does to a listed class."""

    class_: str
    cosine: float
    """How much the background sounds like the class: the inner product of its mean and the class."""
    label: str = ""
    """What the user calls it, in any script; empty: like `class`."""


class BackgroundProfile(msgspec.Struct, frozen=True):
    """What the background of one source sounds like."""

    source_id: str
    source_name: str
    model: str
    """Identity of the model whose embeddings these are; they mean nothing to another."""
    state: BackgroundState
    mean: list[float]
    """Mean of the unit embeddings of its windows, (d,); empty while nothing is known."""
    sounds_like: list[Likeness]
    """The phrases nearest to it, best first."""
    classes: list[ClassInBackground]


class CorrectionState(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """What somebody said of an event."""

    event_id: str
    class_: str
    """What it was told as."""
    right: bool
    time: Instant
    by: str
    """In words, as in `Change`."""
    source_id: str
    effect: float
    """What all that was said adds to the log-odds of that class when the same sound is heard again."""
    really: str = ""
    """The class that it was instead; empty: nobody said."""
    really_effect: float = 0.0
    """The same of that class; 0: it is not listened for."""
    lasting: bool = True
    """Whether it counts in later runs too."""


class Reply(msgspec.Struct, frozen=True):
    """Answer to a `Request` other than `snapshot`."""

    ok: bool
    error: str | None = None
    backgrounds: list[BackgroundProfile] = []
    """To `background`: one per source that was asked."""
    events: list[Event] = []
    """To `acknowledge`: what it was about, acknowledged now or before. To `history`: what was asked for,
    oldest first; of live sources only, for of others nothing is kept."""
    corrections: list[CorrectionState] = []
    """To `corrections`: all, oldest first; to `correct`: the one that was made or taken back."""
    sources: list[str] = []
    """To `self_test`: the sources that are tested now, one after another, by their ids."""
    notes: list[str] = []
    """To `reload`: what changes and what does not, a sentence each. To `reloaded`, how the last one went: the
    same, and what is to be said of the new settings."""
    waiting: bool = False
    """To `reload` and `reloaded`: more of it is being prepared; `reloaded` tells when it is there."""
