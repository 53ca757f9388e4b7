from __future__ import annotations

import io

import pytest

from monitor.progress import FileProgress, WordsProgress, progress, steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_line_that_goes_when_all_is_done() -> None:
    out = Terminal()
    tell = WordsProgress(out, first_s=0.0)
    for done in (10, 20, 30):
        tell(done, 30)
    assert out.getvalue().count("\n") == 0
    assert "embedding 20/30 phrases" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_a_line_now_and_then() -> None:
    out = io.StringIO()
    tell = WordsProgress(out, first_s=0.0)
    for done in range(1, 500):
        tell(done, 500)
    assert out.getvalue() == "monitor: embedding 1/500 phrases, once for this model\n"


def test_what_is_over_in_a_moment_is_not_told() -> None:
    out = io.StringIO()
    tell = WordsProgress(out, first_s=60.0)
    for done in (16, 32):
        tell(done, 32)
    assert not out.getvalue()


def test_nobody_reading_is_no_error() -> None:
    out = io.StringIO()
    tell = WordsProgress(out, first_s=0.0)
    out.close()
    tell(1, 2)


def test_a_log_gets_no_line_of_what_takes_less_than_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    out = io.StringIO()
    tell = WordsProgress(out)
    for done, passed_s in ((1, 0.0), (2, 4.9), (3, 0.2), (4, 4.9)):
        now_s[0] += passed_s
        tell(done, 9)
    assert out.getvalue() == "monitor: embedding 3/9 phrases, once for this model\n"


def test_items_are_told_now_and_then_where_nothing_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    with progress("clips", 4) as advance:
        for _ in range(4):
            now_s[0] += 3.0
            advance()
    assert capsys.readouterr().err == "monitor: clips: 2 of 4\n"


def test_steps_are_lines_where_nothing_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    with steps() as say:
        say("Reading [the] checkpoint")
    assert capsys.readouterr().err == "monitor: Reading [the] checkpoint …\n"


def test_a_file_is_told_at_once_then_now_and_then_and_when_it_is_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    with FileProgress() as watch:
        for megabytes in (1, 2, 3, 4):
            watch.progress("model.onnx", megabytes * 1_000_000, 4_000_000)
            now_s[0] += 3.0
    told = [line.split(": ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == ["25 % of 4.0 MB", "75 % of 4.0 MB", "100 % of 4.0 MB"]
