"""The files of a model that are not here yet: fetched one by one, or named for who must bring them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor.errors import ModelError, ModelUnreachable
from monitor.install.download import RetryPolicy, Watcher, fetch
from monitor.install.partial_file import Download, is_whole


@dataclass(frozen=True)
class InstallOptions:
    """How to install."""

    name: str
    """What the model will be called."""
    force: bool = False
    """Replace another model of that name, and check again what is there."""
    offline: bool = False
    """Stay off the network."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)


def fetch_all(items: Sequence[Download], options: InstallOptions, watcher: Watcher) -> None:
    """Fetch those of `items`, all of one folder, that are not whole.

    Raises
    ------
    ModelUnreachable
        Offline or unreachable, and files are missing; it says which, and where to put them.
    ModelError
        The disk is full, or a file is not what it should be.
    """
    wanted = [item for item in items if not is_whole(item)]
    if not wanted:
        return
    if options.offline:
        raise ModelUnreachable(f"Cannot fetch {options.name!r} offline. Fetch by hand: {_by_hand(wanted)}")
    _check_space(wanted, wanted[0].path.parent)
    for item in wanted:
        try:
            fetch(item, watcher, options.retry)
        except ModelUnreachable as error:
            missing = [other for other in wanted if not is_whole(other)]
            raise ModelUnreachable(
                f"{error} Name a mirror (HF_ENDPOINT, or MONITOR_MIRROR for GitHub), or fetch by hand: "
                f"{_by_hand(missing)}"
            ) from None


def _check_space(items: Sequence[Download], folder: Path) -> None:
    here = sum(item.path.stat().st_size for item in items if item.path.exists())
    needed = sum(item.size for item in items) - here
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ModelError(
            f"{folder} has {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB are still to come; make room, or "
            "set MONITOR_MODELS to a folder on another disk."
        )


def _by_hand(items: Sequence[Download]) -> str:
    addresses, folder = ", ".join(item.shown for item in items), items[0].path.parent
    return (
        f"{addresses}; put the files into {folder} under the names at the end of the addresses, and give the "
        "same command again: it then needs no network."
    )
