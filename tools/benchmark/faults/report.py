"""Outcomes as a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tools.benchmark.faults.records import Outcome

_HEAD = """\
| fault | how | seen after | as what words | lost | recovered after |
|---|---|---|---|---|---|
"""


def table(outcomes: Sequence[Outcome]) -> str:
    """Return one row for each, and what is wrong below."""
    rows = "".join(f"| {' | '.join(map(_cell, _row(one)))} |\n" for one in outcomes)
    wrong = "".join(f"- **{one.fault.name}**: {said}\n" for one in outcomes for said in one.wrong)
    return _HEAD + rows + (f"\nNot as it should be:\n\n{wrong}" if wrong else "")


def _row(one: Outcome) -> tuple[str, ...]:
    seen = "" if one.seen_s is None else f"{one.seen_s:.1f} s"
    unseen = "nothing, and nothing is disturbed" if not one.fault.seen else "NOTHING"
    back = "NEVER" if one.back_s is None else f"{one.back_s:.1f} s"
    return (one.fault.name, one.fault.how, seen, one.words or unseen, one.lost.told, back)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
