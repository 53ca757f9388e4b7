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
    assert {extra for _, extra in told - others} <= set(project["optional-dependencies"])


def _told_in() -> list[Path]:
    trees = [path for tree in ("monitor", "tools", "tests") for path in (ROOT / tree).rglob("*.py")]
    return [*PAGES, *trees, *sorted((ROOT / "models").glob("*.toml"))]
