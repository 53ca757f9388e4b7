from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.messages import Request
from monitor.pipeline.snoozes import Snoozes

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def mute(for_s: float | None = None, *, value: bool = True) -> Request:
    return Request("mute", class_="Siren", value=value, for_s=for_s)


def test_what_is_muted_for_a_while_is_unmuted_once_by_the_clock() -> None:
    clock = Clock()
    snoozes = Snoozes(clock)
    snoozes.note(mute(60.0), "siren")
    snoozes.note(Request("pause", value=True, for_s=30.0), None)
    assert (snoozes.until("siren"), snoozes.until("dog")) == (NOON + timedelta(seconds=60), None)
    clock.later(29.0)
    assert snoozes.due() == []
    clock.later(1.0)
    assert snoozes.due() == [Request("pause", value=False, client="the clock")]
    clock.later(100.0)
    assert snoozes.due() == [Request("mute", class_="siren", value=False, client="the clock")]
    assert snoozes.due() == []


@given(st.lists(st.one_of(st.none(), st.floats(1.0, 1e4), st.just("unmute")), min_size=1))
def test_the_last_word_about_a_class_counts(words: list[float | str | None]) -> None:
    snoozes = Snoozes(Clock())
    for word in words:
        snoozes.note(mute(value=False) if word == "unmute" else mute(word), "siren")  # type: ignore[arg-type]
    last = words[-1]
    until = NOON + timedelta(seconds=last) if isinstance(last, float) else None
    assert snoozes.until("siren") == until
