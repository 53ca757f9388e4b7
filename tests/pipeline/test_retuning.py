from __future__ import annotations

from monitor.assemble import make_stages
from monitor.bus.messages import Event, Request
from monitor.config.settings import Config
from monitor.pipeline.retuning import Tuning
from monitor.scoring.prompts import parse_classes
from tests.fakes import FakeEncoder, noise, tone
from tests.pipeline.test_pipeline import CONFIG, Bench


def tuning(classes: str, config: Config = CONFIG, **others: object) -> Tuning:
    stages = make_stages(FakeEncoder(), parse_classes(classes), config)
    made = Tuning(stages.scorer, stages.detector, stages.calibration, None, {}, frozenset(), **others)  # type: ignore[arg-type]
    stages.scorer.corrections = None
    return made


def of(bench: Bench, class_: str) -> list[Event]:
    return [event for event in bench.events if event.class_ == class_]


def sounding() -> Bench:
    """A bench on which a low tone sounds."""
    bench = Bench()
    bench.play(noise(3.0))
    bench.play(noise(2.0) + tone("low", 2.0))
    assert [event.type for event in of(bench, "low")] == ["onset"]
    return bench


def test_an_event_that_is_open_goes_on_under_other_settings_and_ends_once() -> None:
    bench = sounding()
    bench.pipeline.retune(tuning("low,middle"))
    bench.play(noise(1.0) + tone("low", 1.0))
    bench.play(noise(3.0))
    found = of(bench, "low")
    assert [event.type for event in found if event.type != "update"] == ["onset", "offset"]
    assert len({event.id for event in found}) == 1
    assert found[-1].ended_by == "quiet"


def test_a_class_that_goes_ends_its_event_first_and_one_that_comes_is_heard() -> None:
    bench = sounding()
    bench.pipeline.retune(tuning("middle"))
    assert [(event.type, event.ended_by) for event in of(bench, "low")][-1] == ("offset", "stopped")
    bench.play(noise(2.0))
    bench.play(noise(2.0) + tone("middle", 2.0))
    assert next(event.type for event in of(bench, "middle")) == "onset"
    assert [one.class_ for one in bench.health.classes] == ["middle"]


def test_what_was_muted_and_set_by_hand_stays_unless_the_configuration_says_otherwise() -> None:
    bench = Bench()
    bench.play(noise(1.0))
    bench.pipeline.handle(Request("mute", "low", value=True))
    bench.pipeline.handle(Request("threshold", "high", value=0.9))
    bench.pipeline.retune(tuning("low,high,middle"))
    bench.play(noise(1.5))
    states = {one.class_: one for one in bench.health.classes}
    assert states["low"].muted
    assert states["high"].onset_threshold == 0.9
    assert states["high"].set_by_hand
    bench.pipeline.retune(tuning("low,high", muted={"low": False}, rethought=frozenset({"high"})))
    bench.play(noise(1.5))
    states = {one.class_: one for one in bench.health.classes}
    assert not states["low"].muted
    assert states["high"].onset_threshold == 0.7
    assert not states["high"].set_by_hand


def test_no_sample_is_lost_by_it() -> None:
    bench = sounding()
    before = bench.health
    bench.pipeline.retune(tuning("low,middle"))
    bench.play(noise(4.0))
    after = bench.health
    lost = [getattr(after, name) - getattr(before, name) for name in ("skipped", "overwritten", "gap")]
    assert lost == [0, 0, 0]
    assert after.analysed > before.analysed
