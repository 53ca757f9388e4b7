"""The memory: what moments sounded like to the model, as embeddings in one SQLite file of this user.

What reads it: ``with opened(config.memory) as moments``, then a method of `MomentStore`.
"""

from monitor.storage.moments.opening import check_key, memory_file, open_moments, opened
from monitor.storage.moments.queries import Asked, MomentStore, Overview
from monitor.storage.moments.rows import MomentBatch
from monitor.storage.moments.writer import MOST_CORRECTIONS, Entry, MomentWriter, OfEvent, Told, Untold

__all__ = [
    "MOST_CORRECTIONS", "Asked", "Entry", "MomentBatch", "MomentStore", "MomentWriter", "OfEvent",
    "Overview", "Told", "Untold", "check_key", "memory_file", "open_moments", "opened",
]  # fmt: skip
