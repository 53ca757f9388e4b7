"""The `web` verb: the web page of one or several running monitors."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import DEFAULT_ENDPOINT, AddVerb
from monitor.cli.web_flags import add_page_flags, page_options
from monitor.console import show, show_drawn, tell
from monitor.errors import ConfigError


def add_web(verbs: Any, add_verb: AddVerb) -> None:
    """Add `web` to the verbs of the program."""
    web = add_verb(verbs, "web", _web, "a web page, for a phone too, of running monitors")
    web.add_argument(
        "address", nargs="?", metavar="ADDRESS:PORT", help="where it is served (default 127.0.0.1:8557)"
    )
    web.add_argument(
        "--connect",
        action="append",
        metavar="ENDPOINT",
        help=f"a monitor; again for another one (default {DEFAULT_ENDPOINT})",
    )
    web.add_argument(
        "--control", action="append", metavar="ENDPOINT", help="its control socket, if that is not found"
    )
    add_page_flags(web)
    web.add_argument("--forget", action="store_true", help="forget all browsers that were paired, and end")


def _web(arguments: argparse.Namespace) -> int:
    from monitor.bus.addresses import check_known
    from monitor.bus.subscriber import Subscriber
    from monitor.web.asking import Place
    from monitor.web.opening import open_web
    from monitor.web.serving import PageServer

    if arguments.forget:
        return _forget()
    endpoints, controls = arguments.connect or [DEFAULT_ENDPOINT], arguments.control or []
    if controls and len(controls) != len(endpoints):
        raise ConfigError(
            f"{len(controls)} --control for {len(endpoints)} --connect; give one for each, in the same order."
        )
    if len(set(endpoints)) != len(endpoints):
        raise ConfigError("The same monitor cannot be shown twice; name each --connect once.")
    controls = controls or [None] * len(endpoints)
    places = [Place(check_known(one), control) for one, control in zip(endpoints, controls, strict=True)]
    for place in places:
        Subscriber(
            place.endpoint, control=place.control
        ).close()  # refuses what cannot be read, keys included
    opened = open_web(page_options(arguments, arguments.address))
    server = PageServer(opened, places, tell)
    for sentence in opened.sentences:
        show(sentence)
    if not opened.address.is_loopback:
        _show_square(opened.pairing_url)
    show("Ctrl-C ends it; monitors go on.")
    server.run()
    return 0


def _forget() -> int:
    from monitor.web.opening import web_folder

    folder = web_folder()
    key = None if folder is None else folder / "key"
    if key is None or not key.exists():
        show("No browser was paired.")
        return 0
    try:
        key.unlink()
    except OSError as error:
        raise ConfigError(f"{key} cannot be removed: {error.strerror}; remove it by hand.") from None
    show("All browsers are forgotten; a page that is served now forgets them when it is started again.")
    return 0


def _show_square(url: str) -> None:
    """Show `url` as a code that a phone's camera reads, where the package for it is installed."""
    try:
        import segno
    except ImportError:
        return
    import io

    drawn = io.StringIO()
    segno.make(url, error="m").terminal(drawn, border=2, compact=True)
    show_drawn(drawn.getvalue().rstrip("\n"))
