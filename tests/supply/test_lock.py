"""The container's lock files: they fit what pyproject.toml asks for, and name no package index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.maintain.write_lock import EXTRAS, FOLDER, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted(FOLDER.glob("*.lock"))
RENEW = "run: python -m tools.maintain.write_lock"


def packages(lock: Path) -> dict[str, str]:
    """Return name -> version of what the lock has for this computer and the oldest Python."""
    found: dict[str, str] = {}
    here = {**default_environment(), "python_version": "3.11", "python_full_version": "3.11.2"}
    for line in lock.read_text("utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            one = Requirement(line.rstrip("\\ "))
            if one.marker is None or one.marker.evaluate(here):  # type: ignore[arg-type]
                found[canonicalize_name(one.name)] = str(one.specifier).removeprefix("==")
    return found


def unfit(wanted: list[str], lock: Path) -> list[str]:
    """Return the requirements that the lock does not meet."""
    there = packages(lock)
    asked = [Requirement(text) for text in wanted]
    return [
        str(one)
        for one in asked
        if not one.specifier.contains(there.get(canonicalize_name(one.name), "0.dev0"), prereleases=True)
    ]


def test_what_the_program_runs_on_fits_the_ranges_of_the_project() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *(one for extra in EXTRAS for one in extras[extra])]
    assert unfit(wanted, FOLDER / "runtime.lock") == [], RENEW


def test_what_its_wheel_is_built_with_fits_too() -> None:
    assert unfit(PROJECT["build-system"]["requires"], FOLDER / "build.lock") == [], RENEW


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_has_hashes_and_no_line_says_where_packages_come_from(lock: Path) -> None:
    text = lock.read_text("utf-8")
    entries = re.findall(r"^[A-Za-z0-9][^\n]*\n(?:    [^\n]*\n?)*", text, re.MULTILINE)
    assert len(entries) >= 4
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|@ |file:", text)


def test_a_version_that_does_not_fit_is_noticed(tmp_path: Path) -> None:
    lock = tmp_path / "runtime.lock"
    lock.write_text("numpy==3.1.0 \\\n    --hash=sha256:00\n", "utf-8")
    assert unfit(["numpy>=1.26,<3"], lock) == ["numpy<3,>=1.26"]
    assert unfit(["soxr>=0.5,<2"], lock) == ["soxr<2,>=0.5"]
