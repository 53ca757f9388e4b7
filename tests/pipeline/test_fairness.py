"""Several sources, and an encoder that is too slow for all of them, in a world with its own time."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.assemble import make_stages
from monitor.bus.messages import Health, ScoresMessage
from monitor.encoders.watched import BlockingEncoder
from monitor.pipeline.acknowledgements import Acknowledgements
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.pipeline.scheduler import Scheduler
from monitor.pipeline.shedding import Shedding
from monitor.records import CaptureStatus
from monitor.scoring.prompts import parse_classes
from monitor.stream.ring import Ring
from tests.fakes import RATE, Collector, FakeEncoder, FixedStatus, noise
from tests.pipeline.test_pipeline import CONFIG, Steady

CLASSES = parse_classes("low,high")
_SOUND = noise(8.0)
_HOP_S = FakeEncoder.hop_s
_RING_S = 20
_LATE_S = 60.0


class Place(NamedTuple):
    """A live source: how its sound arrives."""

    block_s: float
    phase_s: float
    """When its first block comes."""
    lost_s: float | None = None
    """From when on it brings nothing."""


class Slow(FakeEncoder):
    """Takes its time for each window, in which the world goes on."""

    def __init__(self, world: World, window_s: float, batches: bool) -> None:
        super().__init__()
        self.batches = batches
        self._world, self._window_s = world, window_s

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        for _ in windows:
            self._world.go_on(self._window_s)
        return super().embed_audio(windows)


class World:
    """Several live sources, an encoder that is too slow, and the time that passes for all of them."""

    def __init__(self, places: list[Place], window_s: float, batches: bool) -> None:
        self.time, self.sink = Steady(), Collector()
        self._places = places
        self._begun_s = self.time.now_s
        arrived = threading.Event()
        self.rings = [Ring(_RING_S * RATE, arrived) for _ in places]
        self.status = [FixedStatus() for _ in places]
        self._delivered = [0] * len(places)
        shedding = Shedding(1.0)
        clock, encoder = self.time.clock(), Slow(self, window_s, batches)
        pipelines = [
            Pipeline(
                ring=ring,
                capture=self.status[number],
                stages=make_stages(encoder, CLASSES, CONFIG),
                sinks=[self.sink],
                stream=Stream(str(number), f"place {number}", RATE, "fake-0", True, str(number)),
                clock=clock,
                max_lag_s=1.0,
                shedding=shedding,
            )
            for number, ring in enumerate(self.rings)
        ]
        self._scheduler = Scheduler(
            pipelines,
            BlockingEncoder(encoder, clock.monotonic),
            arrived,
            Acknowledgements(self.sink.emit, clock.utc),
            shedding=shedding,
            monotonic=clock.monotonic,
        )

    def go_on(self, seconds: float) -> None:
        """Let time pass, and sound arrive."""
        self.time.now_s += seconds
        for number, place in enumerate(self._places):
            self._deliver(number, place)

    def run(self, seconds: float) -> None:
        """Listen for so long."""
        until_s = self.time.now_s + seconds
        while self.time.now_s < until_s:
            self._scheduler.step(0.0)
            self.go_on(0.02)

    def _deliver(self, number: int, place: Place) -> None:
        passed_s = self.time.now_s - self._begun_s
        if place.lost_s is not None and passed_s > place.lost_s:
            self.status[number].status = CaptureStatus("lost", "unplugged", RATE, 0, 0, 0, None)
            return
        length = round(place.block_s * RATE)
        while place.phase_s + self._delivered[number] * place.block_s <= passed_s:
            self._delivered[number] += 1
            due_s = self._begun_s + place.phase_s + self._delivered[number] * place.block_s
            status = self.status[number].status
            bursty = due_s if place.block_s > 0.5 else None
            self.status[number].status = CaptureStatus(
                status.state, None, RATE, 0, 0, 0, None, next_due_s=bursty
            )
            self.rings[number].write(_SOUND[:length], self.time.now_s)

    def health(self, number: int) -> Health:
        told = [record for record in self.sink.records if isinstance(record, Health)]
        return [record for record in told if record.source_id == str(number)][-1]

    def embedded(self, number: int) -> int:
        """Return how many windows of a source were analysed."""
        scores = [record for record in self.sink.records if isinstance(record, ScoresMessage)]
        return sum(record.source_id == str(number) for record in scores)


def steady() -> st.SearchStrategy[Place]:
    return st.tuples(st.sampled_from([0.02, 0.05, 0.1]), st.floats(0.0, 0.3)).map(lambda one: Place(*one))


@settings(deadline=None, max_examples=5, phases=[Phase.generate])
@given(
    places=st.lists(steady(), min_size=3, max_size=10),
    share=st.floats(0.4, 0.8),
    batches=st.booleans(),
)
def test_no_source_has_less_than_nine_tenths_of_the_mean_share_of_windows_when_all_are_late(
    places: list[Place], share: float, batches: bool
) -> None:
    world = World(places, _HOP_S / len(places) / share, batches)
    world.run(_LATE_S)
    found = [world.embedded(number) for number in range(len(places))]
    assert sum(found) < len(places) * _LATE_S / _HOP_S  # it is late
    assert min(found) >= 0.9 * sum(found) / len(found)
    for number in range(len(places)):
        told = world.health(number)
        assert told.captured == (told.analysed + told.pending + told.skipped + told.overwritten + told.gap)
        assert told.skipped > 0
        assert world.rings[number].counters().pending < 2.5 * RATE  # what is heard is new


@settings(deadline=None, max_examples=4, phases=[Phase.generate])
@given(places=st.lists(steady(), min_size=4, max_size=10))
def test_a_source_that_comes_in_bursts_and_one_that_is_lost_hold_up_nobody(places: list[Place]) -> None:
    odd = [Place(2.0, 2.0), Place(0.05, 0.0, lost_s=5.0)]
    places = [*odd, *places]
    world = World(places, 0.7 * _HOP_S / len(places), batches=False)
    world.run(20.0)
    for number in range(2, len(places)):
        told = world.health(number)
        assert told.skipped == 0
        assert told.analysed >= 18.0 * RATE
    assert world.health(0).skipped == 0
    assert world.health(1).state == "lost"
