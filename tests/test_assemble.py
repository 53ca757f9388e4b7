from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from monitor.assemble import Monitor, make_stages, start_monitor
from monitor.bus.codec import encode_json
from monitor.bus.messages import BackgroundProfile, Health, Request
from monitor.config.settings import Config, load_config
from monitor.config.tuning import UNTUNED, Tuning
from monitor.errors import ConfigError
from monitor.files.state_files import write_private
from monitor.models.catalogue import CatalogueEntry, list_catalogue
from monitor.models.store import find_model
from monitor.records import Span
from monitor.scoring.prompts import parse_classes
from monitor.sinks.fanout import Fanout
from monitor.storage import backgrounds
from monitor.storage import thresholds as learnt_thresholds
from tests.examples import NOON, background
from tests.fakes import RATE, ArraySource, Collector, FakeEncoder, noise


class Slow(FakeEncoder):
    """A model that wants a window every half second, and has an ensemble of prompts."""

    hop_s = 0.5
    templates = ("{}", "{} and high")


def starts(encoder: FakeEncoder, config: Config) -> list[int]:
    """Where the windows of three seconds begin."""
    stages = make_stages(encoder, parse_classes("low"), config)
    span = Span(0, np.zeros(3 * RATE, np.float32), False, 0.0)
    return [window.start for piece in stages.windower.split(span) for window in stages.windower.push(piece)]


@pytest.mark.parametrize(
    ("hop_s", "expected_s"), [(0.0, 0.5), (0.25, 0.25), (1.0, 1.0)], ids=["model's", "own", "longest"]
)
def test_the_hop_is_the_models_own_unless_configured(hop_s: float, expected_s: float) -> None:
    found = starts(Slow(), load_config(flags={"window": {"hop_s": hop_s}}))
    hop = round(expected_s * RATE)
    assert found == list(range(hop - RATE, 2 * RATE + 1, hop)), "the first window is due after one hop"


def test_a_hop_that_would_leave_a_gap_between_windows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"window\.hop_s is 5; valid: 0 .* or 0\.01 to 1"):
        starts(Slow(), load_config(flags={"window": {"hop_s": 5.0}}))


def test_the_prompt_ensemble_of_the_model_is_used() -> None:
    one, two = (make_stages(encoder, parse_classes("low"), Config()) for encoder in (FakeEncoder(), Slow()))
    low = np.array([1, 0, 0, 0], np.float32)
    assert one.scorer.class_cosines(low)[0] == pytest.approx(1.0, abs=1e-6)
    assert two.scorer.class_cosines(low)[0] == pytest.approx(np.cos(np.pi / 8.0), abs=1e-6)


class Untuned(FakeEncoder):
    """A model for which nothing was tuned, in a space of its own scale."""

    tuning = None


def test_clips_without_speech_are_refused_with_a_model_of_which_nobody_knows_how_it_hears_speech() -> None:
    config = load_config(flags={"clips": {"keep": True}})
    with pytest.raises(ConfigError, match=r"was not measured; keep none, or all of them"):
        start_monitor([ArraySource(noise(1.0))], Untuned(), parse_classes("low"), Fanout([]), config)


def test_a_model_runs_on_its_own_scale_and_never_on_that_of_the_box() -> None:
    low = np.array([1, 0, 0, 0], np.float32)

    def scored(encoder: FakeEncoder, config: Config) -> float:
        stages = make_stages(encoder, parse_classes("low"), config)
        return stages.scorer.score(0.5 * low, np.zeros(4, np.float32), 0, RATE).values["low"]

    sharp, flat, none = FakeEncoder(), FakeEncoder(), Untuned()
    sharp.tuning, flat.tuning = Tuning(temperature=0.02), Tuning(temperature=0.2)
    config = load_config(flags={"calibration": {"false_alarms_per_hour": 0.0}})
    assert scored(sharp, config) > scored(none, config) > scored(flat, config)
    by_hand = load_config(flags={"scorer": {"temperature": 0.1}})
    assert scored(sharp, by_hand) == scored(none, by_hand) == scored(flat, by_hand)


def test_the_constants_of_the_model_in_the_box_lie_beside_it_and_are_no_others() -> None:
    box = find_model("embedded").entry.tuning
    assert box is not None
    assert box != UNTUNED
    catalogue = list_catalogue()
    assert isinstance(catalogue["clap"], CatalogueEntry)
    assert catalogue["clap"].tuning is None


def test_of_a_model_for_which_nothing_was_tuned_it_is_said_unless_the_user_sets_its_scale() -> None:
    def notes(config: Config) -> tuple[str, ...]:
        monitor = start_monitor([Live(noise(1.0))], Untuned(), parse_classes("low"), Fanout([]), config)
        monitor.stop()
        return monitor.notes

    (note,) = notes(FIXED)
    assert "Nothing was tuned for the model fake" in note
    assert notes(replace(FIXED, scorer=replace(FIXED.scorer, temperature=0.1))) == ()


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackgroundProfile:
    """What the array source sounded like to the fake encoder, stored."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    known = msgspec.structs.replace(background(ArraySource.id), model=FakeEncoder.identity)
    backgrounds.save(known, NOON)
    return known


class Live(ArraySource):
    live = True


FIXED = load_config(flags={"calibration": {"false_alarms_per_hour": 0.0}})
"""Thresholds that stay: nothing to say about a model without a cohort."""


@contextmanager
def started(config: Config, source: ArraySource | None = None) -> Iterator[Monitor]:
    sources = [source or Live(noise(1.0))]
    monitor = start_monitor(sources, FakeEncoder(), parse_classes("low"), Fanout([]), config)
    try:
        yield monitor
    finally:
        monitor.stop()


def test_each_report_of_a_source_says_which_words_the_model_does_not_know() -> None:
    low, high = parse_classes("low,high")
    classes, collector = [replace(low, unknown=True), high], Collector()
    monitor = start_monitor([ArraySource(noise(3.0))], FakeEncoder(), classes, Fanout([collector]), FIXED)
    while monitor.scheduler.step():
        pass
    monitor.stop()
    reports = [record for record in collector.records if isinstance(record, Health)]
    assert reports
    for report in reports:
        assert {one.class_: one.unknown for one in report.classes} == {"low": True, "high": False}


def test_a_run_begins_with_the_background_that_was_stored_and_says_so(stored: BackgroundProfile) -> None:
    with started(FIXED) as monitor:
        (known,) = monitor.scheduler.handle(Request("background")).backgrounds
        assert known.state.ready
        assert known.mean == pytest.approx(stored.mean)
        assert [note.partition(" as saved on")[0] for note in monitor.notes] == [
            "USB microphone begins with its background"
        ]


def test_a_run_begins_without_a_background_where_that_is_configured(stored: BackgroundProfile) -> None:
    with started(replace(FIXED, background=replace(FIXED.background, load=False))) as monitor:
        assert monitor.scheduler.handle(Request("background")).backgrounds[0].state.windows == 0
        assert monitor.notes == ()


def test_what_is_read_at_once_depends_on_nothing_that_is_stored(stored: BackgroundProfile) -> None:
    with started(FIXED, ArraySource(noise(1.0))) as monitor:
        assert monitor.scheduler.handle(Request("background")).backgrounds[0].state.windows == 0


def test_a_damaged_background_is_told_of_and_the_run_goes_on(stored: BackgroundProfile) -> None:
    backgrounds.background_file(stored.source_id, stored.model).write_text("{")
    with started(FIXED) as monitor:
        assert monitor.scheduler.handle(Request("background")).backgrounds[0].state.windows == 0
        (note,) = monitor.notes
        assert "damaged" in note


def test_a_model_without_a_cohort_is_told_of_where_false_alarms_are_asked_for() -> None:
    with started(Config()) as monitor:
        (note,) = monitor.notes
        assert "monitor models cohort fake --from" in note
    with started(FIXED) as monitor:
        assert monitor.notes == ()


def test_what_is_evaluated_never_begins_with_a_stored_background(stored: BackgroundProfile) -> None:
    stages = make_stages(FakeEncoder(), parse_classes("low"), Config())
    assert stages.background.state(0).windows == 0


def test_a_live_source_goes_on_with_the_thresholds_it_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    config = Config()
    begun = make_stages(FakeEncoder(), parse_classes("low"), config).calibration
    assert begun is not None
    evidence = replace(begun.evidence(), quiet=(3.0,) * 60)
    taught = learnt_thresholds.thresholds_file(Live.id, FakeEncoder.identity)
    assert taught is not None
    write_private(taught, encode_json(evidence))
    with started(config) as monitor:
        assert thresholds_of(monitor)["low"] > 0.9
        assert [one.keeps for one in monitor.earlier] == [True]
    with started(replace(config, calibration=replace(config.calibration, keep=False))) as monitor:
        assert thresholds_of(monitor)["low"] == 0.5
        assert [one.keeps for one in monitor.earlier] == [False]
    with started(config, ArraySource(noise(1.0))) as monitor:
        assert thresholds_of(monitor)["low"] == 0.5  # what is read at once depends on nothing that is stored


def thresholds_of(monitor: Monitor) -> dict[str, float]:
    stages = monitor.scheduler._pipelines[0]._stages
    return {name: rule.onset_threshold for name, rule in stages.detector.rules.items()}
