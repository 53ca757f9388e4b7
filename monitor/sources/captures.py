"""The capture threads of a run: begun and ended side by side, for opening a device takes up to seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceError
from monitor.sources import Channelled, Source
from monitor.sources.capture import Capture
from monitor.sources.file import FileSource
from monitor.sources.gathered import GatheredSource
from monitor.stream.channels import chosen
from monitor.stream.ring import Ring


def start_captures(
    sources: Sequence[Source],
    rings: Sequence[Ring],
    sample_rate: int,
    configs: Sequence[CaptureConfig],
    *,
    gathered: bool,
) -> list[Capture]:
    """Open all sources side by side; `gathered`: their blocks are put together, and taken in one at a time.

    Raises
    ------
    SourceError
        One cannot be opened, or lacks the channel that is to be heard; all are closed again.
    """
    one_at_a_time = threading.Lock()
    captures = [
        Capture(
            GatheredSource(source) if gathered else source,
            ring,
            sample_rate,
            config,
            wait=not source.live or isinstance(source, FileSource),
            alone=one_at_a_time if gathered and source.live and not isinstance(source, FileSource) else None,
        )
        for source, ring, config in zip(sources, rings, configs, strict=True)
    ]
    try:
        _at_once([capture.start for capture in captures])
        for source, config in zip(sources, configs, strict=True):
            _refuse_channel(source, config)
    except SourceError:
        stop_captures(captures)
        raise
    return captures


def _refuse_channel(source: Source, config: CaptureConfig) -> None:
    """Refuse a channel that a source lacks before anything is said of it."""
    if isinstance(source, Channelled) and source.channels:
        chosen(config.channels.get(source.id, config.channel), source.channels, source.name)


def stop_captures(captures: Sequence[Capture]) -> None:
    """End all of them within about a second."""
    _at_once([capture.stop for capture in captures])


def tell_microphones_apart(sources: Sequence[Source]) -> None:
    """Settle which device each microphone is; nothing of sound systems is loaded where there is none."""
    if any(source.live for source in sources):
        from monitor.sources.microphone import Microphone
        from monitor.sources.microphone_choice import choose_all

        choose_all([source for source in sources if isinstance(source, Microphone)])


def _at_once(works: Sequence[Callable[[], None]]) -> None:
    """Do all of `works` side by side, and raise the first error: opening a device takes up to seconds."""
    errors: list[Exception] = []

    def do(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that wants to know
            errors.append(error)

    others = [threading.Thread(target=do, args=(work,), daemon=True) for work in works[1:]]
    for other in others:
        other.start()
    do(works[0])
    for other in others:
        other.join()
    if errors:
        raise errors[0]
