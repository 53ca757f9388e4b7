"""Which broker the actions of `monitor fleet` look at."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from monitor.cli.setting_flags import uplink_keys
from monitor.config.settings import load_config
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.fleet.opening import Reader
    from monitor.fleet.sightings import Sightings


def add_broker(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which broker nodes report to."""
    parser.add_argument(
        "--uplink", metavar="URL", help="the broker, mqtt[s]://HOST, nats://HOST or tls://HOST"
    )
    parser.add_argument("--config", type=user_path, metavar="FILE", help="settings with [uplink]")


@contextmanager
def reading(arguments: argparse.Namespace, sightings: Sightings, reports: bool = False) -> Iterator[Reader]:
    """Hold a reader of that broker, which has brought what is kept."""
    from monitor.fleet.opening import open_reader

    flags = {"uplink": uplink_keys(arguments.uplink)} if arguments.uplink else {}
    settings = load_config(arguments.config, os.environ, flags).uplink
    reader = open_reader(settings, sightings, reports, getattr(arguments, "since", None))
    try:
        yield reader
    finally:
        reader.close()
