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
    assert f"see `monitor {words[0]}" in line
