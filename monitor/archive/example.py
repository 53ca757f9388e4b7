"""A recording as an example of what is searched for: its loudest window, embedded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.archive.collector import Collector
from monitor.archive.line import Listener
from monitor.archive.records import Order
from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.errors import ArchiveError
from monitor.records import ClassPrompt


def loudest_embedding(path: Path, encoder: Encoder, config: Config) -> NDArray[np.float32]:
    """Return the embedding, float32 (dim,), of the loudest window of the recording at `path`.

    Raises
    ------
    SourceError
        It cannot be read.
    ArchiveError
        There is no sound in it.
    """
    order = Order("", config, (ClassPrompt("searched", "sound"),), False, "")
    line = Listener(order, encoder).open(path, Collector(scores=False))
    try:
        heard = [(line.level_dbfs(one.start, one.stop), one.vector) for one in line.hear()]
    finally:
        line.close()
    if not heard:
        raise ArchiveError(f"There is no sound in {path}; give a recording of what to look for.")
    return max(heard, key=lambda one: one[0])[1]
