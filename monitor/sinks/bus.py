"""The event bus of a run, which also answers from the history that the run keeps."""

from __future__ import annotations

from functools import partial

from monitor.bus.keys import kept_keys
from monitor.bus.public_door import Public
from monitor.bus.publisher import Publisher
from monitor.config.settings import Config
from monitor.storage.history import answer, history_file


def open_bus(config: Config, _: object) -> Publisher | None:
    """Publish as `[publish]` of the configuration says; None where it says not to.

    Raises
    ------
    PublishError
        It cannot be done there, or is for other machines, and there are no keys.
    """
    publish = config.publish
    if publish.bind == "none":
        return None
    path = history_file() if config.history.keep else None
    return Publisher(
        publish.bind,
        publish.high_water_mark,
        publish.control or None,
        history=None if path is None else partial(answer, path),
        public=Public(publish.public, kept_keys()) if publish.public else None,
    )
