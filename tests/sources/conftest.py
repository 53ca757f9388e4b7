from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vmic import VirtualMicrophones, missing


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
