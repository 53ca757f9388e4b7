"""A recording is heard in an archive as it is heard live."""

from __future__ import annotations

import json
import resource
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("pyarrow", reason="needs pyarrow (pip install 'sound-monitor[scan]')")

from monitor.archive.collector import Collector
from monitor.archive.line import Line, Listener
from monitor.archive.records import Order
from monitor.assemble import start_monitor
from monitor.bus.messages import ScoresMessage
from monitor.config.settings import Config, WindowConfig
from monitor.encoders import Encoder, load
from monitor.scoring.prompts import parse_classes
from monitor.sinks.fanout import Fanout
from monitor.sources.file import FileSource
from tests.archive.archives import CLASSES, monitor, rows, scene, write_archive
from tests.fakes import Collector as LiveCollector

_CONFIG = Config(window=WindowConfig(hop_s=1.0))
_WORDS = tuple(parse_classes(CLASSES, {}))
_FIELDS = ("class", "onset_sample", "offset_sample", "ended_by", "level_dbfs", "snr_db", "hearing", "urgent")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load(_CONFIG.model)


def _line(path: Path, encoder: Encoder, sink: Collector) -> Line:
    return Listener(Order("", _CONFIG, _WORDS, True, ""), encoder).open(path, sink)


def _live_scores(path: Path, encoder: Encoder) -> list[ScoresMessage]:
    sink = LiveCollector()
    live = start_monitor([FileSource(path, fast=True)], encoder, _WORDS, Fanout([sink]), _CONFIG)
    try:
        while live.scheduler.step():
            pass
    finally:
        live.stop()
    return [record for record in sink.records if isinstance(record, ScoresMessage)]


@pytest.mark.timeout(600)
def test_every_window_has_the_very_scores_of_a_live_run(tmp_path: Path, encoder: Encoder) -> None:
    for path in write_archive(tmp_path, seconds=12.0):
        sink = Collector(scores=True)
        line = _line(path, encoder, sink)
        heard = list(line.hear())
        line.close()
        live = _live_scores(path, encoder)
        assert [(one.start, one.scores) for one in sink.scores] == [(one.start, one.scores) for one in live]
        assert len(heard) >= 12
        assert line.wrong is None


@pytest.mark.timeout(600)
def test_the_events_are_those_that_a_live_run_prints(tmp_path: Path) -> None:
    recordings = write_archive(tmp_path / "recordings", count=2, seconds=25.0)
    (tmp_path / "hop.toml").write_text("[window]\nhop_s = 1.0\n")
    cut = tmp_path / "recordings" / "cut.wav"
    cut.write_bytes(recordings[0].read_bytes()[:1_000_000])
    done = monitor("scan", "recordings", "--out", "out", "--classes", CLASSES, cwd=tmp_path)
    assert done.returncode == 1, done.stderr  # one is damaged
    paths = sorted((tmp_path / "recordings").iterdir())
    sources = [part for path in paths for part in ("--source", path)]
    live = monitor(
        "run", *sources, "--fast", "--headless", "--json", "--bind", "none", "--config", "hop.toml",
        "--classes", CLASSES, cwd=tmp_path,
    )  # fmt: skip
    told = [json.loads(line) for line in live.stdout.splitlines()]
    events = {one["id"]: one for one in told if one["type"] in {"onset", "update", "offset"}}
    ours = rows(tmp_path / "out", "events")
    assert {Path(row["path"]).name for row in ours} == {path.name for path in paths}
    for row in ours:
        row |= {"source_name": Path(row["path"]).name, "peak_score": row["score"]}
    fields = ("source_name", "peak_score", *_FIELDS)
    assert sorted([one[name] for name in fields] for one in ours) == sorted(
        [one[name] for name in fields] for one in events.values()
    )


@pytest.mark.timeout(600)
def test_a_long_recording_is_never_in_memory_as_a_whole(tmp_path: Path, encoder: Encoder) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 16000, 1) as file:
        for _ in range(8):
            file.write(np.tile(scene(10.0, 0)[::3], 2))
    line = _line(path, encoder, Collector(scores=False))
    heard = line.hear()
    for _ in range(40):  # until all that a line keeps is there
        next(heard)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = sum(1 for _ in heard)
    line.close()
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert count > 60
    assert grown_mb < 6.0  # what is left of it is 9 MB as the model takes it


@pytest.mark.timeout(600)
def test_nothing_of_a_line_runs_on_another_thread(tmp_path: Path, encoder: Encoder) -> None:
    line = _line(write_archive(tmp_path, count=1, seconds=5.0)[0], encoder, Collector(scores=False))
    before = threading.active_count()
    next(line.hear())
    assert threading.active_count() == before
    line.close()
