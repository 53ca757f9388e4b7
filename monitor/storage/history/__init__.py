"""What was heard, nearly heard, went wrong and was changed, kept in one SQLite file for this user only."""

from monitor.storage.history.database import HistoryWriter, history_file, open_database
from monitor.storage.history.queries import (
    Asked,
    Found,
    Holdings,
    Repeated,
    acknowledge,
    find,
    find_events,
    holdings,
    missed,
)
from monitor.storage.history.requests import answer

__all__ = [
    "Asked", "Found", "HistoryWriter", "Holdings", "Repeated", "acknowledge", "answer", "find",
    "find_events", "history_file", "holdings", "missed", "open_database",
]  # fmt: skip
