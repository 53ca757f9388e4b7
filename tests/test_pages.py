"""The pages for people: what they link to is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)")
JOINED = re.compile(r'"\n\s*f?"')
"""Between two parts of one sentence in code."""
INSTALL = re.compile(r"pip install (?:-\S+ )*['\"]([\w.-]+)\\?\[([a-z,]+)\\?\]['\"]")
IN_CODE = re.compile(r"\binstall\(extra=['\"]([a-z]+)['\"]\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page.suffix == ".md" and page not in reached:
            reached.add(page)
            ahead += [
                (page.parent / link).resolve()
                for link in LINK.findall(page.read_text("utf-8"))
                if "://" not in link
            ]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_what_a_page_or_a_message_tells_to_install_is_this_distribution_and_an_extra_that_exists() -> None:
    """Another name may be anybody's on the package index, and what is theirs would be run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    told = {
        found for path in _told_in() for found in INSTALL.findall(JOINED.sub("", path.read_text("utf-8")))
    }
    told = {(name, extra) for name, extras in told for extra in extras.split(",")}
    others = {("onnxruntime-gpu", "cuda"), ("onnxruntime-gpu", "cudnn")}
    assert {name for name, _ in told - others} == {".", project["name"]}
    code = {extra for path in _told_in() for extra in IN_CODE.findall(path.read_text("utf-8"))}
    assert len(code) > 5
    assert code | {extra for _, extra in told - others} <= set(project["optional-dependencies"])


def test_how_to_install_is_said_by_one_function_and_a_page_names_the_environment() -> None:
    """A bare `pip` may be that of another environment, and this program is on no package index."""
    code = [path for path in (ROOT / "monitor").rglob("*.py") if "pip install" in path.read_text("utf-8")]
    assert [str(path.relative_to(ROOT)) for path in code] == []
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    bare = re.compile(r"(?<![/\w-])pip install (?:-e )?'(?:\.|sound-monitor)\[|'sound-monitor\[")
    assert [str(page.relative_to(ROOT)) for page in pages if bare.search(page.read_text("utf-8"))] == []


def _told_in() -> list[Path]:
    trees = [path for tree in ("monitor", "tools", "tests") for path in (ROOT / tree).rglob("*.py")]
    return [*PAGES, *trees, *sorted((ROOT / "models").glob("*.toml"))]
