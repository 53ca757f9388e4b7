"""What a run tells on its standard output and standard error."""

from __future__ import annotations

import sys

from monitor.config.settings import Config
from monitor.sinks.journal_lines import JournalLines
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.lines import LineSink, TroubleSink


def open_lines(config: Config, options: SinkOptions) -> LineSink | None:
    """Print on standard output where that is asked for; where that leads into the journal, write entries."""
    if not options.headless:
        return None
    elsewhere = "" if config.publish.bind == "none" else "Events are still published."
    if options.journal is not None and not options.as_json:
        return JournalLines(options.journal, options.near_misses, elsewhere)
    return LineSink(sys.stdout, options.as_json, options.near_misses, options.wait, elsewhere)


def open_troubles(_: Config, options: SinkOptions) -> TroubleSink | None:
    """Tell of a lost or silent source on standard error where standard output is for a program."""
    return TroubleSink(sys.stderr) if options.as_json else None
