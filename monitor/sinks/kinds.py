"""Which sinks there are: a name -> what opens it. A new sink is its module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import msgspec

from monitor.config.broker import Password
from monitor.config.settings import Config
from monitor.diary.journal import Journal
from monitor.sinks import Sink


class SinkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What of the command line says where a run's records go, beside the configuration."""

    headless: bool = False
    """Lines on standard output."""
    as_json: bool = False
    """They are JSON; what stops a source from hearing is told on standard error."""
    near_misses: bool = False
    """They tell near misses too."""
    journal: Journal | None = None
    """Lines are its entries instead."""
    log: Path | None = None
    """Where events, near misses and changes of health are added as lines of JSON."""
    command: str | None = None
    """What is run for each sound, with its event as JSON on standard input."""
    mqtt_password: Password | None = None
    """For the broker of `[mqtt]`, where the command line has one."""
    wait: Callable[[], bool] | None = None
    """Asked again and again: whether to wait for a slow reader of lines instead of dropping some."""


SINKS: dict[str, str] = {
    "bus": "monitor.sinks.bus:open_bus",
    "lines": "monitor.sinks.standard_streams:open_lines",
    "troubles": "monitor.sinks.standard_streams:open_troubles",
    "log": "monitor.sinks.log:open_log",
    "history": "monitor.sinks.history:open_history",
    "notify": "monitor.sinks.notify.opening:open_notify",
    "mqtt": "monitor.sinks.mqtt.sink:open_mqtt",
    "uplink": "monitor.sinks.uplink.sink:open_uplink",
    "service_manager": "monitor.sinks.service_manager:open_service_manager",
    "metrics": "monitor.sinks.metrics.server:open_metrics",
}
"""``module:function``, loaded when a run begins: ``(config: Config, options: SinkOptions) -> Sink | None``.

They open what is asked for, in this order; None: it is not asked for.
"""


def make_sink(name: str, config: Config, options: SinkOptions) -> Sink | None:
    """Open the sink `name` of `SINKS`; None where it is not asked for.

    Raises
    ------
    MonitorError
        It cannot be had.
    """
    sink: Sink | None = resolve_name(SINKS[name])(config, options)
    return sink
