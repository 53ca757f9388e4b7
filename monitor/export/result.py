"""What an export gives: files, and how near they are to their source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tower = Literal["audio", "text"]
Form = Literal["fp32", "int8", "fp16"]


@dataclass(frozen=True)
class Comparison:
    """What is compared with what."""

    tower: Tower
    form: Form
    against: str
    """What the exported graph is compared with, in words."""


@dataclass(frozen=True)
class Parity:
    """One input through an exported graph and through what it is compared with."""

    comparison: Comparison
    item: str
    """Which input."""
    cosine: float
    largest: float
    """Largest difference of two values; embeddings are of unit norm."""


@dataclass(frozen=True)
class Summary:
    """The worst of one comparison."""

    comparison: Comparison
    items: int
    """Inputs."""
    cosine: float
    """Least."""
    largest: float


@dataclass(frozen=True)
class ExportedFile:
    """One file of the new folder."""

    file: str
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True)
class ExportReport:
    """Everything the user should know about an export."""

    name: str
    """Name the model is installed under."""
    folder: str
    layout: str
    """Layout of the checkpoint."""
    network: str
    """What was found in it, such as "HTSAT-tiny, unfused"."""
    input_len: int
    """Samples the audio tower takes."""
    front_end: str
    """The choices of the front end, in words."""
    files: tuple[ExportedFile, ...]
    parity: tuple[Parity, ...]
    notes: tuple[str, ...]
    """What the user should know, as sentences."""
    seconds: float

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """The worst of each comparison."""
        return summarise(self.parity)


def summarise(rows: Iterable[Parity]) -> tuple[Summary, ...]:
    """Return the worst of each comparison, in the order in which they were made."""
    groups: dict[Comparison, list[Parity]] = {}
    for row in rows:
        groups.setdefault(row.comparison, []).append(row)
    return tuple(
        Summary(comparison, len(of), min(row.cosine for row in of), max(row.largest for row in of))
        for comparison, of in groups.items()
    )


def as_markdown(report: ExportReport) -> str:
    """Draw the report as Markdown: the worst of each comparison, then every input."""
    files = [f"| {file.file} | {file.size / 1e6:.1f} MB | `{file.sha256}` |" for file in report.files]
    worst = [
        f"| {_named(row.comparison)} | {row.items} | {row.cosine:.7f} | {row.largest:.1e} |"
        for row in report.summaries
    ]
    each = [
        f"| {_named(row.comparison)} | {row.item} | {row.cosine:.7f} | {row.largest:.1e} |"
        for row in report.parity
    ]
    lines = [
        f"# {report.name}: the exported towers beside their source",
        "",
        f"Network: {report.network}. Front end: {report.front_end}.",
        "",
        *("| file | size | sha256 |", "|---|---|---|", *files),
        "",
        *(
            "| tower | against | inputs | least cosine | largest difference |",
            "|---|---|---|---|---|",
            *worst,
        ),
        "",
        *("| tower | against | input | cosine | largest difference |", "|---|---|---|---|---|", *each),
        "",
        *report.notes,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _named(comparison: Comparison) -> str:
    return f"{comparison.tower} {comparison.form} | {comparison.against}"
