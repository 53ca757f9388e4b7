"""Opens the sink that tells people, where anybody is to be told; what it rests on is loaded then only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.config.settings import Config
from monitor.files.paths import own_folder
from monitor.sinks.kinds import SinkOptions

if TYPE_CHECKING:
    from monitor.sinks.notify.notifier import NotifySink

_FAST_CLOSE_S = 60.0
"""Seconds in which what waits may be told at the end of what is read as fast as possible."""


def open_notify(config: Config, options: SinkOptions) -> NotifySink | None:
    """Tell those that the configuration names, and the command of `--exec`.

    Raises
    ------
    ConfigError
        A target cannot be told as it is written.
    """
    if not config.notify.targets and options.command is None:
        return None
    from monitor.sinks.notify.courier import CLOSE_S, Courier
    from monitor.sinks.notify.notifier import Notifier, NotifySink, Told
    from monitor.sinks.notify.planner import Planner
    from monitor.sinks.notify.spool import Spool
    from monitor.sinks.notify.ways import OF_COMMAND_LINE, called, open_channels, targets_of

    targets = targets_of(config.notify, options.command)
    state = own_folder("state")
    folder = None if state is None else state / "notify"
    channels = open_channels(targets)
    told = []
    for name, one in targets.items():
        spool = Spool(None if name == OF_COMMAND_LINE else folder, name)
        told.append(Told(Planner(one), Courier(called(name), channels[name], spool, one.keep_s)))
    close_s = CLOSE_S if options.wait is None else _FAST_CLOSE_S
    notifier = Notifier(told, config.notify.unwell_after_s, close_s=close_s)
    notifier.start()
    return NotifySink(notifier, close_s)
