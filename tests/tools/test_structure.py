"""The figures of a small tree that is written here."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.tools.load import load_tool

tool = load_tool("tools.maintain.structure")

LONG = "def long():\n" + "    x = 1\n" * 9
FILES = {
    "monitor/__init__.py": '"""Doc."""\n',
    "monitor/errors.py": "class Error(Exception): ...\n",
    "monitor/cli/__init__.py": "",
    "monitor/cli/main.py": "from monitor.bus import client\nimport monitor.errors\n" + LONG,
    "monitor/bus/__init__.py": "",
    "monitor/bus/client.py": "def ask():\n    from monitor.bus.codec import read\n    return read\n",
    "monitor/bus/codec.py": "import json\nfrom monitor.errors import Error\n",
    "tools/draw.py": "def draw():\n    pass\n",
}


def figures(**changed: str) -> dict[str, Any]:
    """Return what is said of the tree, some files of `monitor/bus` changed."""
    files = FILES | {f"monitor/bus/{name}.py": text for name, text in changed.items()}
    found: dict[str, Any] = tool.structure({PurePosixPath(name): text for name, text in files.items()})
    return found


def test_lengths_are_counted_per_tree() -> None:
    assert figures()["trees"]["monitor"]["lines"] == 1 + 1 + 12 + 3 + 2
    assert figures()["trees"]["monitor"]["files"] == {"count": 7, "p50": 1, "p90": 12, "max": 12}
    assert figures()["trees"]["monitor"]["functions"] == {"count": 2, "p50": 10, "p90": 10, "max": 10}
    assert figures()["trees"]["tools"]["functions"]["max"] == 2
    assert figures()["trees"]["tests"]["files"]["count"] == 0


def test_a_part_lies_above_all_that_it_imports() -> None:
    assert figures()["layers"] == [["cli/"], ["bus/"], ["errors", "monitor"]]
    assert figures()["imports"]["cli/"] == ["bus/", "errors"]
    assert figures()["modules per part"]["bus/"] == 3
    assert figures()["modules per folder"]["monitor"] == 2


def test_a_circle_of_modules_is_found_through_an_import_within_a_function() -> None:
    assert figures()["circles of modules"] == []
    found = figures(codec="from monitor.bus.client import ask\n")
    assert found["circles of modules"] == [["monitor.bus.client", "monitor.bus.codec"]]
    assert found["circles of folders"] == []


def test_a_circle_of_folders_is_found_and_shares_a_layer() -> None:
    found = figures(codec="from monitor.cli.main import long\n")
    assert found["circles of folders"] == [["bus/", "cli/"]]
    assert ["bus/", "cli/"] in found["layers"]


def test_an_import_for_types_only_makes_no_circle() -> None:
    only = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from monitor.bus.client import ask\n"
    assert figures(codec=only)["circles of modules"] == []


def test_a_commit_that_is_none_is_refused_in_the_words_of_git() -> None:
    with pytest.raises(SystemExit, match=r"structure: .*no-such-commit"):
        tool.sources("no-such-commit")


def test_no_module_of_the_program_imports_itself_round_a_corner() -> None:
    root = Path(__file__).parents[2]
    files = {
        PurePosixPath(path.relative_to(root)): path.read_text("utf-8")
        for path in (root / "monitor").rglob("*.py")
    }
    found = tool.structure(files)
    assert found["circles of modules"] == []
    assert found["circles of folders"] == []
