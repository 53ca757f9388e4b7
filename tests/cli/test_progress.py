from __future__ import annotations

import io

from monitor.cli.progress import WordsProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_line_that_goes_when_all_is_done() -> None:
    out = Terminal()
    tell = WordsProgress(out, patience_s=0.0)
    for done in (10, 20, 30):
        tell(done, 30)
    assert out.getvalue().count("\n") == 0
    assert "embedding 20/30 phrases" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_a_line_now_and_then() -> None:
    out = io.StringIO()
    tell = WordsProgress(out, patience_s=0.0)
    for done in range(1, 500):
        tell(done, 500)
    assert out.getvalue() == "monitor: embedding 1/500 phrases, once for this model\n"


def test_what_is_over_in_a_moment_is_not_told() -> None:
    out = io.StringIO()
    tell = WordsProgress(out, patience_s=60.0)
    for done in (16, 32):
        tell(done, 32)
    assert not out.getvalue()


def test_nobody_reading_is_no_error() -> None:
    out = io.StringIO()
    tell = WordsProgress(out, patience_s=0.0)
    out.close()
    tell(1, 2)
