from __future__ import annotations

import io

import msgspec

from monitor.bus.messages import Change, Health
from monitor.sinks.lines import LineSink, TroubleSink
from tests.examples import NOON, health

WHO = "the interface (pid 123)"


def changed(*numbers: int, state: Health | None = None) -> Health:
    changes = [Change(number, NOON, "mute", WHO, "siren", False, True) for number in numbers]
    return msgspec.structs.replace(state or health(), changes=changes)


def lines(sink: LineSink | TroubleSink, out: io.StringIO, *reports: Health) -> list[str]:
    for report in reports:
        sink.emit(report)
    sink.close()
    return [line.partition("  ")[2] for line in out.getvalue().splitlines() if "  change  " in line]


TOLD = f"change  siren muted by {WHO}"


def test_who_changed_what_is_a_line_once() -> None:
    out = io.StringIO()
    assert (
        lines(LineSink(out, as_json=False), out, changed(), changed(1), changed(1), changed(1, 2))
        == [TOLD] * 2
    )


def test_it_is_told_beside_json_too_and_also_while_a_source_is_lost() -> None:
    out = io.StringIO()
    lost = health("lost", "it is gone")
    reports = (
        changed(),
        changed(1),
        changed(1, 2, state=lost),
        changed(2, 3, state=lost),
        changed(3),
        changed(3, 4),
    )
    assert lines(TroubleSink(out), out, *reports) == [TOLD] * 4


def test_what_was_changed_before_one_joined_is_no_news_but_what_is_muted_is_told() -> None:
    out = io.StringIO()
    muted = [msgspec.structs.replace(state, muted=True) for state in health().classes]
    joined = msgspec.structs.replace(changed(1, 2), classes=muted)
    assert lines(LineSink(out, as_json=False), out, joined, changed(1, 2, 3)) == [TOLD]
    assert ", muted: dog bark\n" in out.getvalue()


def test_after_a_restart_the_changes_of_the_new_run_are_told() -> None:
    out = io.StringIO()
    assert lines(LineSink(out, as_json=False), out, changed(7), changed(1)) == [TOLD]
