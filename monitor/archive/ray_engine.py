"""The engine `ray`: the same tasks, by actors of Ray, on this machine or on a cluster that shares the folder.

The only file that knows Ray. It reports what it is used for to its makers unless that is switched off before
its import, and opens a dashboard; neither happens here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from monitor.archive.records import Done, Order, Step, Summary, Task
from monitor.errors import ArchiveError, MonitorError, ProgramError
from monitor.extras import install
from monitor.privacy import keep_private

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_metrics_collection": "0",
}
_RETRIES = 4
"""Times a task is begun again after its process, or its machine, is gone."""
_ORDER, _TASK, _SUMMARY = (
    msgspec.json.Decoder(Order),
    msgspec.json.Decoder(Task),
    msgspec.json.Decoder(Summary),
)


def load_ray() -> Any:
    """Return Ray, which tells nobody.

    Raises
    ------
    ArchiveError
        It is not installed.
    """
    keep_private()
    os.environ.update(_QUIET)
    try:
        import ray
    except ImportError:
        raise ArchiveError(
            f"--engine ray needs Ray; say --engine local, or install it with: {install(extra='ray')}"
        ) from None
    return ray


def run_ray(order: Order, tasks: Sequence[Task], workers: int | None) -> Iterator[Step | Done]:
    """Hear `tasks` by Ray; yield each that is finished, and how far it all is.

    Parameters
    ----------
    workers
        Processes side by side; None: as many as the cluster has CPUs.

    Raises
    ------
    ArchiveError
        A process cannot go on, and no other could.
    ProgramError
        Ray gives up.
    """
    ray = load_ray()
    began = not ray.is_initialized()
    if began:
        _begin(ray, workers)
    try:
        yield from _results(ray, order, tasks, workers)
    finally:
        if began:
            ray.shutdown()


def _begin(ray: Any, workers: int | None) -> None:
    """Join the cluster that `RAY_ADDRESS` names, else begin one of this machine alone."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**quiet)
        return
    cores = len(os.sched_getaffinity(0))
    ray.init(
        address="local", num_cpus=workers or cores, include_dashboard=False,
        _node_ip_address="127.0.0.1", **quiet,
    )  # fmt: skip


def _results(ray: Any, order: Order, tasks: Sequence[Task], workers: int | None) -> Iterator[Step | Done]:
    from ray.util import ActorPool

    cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
    count = max(1, min(workers or cpus, len(tasks)))
    kind = ray.remote(num_cpus=1, max_restarts=_RETRIES, max_task_retries=_RETRIES)(RayParts)
    pool = ActorPool([kind.remote(msgspec.json.encode(order)) for _ in range(count)])
    rows = [msgspec.json.encode(task) for task in tasks]
    try:
        for row in pool.map_unordered(lambda actor, task: actor.hear.remote(task), rows):
            yield from _told(row)
    except ray.exceptions.RayError as error:
        raise ProgramError(f"Ray gave up ({_first(error)}); run it again to go on.") from None


def _told(row: dict[str, Any]) -> Iterator[Step | Done]:
    if row["wrong"]:
        raise ArchiveError(row["wrong"])
    summary = _SUMMARY.decode(row["summary"])
    yield Step(summary.sound_s, summary.size)
    yield Done(row["number"], summary)


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]


class RayParts:
    """What hears in one of Ray's processes: the same `Parts` as everywhere."""

    def __init__(self, order: bytes) -> None:
        from monitor.archive.part import Parts

        keep_private()
        self._wrong = ""
        try:
            self._parts: Parts | None = Parts(_ORDER.decode(order))
        except MonitorError as error:
            self._parts, self._wrong = None, str(error)

    def hear(self, row: bytes) -> dict[str, Any]:
        """Hear one task."""
        task = _TASK.decode(row)
        summary = Summary()
        try:
            if self._parts is not None:
                summary = self._parts.hear(task, lambda _: None)
        except MonitorError as error:
            self._wrong = str(error)
        return {"number": task.number, "summary": msgspec.json.encode(summary), "wrong": self._wrong}
