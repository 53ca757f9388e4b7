"""What anybody subscribes to, so that nothing is made for nobody. Pure; one thread notes, any thread asks."""

from __future__ import annotations

_SUBSCRIBED = 1


class Interest:
    """Counts the subscriptions of one socket, as ZeroMQ tells each that begins and each that ends."""

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}

    def note(self, message: bytes) -> None:
        """Take in a subscription or its end, one byte and the beginning of the topics it is for."""
        if message[:1] not in {b"\x00", b"\x01"}:
            return
        prefix = message[1:]
        count = self._counts.get(prefix, 0) + (1 if message[0] == _SUBSCRIBED else -1)
        if count > 0:
            self._counts[prefix] = count
        else:
            self._counts.pop(prefix, None)

    def covers(self, topics: str) -> bool:
        """Tell whether a subscription holds any of the topics that begin with `topics`."""
        asked = topics.encode()
        held = tuple(self._counts)  # at once: another thread may note
        return any(asked.startswith(prefix) or prefix.startswith(asked) for prefix in held)
