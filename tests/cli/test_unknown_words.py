from __future__ import annotations

import pytest

from monitor.cli.main import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "demo"], "monitor run: 'demo' stands where an option should; to hear it: --source demo"),
        (["run", "--sorce", "demo"], "monitor run: there is no option --sorce; did you mean --source?"),
        (["run", "--clases=siren"], "monitor run: there is no option --clases; did you mean --classes?"),
        (["run", "--qqqqqqqqq"], "monitor run: there is no option --qqqqqqqqq; see `monitor run --help`."),
        (["history", "siren"], "monitor history: 'siren' stands where an option should; of one class:"),
        (
            ["history", "missed"],
            "monitor history: 'missed' stands where an option should; did you mean --mis",
        ),
        (
            ["service", "show", "--sytem"],
            "monitor service show: there is no option --sytem; did you mean --sys",
        ),
        (["rnu"], "monitor: there is no VERB 'rnu'; did you mean run? see `monitor --help`."),
        (["test", "alrm"], "monitor test: there is no SUBJECT 'alrm'; did you mean alarm? see `monitor"),
        (["config", "shwo"], "monitor config: there is no ACTION 'shwo'; did you mean show? see `monitor"),
        (["run", "--diary", "jsno"], "monitor run: there is no --diary 'jsno'; did you mean json? see"),
        (["devices", "{0}"], "monitor devices: '{0}' stands where an option should; see `monitor devices"),
    ],
)
def test_what_a_verb_does_not_know_is_refused_by_it_with_what_may_be_meant(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)
    assert "see `monitor " in line


@pytest.mark.parametrize("verb", ["run", "learn", "config", "fleet", "models", "scan"])
def test_no_help_breaks_a_command_or_a_word(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for columns in ("400", "60"):
        monkeypatch.setenv("COLUMNS", columns)
        with pytest.raises(SystemExit, match="0"):
            main([verb, "--help"])
        told.append(capsys.readouterr().out)
    whole, narrow = (text.partition("\n\n")[2] for text in told)
    assert narrow.split() == whole.split()
    assert all(line.count("`") % 2 == 0 for line in narrow.splitlines())


def test_what_is_valid_is_listed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["qqqq" * 100])
    (line,) = capsys.readouterr().err.splitlines()
    assert "valid: run, devices," in line
    assert line.endswith("background, adapt, models, eval, scan, search, " + line.partition("search, ")[2])
    assert line.endswith("fleet; see `monitor --help`.")
