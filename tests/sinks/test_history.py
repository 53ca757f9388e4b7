"""The sink of the history, in the whole program."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.cli.main import main
from monitor.config.fleet import made_by_code
from monitor.config.settings import Config, load_config
from monitor.files.csv_table import text_of
from monitor.sinks.history import HistorySink, Kept, open_history
from monitor.storage.history import Asked, find, history_file
from tests.examples import NOON, event, health, level, near_miss


def path() -> Path:
    found = history_file()
    assert found is not None
    return found


def test_what_is_heard_live_is_kept_and_what_is_in_a_file_is_not() -> None:
    kept = Kept()
    assert kept.keeping(event())
    assert kept.keeping(near_miss())
    assert kept.keeping(health())
    assert not kept.keeping(health())  # nothing has changed
    assert not kept.keeping(level())
    assert not kept.keeping(msgspec.structs.replace(event(), source_id="demo"))
    assert not kept.keeping(msgspec.structs.replace(event(), onset_position_s=1.0))
    assert not kept.keeping(msgspec.structs.replace(near_miss(), position_s=1.0))
    assert not kept.keeping(msgspec.structs.replace(health("lost"), position_s=1.0))


def test_a_run_over_a_file_makes_no_history() -> None:
    assert main(["run", "--headless", "--fast", "--bind", "none", "--source", "demo"]) == 0
    assert not path().exists()


def test_the_demo_in_a_fleet_makes_no_history(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.toml"
    fleet.write_text('[fleet.sources.bed-1]\nsource = "demo"\n')
    config = load_config(fleet)
    run = ["run", "--headless", "--duration", "2", "--bind", "none"]
    assert main([*run, "--config", str(fleet)]) == 0
    assert not path().exists()
    kept = Kept(made_by_code(config))
    assert not kept.keeping(msgspec.structs.replace(event(), source_id="bed-1"))
    assert kept.keeping(event())


def test_where_several_sources_were_heard_each_row_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    other = msgspec.structs.replace(event("offset", id_="2"), source_id="bed-2", source_name="Bed 2, door")
    written(event("offset"), other, health())
    for option in ([], ["--ids"], ["--all"], ["--summary"]):
        assert main(["history", *option]) == 0
        shown = capsys.readouterr().out
        assert "USB microphone" in shown
        assert "Bed 2, door" in shown
    assert main(["history", "--source", "bed-2"]) == 0
    assert "where" not in capsys.readouterr().out


def test_there_is_none_where_the_configuration_says_so() -> None:
    assert open_history(load_config(None, {}, {"history": {"keep": False}}), None) is None


def test_what_goes_through_the_sink_is_in_the_history_and_what_was_damaged_is_told() -> None:
    path().parent.mkdir(parents=True)
    path().write_bytes(b"no database" * 1000)
    sink = open_history(Config(), None)
    assert sink is not None
    now = datetime.now(UTC)
    sink.emit(msgspec.structs.replace(event("offset"), onset_time=now))
    sink.close()
    (sentence,) = sink.news()
    assert sentence.startswith("The history was damaged and is now ")
    assert sink.dropped == 0
    assert [one.onset_time for one in find(path(), Asked()).events] == [now]


def test_a_history_that_cannot_be_written_is_told_once_and_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "monitor").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sink = open_history(Config(), None)
    assert sink is not None
    for _ in range(3):
        sink.emit(event())
    sink.close()
    assert sink.dropped == 3
    (sentence,) = sink.news()
    assert "cannot be written" in sentence


def written(*records: object) -> None:
    sink = HistorySink(path(), 36_500.0, 100.0)
    for record in records:
        sink.emit(record)  # type: ignore[arg-type]
    sink.close()


def test_the_history_is_shown_as_a_table_lines_bars_and_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    later = NOON + timedelta(seconds=2)
    urgent = msgspec.structs.replace(event("offset", "siren", "2"), urgent=True, onset_time=later)
    written(event("offset"), urgent, near_miss(), health())
    assert main(["history"]) == 0
    table = capsys.readouterr().out
    assert "dog bark" in table
    assert "MISSED" in table
    assert "nearly" not in table
    assert main(["history", "--all"]) == 0
    assert {"nearly", "health"} <= set(capsys.readouterr().out.split())
    assert main(["history", "--ids", "--all"]) == 0
    shown = capsys.readouterr().out
    assert {"nearly", "health"} <= set(shown.split())
    assert all(one.id in shown.split() for one in (event("offset"), urgent))
    assert main(["history", "--json", "--class", "Dog bark"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["topic"] == "event/mic0/dog_bark/"
    assert main(["history", "--missed", "--csv", "-"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert dict(zip(heading.split(","), row.split(","), strict=True))["class"] == "siren"
    assert main(["history", "--summary"]) == 0
    assert "2 events from" in capsys.readouterr().out
    pytest.importorskip("pyarrow", reason="Parquet comes with the extra `parquet`")
    from pyarrow.parquet import read_table

    assert main(["history", "--parquet", str(tmp_path / "h.parquet")]) == 0
    rows = read_table(tmp_path / "h.parquet").to_pylist()
    assert [row["class"] for row in rows] == ["dog_bark", "siren"]
    assert rows[0]["onset_time"] == event().onset_time


def test_no_text_of_a_table_is_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"label": "=1+1", "source_name": "@SUM(A1)", "acknowledged_by": "'-2+3"}
    written(msgspec.structs.replace(event("offset"), snr_db=-3.5, **names))
    assert main(["history", "--csv", "-"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert {name: text_of(row[name]) for name in names} == names
    assert all(row[name].startswith("'") for name in names)
    assert row["snr_db"] == "-3.5"


def test_what_is_missed_is_acknowledged_without_a_monitor(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    written(msgspec.structs.replace(event("offset", "siren", "2"), urgent=True))
    nobody = ["--connect", f"ipc://{tmp_path}/nobody"]
    assert main(["ack", *nobody]) == 0
    assert "acknowledged by monitor ack" in capsys.readouterr().out
    assert main(["history", "--missed"]) == 0
    assert capsys.readouterr().out == "Nothing waits to be acknowledged.\n"
    assert main(["ack", "--class", "siren", *nobody]) == 2


@pytest.mark.parametrize("words", [[], ["--missed"], ["--summary"], ["--class", "siren"], ["--all"]])
def test_where_no_monitor_has_listened_that_is_said_and_not_that_all_is_well(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["history", *words]) == 0
    assert capsys.readouterr().out.startswith("No monitor has listened here yet")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--class", "sirne"], "'sirne' was never listened for here; did you mean 'siren'?"),
        (
            ["--class", "violin"],
            "'violin' was never listened for here; there are: dog_bark, doorbell, siren.",
        ),
        (["--class", "doorbel"], "'doorbel' was never listened for here; did you mean 'doorbell'?"),
        (["--class", "doorbell"], "'doorbell' is listened for, and was never heard here."),
        (["--source", "attic"], "No source 'attic' was heard here; there are: mic0."),
        (["--source", "mic1", "--summary"], "No source 'mic1' was heard here; did you mean 'mic0'?"),
        (["--since", "1h", "--class", "siren"], "No event is of that class, time and source"),
        (["--missed"], "Nothing waits to be acknowledged."),
    ],
)
def test_where_nothing_is_found_the_sentence_says_what_there_is(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    other = msgspec.structs.replace(health().classes[0], class_="doorbell")
    written(
        event("offset"),
        event("offset", "siren", "2"),
        msgspec.structs.replace(health(), classes=[*health().classes, other]),
    )
    assert main(["history", *words]) == 0
    assert capsys.readouterr().out.startswith(said)
    if "--summary" not in words:
        assert main(["history", "--json", *words]) == 0
        out, err = capsys.readouterr()
        assert not out
        assert said in err


def test_where_nobody_noted_what_was_listened_for_it_is_said_what_was_heard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(event("offset"))
    assert main(["history", "--class", "violin"]) == 0
    assert capsys.readouterr().out == "'violin' was never heard here; there are: dog_bark.\n"


def test_ids_are_shown_whole_however_little_room_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    id_ = "usb-" + "0123456789" * 11
    written(msgspec.structs.replace(event("offset", "dog_bark", id_), label="a dog " * 20))
    assert main(["history", "--ids"]) == 0
    assert id_ in capsys.readouterr().out.split()


def test_where_only_silence_was_heard_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    written(health())
    assert main(["history"]) == 0
    assert capsys.readouterr().out.startswith("Monitors have listened here, and heard no event yet")


def test_a_time_that_is_none_is_refused_with_what_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["history", "--since", "yesterday"])
    assert "'yesterday' is no time; write 24h, 7d, 2026-11-30" in capsys.readouterr().err


def test_a_file_that_is_there_is_not_replaced_unless_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    written(event("offset"))
    file = tmp_path / "mine.csv"
    file.write_text("something of mine")
    assert main(["history", "--csv", str(file)]) == 2
    assert file.read_text() == "something of mine"
    assert "add --force to replace it" in capsys.readouterr().err
    assert main(["history", "--csv", str(file), "--force"]) == 0
    assert capsys.readouterr().out == f"Wrote 1 events to {file}\n"
