"""What the papers report, read from `published.toml`, which has it in one place."""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from importlib.resources import files

import msgspec

_FILE = "published.toml"


class PublishedRow(msgspec.Struct, frozen=True):
    """The figures of one method with one model."""

    model: str
    method: str
    """As `parse_method` reads it."""
    values: tuple[float, ...]
    """One for each of the paper's collections, shares of 1."""


class PublishedFinding(msgspec.Struct, frozen=True):
    """What a paper says of its figures."""

    what: str
    """The same words name our own finding."""
    says: str


class Paper(msgspec.Struct, frozen=True):
    """One paper."""

    title: str
    authors: str
    where: str
    """Where in the paper the figures are."""
    data: tuple[str, ...] = ()
    """The collections they are of."""
    rows: tuple[PublishedRow, ...] = ()
    findings: tuple[PublishedFinding, ...] = ()

    def value(self, model: str, method: str, data: str) -> float | None:
        """Return a figure, None where it was not published."""
        for row in self.rows:
            if (row.model, row.method) == (model, method) and data in self.data:
                return row.values[self.data.index(data)]
        return None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    papers: dict[str, Paper]


_DECODER = msgspec.json.Decoder(_File)


@lru_cache
def read_papers() -> dict[str, Paper]:
    """Return the papers by their number on arXiv."""
    text = files("monitor.evaluation.papers").joinpath(_FILE).read_text("utf-8")
    return _DECODER.decode(json.dumps(tomllib.loads(text))).papers
