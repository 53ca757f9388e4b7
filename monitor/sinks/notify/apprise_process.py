"""The process in which apprise runs: one address, then a message a line; the only file that knows apprise.

apprise keeps nothing on the disk here, takes no attachments, and adds no address of its maker to a message.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO

_URGENT = {"NotifyNtfy": "max", "NotifyGotify": 10}
"""Services whose highest priority wakes a phone that is set to silence."""


class _LastWarning(logging.Handler):
    """Remembers why apprise could not deliver."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


def main() -> None:
    """Answer each line of standard input with one on standard output, until there is none any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing else may write among the answers
    warnings = _LastWarning()
    logging.getLogger("apprise").addHandler(warnings)
    logging.getLogger("apprise").propagate = False
    service = _service(json.loads(sys.stdin.readline())["url"])
    _say(answers, service is not None, warnings.text or "no such service")
    for line in sys.stdin:
        warnings.text = ""
        _say(answers, service is not None and _told(service, json.loads(line)), warnings.text)


def _service(url: str) -> Any:
    """Return what tells by `url`; None: apprise takes no such address."""
    import apprise

    asset = apprise.AppriseAsset(
        app_id="monitor", app_desc="monitor", app_url="", image_url_mask="", image_url_logo="",
        storage_mode=apprise.PersistentStoreMode.MEMORY, pgp_autogen=False, pem_autogen=False,
        async_mode=False,
    )  # fmt: skip
    return apprise.Apprise.instantiate(url, asset=asset)


def _told(service: Any, message: dict[str, Any]) -> bool:
    import apprise

    kinds = {True: apprise.NotifyType.FAILURE, False: apprise.NotifyType.INFO}
    urgent = message["urgent"]
    try:
        with _as_urgent(service) if urgent else contextlib.nullcontext():
            return bool(
                service.notify(title=message["title"], body=message["body"], notify_type=kinds[urgent])
            )
    except Exception as error:  # noqa: BLE001 - a fault of a plug-in of apprise is a message not delivered
        logging.getLogger("apprise").warning("apprise failed (%s)", type(error).__name__)
        return False


@contextlib.contextmanager
def _as_urgent(service: Any) -> Iterator[None]:
    """Let what is sent meanwhile wait for no pause after the message before, and wake whoever sleeps."""
    own: dict[str, Any] = {"request_rate_per_sec": 0.0}
    if (priority := _URGENT.get(type(service).__name__)) is not None:
        own["priority"] = priority
    before = {name: getattr(service, name) for name in own}
    for name, value in own.items():
        setattr(service, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(service, name, value)


def _say(answers: TextIO, ok: bool, why: str) -> None:
    answers.write(json.dumps({"ok": ok, "why": "" if ok else why}) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
