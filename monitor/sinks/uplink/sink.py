"""The sink through which a node reports to a broker of many."""

from __future__ import annotations

import sqlite3
import uuid
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from monitor import __version__
from monitor.config.broker import MQTT_OR_NATS, broker_address
from monitor.config.settings import Config, UplinkConfig
from monitor.files.paths import own_folder
from monitor.names import slug
from monitor.sinks.broker import BrokerSink
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.uplink.link import Topics
from monitor.sinks.uplink.opening import make_link
from monitor.sinks.uplink.remote import Remote
from monitor.sinks.uplink.signature import public_key
from monitor.sinks.uplink.spool import Spool
from monitor.sinks.uplink.summary import About, Summary, is_wanted
from monitor.sinks.uplink.worker import Worker
from monitor.storage.pushed import pushed_file
from monitor.wording import node_name


def open_uplink(config: Config, _: SinkOptions) -> BrokerSink[Worker] | None:
    """Report to the broker of `[uplink]`; None where there is none. It need not be there yet.

    Raises
    ------
    ConfigError
        Address, password, certificates or credentials are not usable, or a library is missing.
    """
    settings = config.uplink
    if not settings.url:
        return None
    node = slug(node_name(config.publish.node))
    connect = make_link(settings, Topics(settings.prefix, node))
    spool, news = open_spool(settings, node)
    about = About(
        node=node,
        run=uuid.uuid4().hex[:12],
        version=__version__,
        place=settings.place,
        started=datetime.now(UTC),
        heartbeat_s=settings.heartbeat_s,
    )
    url = broker_address(settings.url, "uplink.url", MQTT_OR_NATS).url
    said: deque[str] = deque([*news, *_warnings(settings)])
    remote = Remote(
        node,
        pushed_file(settings.prefix, node),
        settings.accept_config,
        public_key(settings.config_key) if settings.config_key else None,
        settings.healthy_s,
        said.append,
    )
    worker = Worker(f"The broker {url}", Summary(about), spool, remote, connect, settings, said)
    return BrokerSink(worker, is_wanted)


def _warnings(settings: UplinkConfig) -> list[str]:
    if not settings.accept_config or settings.config_key:
        return []
    return [
        "Whoever may write on the broker may set what this node listens for; [uplink] config_key limits it."
    ]


def open_spool(settings: UplinkConfig, node: str) -> tuple[Spool, list[str]]:
    """Return where reports wait: on the disk, else in memory; and what a person is to know of that."""
    path = _path(settings.prefix, node)
    news = [] if path else ["There is no home folder: reports wait in memory only; set XDG_STATE_HOME."]
    try:
        spool = Spool(path, settings.keep_days, settings.max_mb)
    except BlockingIOError:
        news.append(
            f"Another monitor of this computer is the node {node} too; give one of them another "
            "[publish] node. Reports of this one wait in memory only."
        )
        spool = Spool(None, settings.keep_days, settings.max_mb)
    except (sqlite3.Error, OSError) as error:
        why = getattr(error, "strerror", None) or error
        news.append(f"{path} cannot be used ({why}); reports wait in memory only.")
        spool = Spool(None, settings.keep_days, settings.max_mb)
    if spool.set_aside is not None:
        news.append(f"The reports that waited could not be read and are now {spool.set_aside}.")
    return spool, news


def _path(prefix: str, node: str) -> Path | None:
    folder = own_folder("state")
    return None if folder is None else folder / "uplink" / f"{prefix.replace('/', '.')}@{node}.sqlite"
