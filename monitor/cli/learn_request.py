"""Tells the monitor that runs, if one does, that something else is taught of a class now."""

from __future__ import annotations

import argparse

from monitor.bus.messages import Reply, Request, Snapshot
from monitor.errors import NoAnswer, PublishError

_TRIES = 5
_AGAIN = "try again later"
"""What a monitor says that is busy, as it is for a second when it has just begun."""


def told_to_monitor(arguments: argparse.Namespace, name: str, label: str) -> str:
    """Let the monitor that runs, if one does, read what is taught of a class; return what to say about it."""
    from monitor.bus.subscriber import ask

    request = Request("learn", name, client="monitor learn")
    reply: Snapshot | Reply = Reply(ok=False)
    try:
        for _ in range(_TRIES):
            reply = ask(arguments.connect, request, control=arguments.control)
            if isinstance(reply, Reply) and _AGAIN not in (reply.error or ""):
                break
    except NoAnswer:
        return (
            f"No monitor runs now; `monitor run` hears it beside the usual classes, and "
            f"`monitor run --classes {name}` listens for it alone, and more readily."
        )
    except PublishError as error:
        return f"The monitor that runs was not told: {error}"
    if isinstance(reply, Reply) and reply.ok:
        return f"The monitor that runs listens for {label} as it is now."
    error_text = reply.error if isinstance(reply, Reply) else None
    return f"The monitor that runs has not taken it: {error_text or 'it is of another version.'}"
