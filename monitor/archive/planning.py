"""Recordings -> tasks: what is not there yet, in pieces that are worth a file of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from monitor.archive.records import Recording, Task

MOST_FILES = 1000
"""Recordings of one part."""
_SHARES = 4
"""So many parts for each worker at least, or some would wait for the last."""


def plan(
    recordings: Sequence[Recording], there: Collection[str], first: int, part_mb: float, workers: int
) -> list[Task]:
    """Return the tasks that are left.

    Parameters
    ----------
    there
        Ids of recordings that are heard already.
    first
        Number of the first task.
    part_mb
        Megabytes of recordings in a part.
    """
    left = [one for one in recordings if one.id not in there]
    fair = sum(one.size for one in left) / max(1, workers * _SHARES)
    most = max(1.0, min(part_mb * 1e6, fair))
    return [Task(first + at, group) for at, group in enumerate(_groups(left, most))]


def _groups(recordings: Sequence[Recording], most: float) -> Iterator[tuple[Recording, ...]]:
    group: list[Recording] = []
    size = 0
    for one in recordings:
        if group and (size + one.size > most or len(group) >= MOST_FILES):
            yield tuple(group)
            group, size = [], 0
        group.append(one)
        size += one.size
    if group:
        yield tuple(group)
