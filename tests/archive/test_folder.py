"""The folder of a scan: one run at a time, of one kind; a part is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow (pip install 'sound-monitor[scan]')")

from monitor.archive.folder import Deaths, PartFolder, ScanFolder
from monitor.archive.manifest import Manifest, agree
from monitor.archive.planning import plan
from monitor.archive.records import Recording, Summary
from monitor.errors import ArchiveError

_MANIFEST = Manifest(1, "m", "m-0", "", 32000, 64000, 1.0, 256, {"siren": "siren"}, "float16", False, "a")


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    refused = pytest.raises(ArchiveError, match="Another scan writes into")
    with ScanFolder(tmp_path).held(), refused, ScanFolder(tmp_path).held():
        pass
    with ScanFolder(tmp_path).held():
        pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": {"doorbell": "doorbell"}}, r"--classes .* \(now doorbell\)"),
        ({"hop_s": 0.5, "keep": "int8"}, r"--hop 1 \(now 0.5\), --keep float16 \(now int8\)"),
        ({"scores": True}, "no --scores"),
        ({"identity": "other-1"}, r"the model .* \(now other-1\)"),
        ({"settings": "b"}, "other settings .*--false-alarms"),
    ],
)
def test_a_scan_that_asks_for_something_else_is_refused_in_the_words_of_its_options(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    agree(tmp_path, _MANIFEST)
    agree(tmp_path, _MANIFEST)
    with pytest.raises(ArchiveError, match=f"was scanned with {said}.*monitor search"):
        agree(tmp_path, msgspec.structs.replace(_MANIFEST, **change))


def test_a_part_that_two_have_made_is_there_once(tmp_path: Path) -> None:
    folder = ScanFolder(tmp_path)
    with folder.held():
        folder.begin("token")
        place = PartFolder(tmp_path, 0, "token")
        for events in (3, 4):
            with place.made() as beside:
                (beside / "events.parquet").write_bytes(b"x" * events)
                place.commit(beside, Summary(events=events))
        assert place.summary() == Summary(events=3)
        assert folder.parts == [place.path]
        assert folder.next_number() == 1
        with pytest.raises(ArchiveError, match="taken over"), PartFolder(tmp_path, 1, "old").made() as beside:
            PartFolder(tmp_path, 1, "old").commit(beside, Summary())
        assert [one.name for one in (tmp_path / "parts").iterdir() if one.is_dir()] == ["000000"]


def test_a_recording_on_which_two_processes_died_is_given_up_and_the_others_are_not(tmp_path: Path) -> None:
    place = PartFolder(tmp_path, 0, "token")
    assert not Deaths(place).begin("good")
    for _ in range(2):  # the process ends in it
        deaths = Deaths(place)
        assert not deaths.begin("good")
        assert not deaths.begin("bad")
    deaths = Deaths(place)
    assert not deaths.begin("good")
    assert deaths.begin("bad")
    assert not deaths.begin("next")
    assert Deaths(place).begin("bad")


def test_a_plan_holds_each_recording_that_is_left_once_in_parts_of_some_size() -> None:
    recordings = [Recording(f"/{at:03d}.wav", 1_000_000 * (1 + at % 5), 1) for at in range(100)]
    there = {recordings[7].id, recordings[50].id}
    tasks = plan(recordings, there, 5, part_mb=10.0, workers=2)
    heard = [one for task in tasks for one in task.recordings]
    assert heard == [one for one in recordings if one.id not in there]
    assert [task.number for task in tasks] == list(range(5, 5 + len(tasks)))
    assert max(sum(one.size for one in task.recordings) for task in tasks) <= 10_000_000


def test_a_recording_that_was_written_again_is_another() -> None:
    assert Recording("/a.wav", 10, 1).id != Recording("/a.wav", 10, 2).id
