"""Settings for all tests, and microphones without hardware."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.skipped import pytest_addoption, pytest_configure  # noqa: F401 - pytest finds them here
from tests.vmic import VirtualMicrophones, missing

os.environ["MONITOR_NO_CACHE"] = "1"  # no test may rest on what another one embedded
os.environ["XDG_DATA_HOME"] = str(Path(__file__).parent / "none")  # nor on what the user has installed
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="state")  # nor on what the user's places have taught
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="run")  # nor leave sockets where the user has theirs
atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)

MOST_WORKERS = 6

# A busy machine must not fail a property: how long an example takes says nothing about it.
settings.register_profile("monitor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("monitor")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests `-n auto` runs side by side: one more than there are CPUs, for many wait."""
    return min(len(os.sched_getaffinity(0)) + 1, MOST_WORKERS)


@pytest.fixture(autouse=True)
def _nothing_taught() -> Iterator[None]:
    """Let no test rest on what a run in another one has learnt of its source."""
    yield
    shutil.rmtree(Path(os.environ["XDG_STATE_HOME"], "monitor"), ignore_errors=True)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Return a folder whose path leaves room for a socket's name; `tmp_path` may be too long."""
    folder = Path(tempfile.mkdtemp(prefix="vmic"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _started(
    folder: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> Iterator[VirtualMicrophones]:
    if reason := missing():
        pytest.skip(reason)
    microphones = VirtualMicrophones(folder, names)
    for name, value in microphones.environment.items():
        monkeypatch.setenv(name, value)
    try:
        microphones.start()
        yield microphones
    finally:
        microphones.stop()


@pytest.fixture
def vmic(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophones]:
    """One virtual microphone, `attic`; when it is unplugged there is no other to fall back to."""
    yield from _started(short_folder, ("attic",), monkeypatch)


@pytest.fixture
def two_vmics(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophones]:
    """Two virtual microphones, `kitchen left` and `kitchen right` in all but the blank."""
    yield from _started(short_folder, ("kitchen_left", "kitchen_right"), monkeypatch)
