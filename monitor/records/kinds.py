"""States, kinds and units that records have in common, and the names of what is told unasked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Activity = Literal["silent", "low", "normal", "high"]
"""How busy the last moment was: no sound, near the floor, above it, far above it."""

SourceState = Literal["starting", "running", "silent", "lost", "failing", "paused", "ended"]
"""`silent`: no sound arrives (muted or dead); exactly when `hearing` is `too_quiet`. `lost`: nothing does.
`failing`: sound arrives, and the encoder fails on it or does not answer."""

HearingState = Literal["good", "too_quiet", "noisy", "overloaded", "deaf"]
"""Whether the monitor can hear; `deaf`: it listens to nothing (lost, failing, paused, late, all muted)."""

TransitionType = Literal["onset", "update", "offset"]

EventType = Literal["onset", "update", "offset", "acknowledged", "missed", "clip"]
"""`acknowledged`: somebody has seen an urgent event, open or over. `missed`: it is over, and nobody has;
told when a run goes on after another one, and to whoever joins late. `clip`: a recording of it is there."""

BESIDE_LIFE: frozenset[EventType] = frozenset({"acknowledged", "missed", "clip"})
"""Messages about an event beside its life, which ends with its offset. They have topics of their own, so that
who follows lives only never takes one for a sound."""

MADE_BY_CODE = frozenset({"demo", "test"})
"""Sources of which nothing is real, by their ids."""

LOUD_SOUND = "loud_sound"
"""What a loud sound that nothing recognises is called in topics."""

ALARM_LOW_BATTERY = "alarm_low_battery"
"""What the chirp of an alarm with a low battery is called in topics."""

SELF_TEST = "self_test"
"""What it is called in topics that a self-test failed."""

UNLISTED = frozenset({LOUD_SOUND, ALARM_LOW_BATTERY, SELF_TEST})
"""What is told though no class is listed for it, and no network has heard it."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time; the wire refuses one without a time zone, and sends UTC."""

Index = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""Sample index since the start of the stream; bounded so that every reader of JSON gets it exactly."""

Tally = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of things or of samples."""

Rate = Annotated[int, msgspec.Meta(gt=0, le=2**31)]
"""Sample rate, Hz."""

SelfTestState = Literal["testing", "heard", "passed", "late", "failed", "untested"]
"""`testing`: it goes on. `heard`: the alarm was recognised, and this message is under way. `late`: that took
longer than `[self_test] late_s`. `failed`: it was not heard, or its message reached nobody. `untested`: the
source could not be tested."""

NearMissReason = Literal["below_threshold", "not_confirmed", "cool_down", "muted", "paused", "corrected"]
"""Why something that resembled a listed class did not become an event; `corrected`: somebody said that events
like it were wrong."""
