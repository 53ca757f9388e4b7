"""What anybody subscribes to, so that nothing is made for nobody. Pure; one thread notes, any thread asks."""

from __future__ import annotations

from collections import Counter

_SUBSCRIBED = 1


class Interest:
    """Counts the subscriptions of one socket, as ZeroMQ tells each that begins and each that ends."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._held: tuple[bytes, ...] = ()

    def note(self, message: bytes) -> None:
        """Take in a subscription or its end, one byte and the beginning of the topics it is for."""
        if message[:1] not in {b"\x00", b"\x01"}:
            return
        self._counts[message[1:]] += 1 if message[0] == _SUBSCRIBED else -1
        self._held = tuple(prefix for prefix, count in self._counts.items() if count > 0)
        self._counts = Counter({prefix: self._counts[prefix] for prefix in self._held})

    def covers(self, topics: str) -> bool:
        """Tell whether a subscription holds any of the topics that begin with `topics`."""
        asked = topics.encode()
        return any(asked.startswith(prefix) or prefix.startswith(asked) for prefix in self._held)
