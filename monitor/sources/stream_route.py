"""Which microphone of a sound server a stream of ours is on, and what to do where it is another. Pure.

A sound server (PulseAudio, PipeWire) moves a stream to another microphone when the one it was on goes away,
and delivers that one's sound as if nothing had happened. One that was asked for by name is never replaced:
its stream is given up, to be opened again as soon as it is back. Who asked for whatever is the default hears
the other one meanwhile, is told so, and gets the first one back.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.sources.capture_messages import Failed, ServerNote


class ServerMicrophone(msgspec.Struct, frozen=True):
    """A microphone as the sound server sees it."""

    index: int
    """The server's number for it, for as long as it is there."""
    name: str
    """Stable: what the server calls it."""
    called: str
    """What the server calls it for people."""
    muted: bool = False
    gain: float = 1.0
    """What the loudest channel is multiplied by, in the server's own scale; 0: nothing passes."""


class StreamState(msgspec.Struct, frozen=True):
    """Where the stream is."""

    index: int
    """The server's number for the stream."""
    on: int
    """Index of its microphone."""
    muted: bool = False
    """Whether the stream itself is muted, whatever its microphone is."""
    gain: float = 1.0


class Return(msgspec.Struct, frozen=True):
    """The stream is to be moved to the microphone with this index."""

    to: int


class StreamRoute:
    """Watches one stream.

    Parameters
    ----------
    named
        What the user called the microphone that was asked for; None: whatever is the default.
    home
        The server's name for the one it was on when it was opened before; empty: that is not known.
    """

    def __init__(self, named: str | None, home: str = "") -> None:
        self._named = named
        self._home = home
        self._called = ""
        self._away = False  # the right one is gone

    def judge(
        self, stream: StreamState, microphones: Mapping[int, ServerMicrophone]
    ) -> ServerNote | Failed | Return | None:
        """Return what follows from where the stream is now; None: it is between two microphones."""
        now = microphones.get(stream.on)
        if now is None:
            return None
        self._home = self._home or now.name
        if now.name == self._home:
            self._away, self._called = False, now.called
            return ServerNote(self._home, "", _kept(now, stream))
        home = next((one for one in microphones.values() if one.name == self._home), None)
        called = self._called or (home.called if home else self._home)
        if self._named is not None:
            return Failed(
                f"The sound server put the microphone {now.called} in the place of {self._named}, which "
                "went away; that one is waited for, and the other is not listened to."
            )
        if home is not None and self._away:
            return Return(home.index)
        self._away = home is None
        return ServerNote(self._home, _replaced(now.called, called, self._away), _kept(now, stream))


def _replaced(now: str, home: str, gone: bool) -> str:
    if gone:
        return (
            f"The microphone {home} went away, and the sound server put {now} in its place; that one is "
            f"heard until {home} is back."
        )
    return (
        f"The sound settings were changed: {now} is heard and no longer {home}, from which background and "
        "thresholds were learnt. Change them back, or restart the monitor if that is what you want."
    )


def _kept(microphone: ServerMicrophone, stream: StreamState) -> str:
    """Return why the server lets no sound through, and what to do; empty: it does."""
    if microphone.muted:
        return (
            f"{microphone.called} is muted in the sound server; unmute it in the sound settings, or with "
            f"`pactl set-source-mute {microphone.name} 0`"
        )
    if microphone.gain == 0.0:
        return (
            f"the gain of {microphone.called} is at zero in the sound server; raise it in the sound "
            f"settings, or with `pactl set-source-volume {microphone.name} 100%`"
        )
    if stream.muted or stream.gain == 0.0:
        wrong = "is muted" if stream.muted else "has its gain at zero"
        return f"the recording of this program {wrong} in the sound server; change that in the sound settings"
    return ""
