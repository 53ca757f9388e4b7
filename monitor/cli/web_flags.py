"""The flags of the web page that `web` and `run` share, and what is asked for by them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from monitor.cli.arguments import Flags, options_of
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.web.opening import WebOptions


def add_page_flags(parser: Flags) -> None:
    """Add the flags that say how the page is encrypted and called."""
    parser.add_argument(
        "--certificate", type=user_path, metavar="FILE", help="TLS certificate, PEM, with its chain"
    )
    parser.add_argument("--key", type=user_path, metavar="FILE", help="key of the certificate, PEM")
    parser.add_argument(
        "--name",
        dest="names",
        action="append",
        metavar="NAME",
        help="a further name of this computer in the address, such as pi.example.org",
    )


def page_options(arguments: argparse.Namespace, address: str | None) -> WebOptions:
    """Return what the user asked for; empty or no `address` stands for the usual one."""
    from monitor.web.addresses import DEFAULT
    from monitor.web.opening import WebOptions

    names = tuple(arguments.names or ())
    return options_of(WebOptions, arguments, address=address or DEFAULT, names=names)
