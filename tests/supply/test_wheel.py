"""The wheel and the source archive: the same bytes wherever and whenever they are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="needs hatchling (pip install 'sound-monitor[supply]')")

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md")
TREES = ("monitor", "models", "configs", "examples", "tests", "tools", "docs", "container")


def copied(folder: Path) -> Path:
    """Return a copy of the project's files, none of what lies beside them."""
    folder.mkdir(parents=True)
    for name in SOURCES:
        shutil.copy(ROOT / name, folder)
    for name in TREES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def built(tree: Path, out: Path, umask: int, time_s: int) -> list[Path]:
    """Build both in `tree`, as somebody with another umask would at another time."""
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (time_s, time_s))
        path.chmod(0o777 & ~umask if path.is_dir() else 0o666 & ~umask)
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    subprocess.run(command, cwd=tree, env=environment, umask=umask, check=True, capture_output=True)
    return sorted(out.iterdir())


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Path], list[Path]]]:
    folder = tmp_path_factory.mktemp("builds")
    one = built(copied(folder / "here"), folder / "one", 0o022, 1_700_000_000)
    other = built(copied(folder / "there" / "elsewhere"), folder / "other", 0o077, 1_750_000_001)
    yield one, other
    shutil.rmtree(folder)


def test_two_builds_in_other_folders_at_other_times_are_the_same_bytes(
    twice: tuple[list[Path], list[Path]],
) -> None:
    one, other = twice
    assert [path.name for path in one] == [path.name for path in other]
    assert [path.suffix for path in one] == [".whl", ".gz"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_the_wheel_has_the_program_and_its_models_and_no_more(twice: tuple[list[Path], list[Path]]) -> None:
    names = zipfile.ZipFile(twice[0][0]).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"monitor", "sound_monitor"}
    assert "monitor/_share/models/embedded/audio.onnx" in names
    assert "monitor/web/page/index.html" in names


def test_the_source_archive_has_what_the_tests_need_and_no_sound(
    twice: tuple[list[Path], list[Path]],
) -> None:
    with tarfile.open(twice[0][1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*SOURCES, "tests/test_privacy.py", "docs/README.md", "container/runtime.lock"} <= names
    assert {name.split("/")[0] for name in names} <= {*SOURCES, *TREES, "PKG-INFO", ".gitignore"}
    sound = (".wav", ".flac", ".mp3", ".ogg", ".npy", ".pt", ".pth", ".safetensors")
    assert [name for name in names if name.endswith(sound)] == []
