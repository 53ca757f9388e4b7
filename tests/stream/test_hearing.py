"""From the blocks of a source to events and health: what there is no sound for, and what is said about it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.assemble import SYSTEM_CLOCK, make_stages
from monitor.bus.messages import Event, Health, Level, NearMissMessage, Request, ScoresMessage
from monitor.config.settings import CaptureConfig, Config
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream
from monitor.records import Block
from monitor.scoring.prompts import parse_classes
from monitor.sources.ingest import Ingest
from monitor.stream.ring import Ring
from tests.fakes import RATE, Collector, FakeEncoder, FixedStatus, noise, tone
from tests.pipeline.test_pipeline import CONFIG

BIT = np.float32(1.0 / 32768.0)
LOUD = np.float32(10 ** (-10 / 20))


class Deceived(FakeEncoder):
    """Hears an alarm, the low pitch, in whatever is no sound: as a network may that never met silence."""

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = super().embed_audio(windows)
        low = np.eye(self.dim, dtype=np.float32)[:1]
        return np.where(windows.var(axis=1, keepdims=True) < 1e-9, low, heard)


class Desk:
    """A source, wired up to its sinks."""

    def __init__(self, config: Config = CONFIG) -> None:
        self.ring = Ring(RATE * 60)
        self.sink = Collector()
        self.feed = Ingest(self.ring, RATE, wait=False, config=config.capture)
        self.feed.begin(RATE, live=False, name="the desk")
        self.status = FixedStatus()
        self.pipeline = Pipeline(
            ring=self.ring,
            capture=self.status,
            stages=make_stages(Deceived(), parse_classes("low,high"), config),
            sinks=[self.sink],
            stream=Stream("desk", "the desk", RATE, "fake-0", live=False, run_id="run"),
            clock=SYSTEM_CLOCK,
            max_lag_s=1.0,
        )

    def play(self, samples: NDArray[np.float32], block_lens: tuple[int, ...] = (4000,)) -> None:
        """Hear float32 (n,) or (n, channels)."""
        channels = samples.reshape(len(samples), -1)
        start = 0
        for length in itertools.cycle(block_lens):
            if start >= len(samples):
                break
            self.feed.add(Block(channels[start : start + length], captured_s=0.0))
            start += length
            while self.ring.counters().pending:
                self.pipeline.step(0.0)

    def finish(self) -> None:
        self.feed.finish()
        self.ring.close()
        while self.pipeline.step(0.0):
            pass

    def of(self, kind: type) -> list[object]:
        return [record for record in self.sink.records if isinstance(record, kind)]

    @property
    def onsets(self) -> list[Event]:
        return [one for one in self.sink.records if isinstance(one, Event) and one.type == "onset"]

    @property
    def healths(self) -> list[Health]:
        return [one for one in self.sink.records if isinstance(one, Health)]

    @property
    def health(self) -> Health:
        return self.healths[-1]

    def hearings(self) -> list[str]:
        """Return what was said about hearing while the source ran, each change once."""
        said = [one.hearing for one in self.healths if one.state != "ended"]
        return [state for state, _ in itertools.groupby(said)]


def seconds(count: float) -> NDArray[np.float64]:
    return np.arange(round(count * RATE)) / RATE


NOTHING: dict[str, Callable[[float], NDArray[np.float32]]] = {
    "zeros": lambda s: np.zeros(round(s * RATE), np.float32),
    "minus one bit": lambda s: np.full(round(s * RATE), -BIT, np.float32),
    "a constant": lambda s: np.full(round(s * RATE), 0.02, np.float32),
    "stuck at full scale": lambda s: np.full(round(s * RATE), 1.0, np.float32),
    "stuck at minus full scale": lambda s: np.full(round(s * RATE), -1.0, np.float32),
    "the last bit toggles": lambda s: (np.floor(seconds(s) * 800) % 2 * BIT).astype(np.float32),
    "the last bit toggles both ways": lambda s: (BIT - np.floor(seconds(s) * 800) % 2 * 2 * BIT).astype("f4"),
    "noise at -95": lambda s: noise(s, 10 ** (-95 / 20)),
    "noise at -95 on an offset": lambda s: noise(s, 10 ** (-95 / 20)) + np.float32(0.3),
    "a drifting offset": lambda s: (0.1 + 0.05 * np.sin(2 * np.pi * seconds(s) / 60)).astype(np.float32),
    "dither": lambda s: np.round(noise(s, 0.4)).astype(np.float32) * BIT,
}  # fmt: skip


@pytest.mark.parametrize("kind", NOTHING)
def test_no_sound_starts_holds_and_nearly_fires_nothing_and_is_told(kind: str) -> None:
    desk = Desk()
    desk.play(NOTHING[kind](10.0))
    assert desk.onsets == []
    assert desk.of(NearMissMessage) == []
    assert all(set(score.scores.values()) == {0.0} for score in desk.of(ScoresMessage))  # type: ignore[attr-defined]
    assert (desk.health.state, desk.health.hearing) == ("silent", "too_quiet")
    assert "unmute" in (desk.health.reason or "")
    assert desk.health.hearing_reason == desk.health.reason
    assert desk.health.background.windows == 0
    assert desk.health.captured == desk.health.analysed + desk.health.pending
    desk.finish()
    assert desk.of(NearMissMessage) == []


@pytest.mark.parametrize("dbfs", [-85.0, -75.0, -60.0])
def test_a_quiet_place_is_heard_well(dbfs: float) -> None:
    quiet = noise(10.0, 10 ** (dbfs / 20))
    for sound in (quiet, (np.round(quiet / BIT) * BIT).astype(np.float32)):
        desk = Desk()
        desk.play(sound)
        assert (desk.health.state, desk.health.hearing) == ("running", "good")
        desk.finish()
        assert desk.health.background.ready


@pytest.mark.parametrize("kind", NOTHING)
def test_an_event_ends_in_no_sound(kind: str) -> None:
    desk = Desk()
    desk.play(np.concatenate([noise(4.0), tone("low", 3.0), NOTHING[kind](6.0)]))
    assert [(event.class_, event.type) for event in desk.of(Event) if event.type != "update"] == [  # type: ignore[attr-defined]
        ("low", "onset"),
        ("low", "offset"),
    ]


@pytest.mark.parametrize("kind", ["zeros", "a constant", "noise at -95 on an offset", "noise at -80"])
def test_twelve_sirens_of_a_gated_microphone_are_all_found(kind: str) -> None:
    between = noise(6.0, 1e-4) if kind == "noise at -80" else NOTHING[kind](6.0)
    desk = Desk()
    for _ in range(12):
        desk.play(np.concatenate([between, tone("low", 4.0)]))
    desk.finish()
    assert len(desk.onsets) == 12
    assert min(event.snr_db for event in desk.onsets) > 40.0
    assert desk.health.background.windows == 0 or kind == "noise at -80"


def test_a_gated_microphone_that_begins_with_a_siren_keeps_no_siren_as_its_floor() -> None:
    desk = Desk()
    for _ in range(3):
        desk.play(np.concatenate([tone("low", 4.0), np.zeros(RATE * 6, np.float32)]))
    assert [event.snr_db > 40.0 for event in desk.onsets] == [False, True, True]


def test_a_stretch_without_sound_inside_a_stream_is_no_floor() -> None:
    desk = Desk()
    desk.play(np.concatenate([noise(10.0), np.zeros(RATE * 20, np.float32), noise(1.0)]))
    levels = [record for record in desk.sink.records if isinstance(record, Level)]
    assert {round(level.floor_dbfs) for level in levels[20:]} == {-40}


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.5])
def test_an_offset_changes_no_snr_and_no_event(offset: float) -> None:
    sound = 0.05 * noise(10.0, 0.1)
    sound[RATE * 5 : RATE * 8] += tone("low", 3.0)
    plain, shifted = Desk(), Desk()
    plain.play(sound)
    shifted.play((sound + np.float32(offset)).astype(np.float32))
    (expected,), (found,) = plain.onsets, shifted.onsets
    assert found.onset_sample == expected.onset_sample
    assert found.snr_db == pytest.approx(expected.snr_db, abs=0.5)
    assert found.snr_db > 30.0


def test_opposite_channels_are_heard() -> None:
    sound = noise(10.0)
    sound[RATE * 5 : RATE * 8] += tone("low", 3.0)
    desk = Desk()
    desk.play(np.stack([sound, -sound], axis=1))
    assert [event.class_ for event in desk.onsets] == ["low"]
    assert desk.health.hearing == "good"


def test_clipped_sound_is_told_at_once_and_so_is_its_end() -> None:
    desk = Desk()
    desk.play(np.clip(noise(17.0, 3.0), -1.0, 1.0))
    assert desk.hearings() == ["good", "overloaded"]
    assert "gain" in (desk.health.hearing_reason or "")
    desk.play(noise(30.0, 0.003))
    assert desk.hearings()[-1] == "good"
    desk.play(np.clip(noise(3.0, 3.0), -1.0, 1.0))
    desk.play(np.zeros(RATE * 4, np.float32))
    assert desk.hearings()[-2:] == ["overloaded", "too_quiet"]


def test_one_clipped_channel_of_two_is_told() -> None:
    desk = Desk()
    desk.play(np.stack([noise(5.0), np.clip(noise(5.0, 3.0, seed=1), -1.0, 1.0)], axis=1))
    assert desk.health.hearing == "overloaded"


@pytest.mark.parametrize("amplitude", [LOUD, 0.1])
def test_a_background_that_drowns_a_siren_is_told(amplitude: float) -> None:
    sound = noise(20.0, amplitude)
    sound[RATE * 10 : RATE * 15] += tone("low", 5.0, amplitude * 10 ** (-10 / 20))
    desk = Desk()
    desk.play(np.clip(sound, -0.97, 0.97))
    assert desk.hearings() == ["good", "noisy"]
    assert "move the microphone" in (desk.health.hearing_reason or "")
    desk.play(noise(30.0, 0.003))
    assert desk.hearings() == ["good", "noisy", "good"]


def test_nothing_is_said_to_be_heard_well_while_nothing_can_be_reported() -> None:
    desk = Desk()
    desk.play(noise(3.0))
    desk.pipeline.handle(Request(request="mute", class_="low", value=True))
    desk.pipeline.step(0.0)
    assert desk.health.hearing == "good"
    desk.pipeline.handle(Request(request="mute", class_="high", value=True))
    desk.pipeline.step(0.0)
    assert (desk.health.state, desk.health.hearing) == ("running", "deaf")
    assert "muted" in (desk.health.hearing_reason or "")
    desk.pipeline.handle(Request(request="mute", class_="high", value=False))
    desk.pipeline.handle(Request(request="pause", value=True))
    desk.pipeline.step(0.0)
    assert (desk.health.state, desk.health.hearing) == ("paused", "deaf")
    desk.pipeline.handle(Request(request="pause", value=False))
    desk.finish()
    assert (desk.health.state, desk.health.hearing) == ("ended", "deaf")


@settings(max_examples=15, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["siren", "noise", "clipped", *NOTHING]), min_size=3, max_size=6),
    lengths=st.lists(st.integers(1, 9000), min_size=1, max_size=5),
    channels=st.integers(1, 2),
)
@example(["zeros", "siren", "siren"], [1, 1, 1, 3870], 1)  # an event begins as it becomes audible
def test_the_same_samples_give_the_same_records_whatever_the_block_size(
    kinds: list[str], lengths: list[int], channels: int
) -> None:
    parts = {"siren": tone("low", 2.2), "noise": noise(2.2), "clipped": np.clip(noise(2.2, 3.0), -1.0, 1.0)}
    sound = np.concatenate([parts[kind] if kind in parts else NOTHING[kind](2.2) for kind in kinds])
    both = np.stack([sound, -sound[::-1]][:channels], axis=1)
    whole, cut = Desk(), Desk()
    whole.play(both)
    whole.finish()
    cut.play(both, tuple(max(length, 50) for length in lengths))
    cut.finish()
    for kind in (Level, ScoresMessage, Event, NearMissMessage):
        assert [bare(one) for one in cut.of(kind)] == [bare(one) for one in whole.of(kind)]


def bare(record: object) -> dict[str, object]:
    """Return a record without the times of this run."""
    clocks = {"time", "onset_time", "offset_time", "latency_s"}
    fields: tuple[str, ...] = record.__struct_fields__  # type: ignore[attr-defined]
    return {name: getattr(record, name) for name in fields if name not in clocks}


def test_hum_that_drowns_a_siren_is_told_with_its_remedy_and_gone_with_it() -> None:
    hum = (0.1 * np.sin(2 * np.pi * 50.0 * seconds(15.0))).astype(np.float32)
    sound = noise(15.0, 0.003) + hum
    sound[RATE * 10 : RATE * 13] += tone("low", 3.0, 0.05)
    desk = Desk()
    desk.play(sound)
    assert desk.health.hearing == "noisy"
    assert "highpass_hz = 150" in (desk.health.hearing_reason or "")
    remedied = Desk(msgspec.structs.replace(CONFIG, capture=CaptureConfig(highpass_hz=150.0)))
    remedied.play(sound)
    assert remedied.hearings() == ["good"]
    assert [event.class_ for event in remedied.onsets] == ["low"]
    assert remedied.onsets[0].snr_db > 10.0


def test_what_the_sound_server_says_is_told_at_once_in_its_words_and_ends_with_it() -> None:
    desk = Desk()
    desk.play(noise(1.0, 0.1))
    well = desk.status.status
    desk.status.status = msgspec.structs.replace(well, kept_quiet="it is muted in the sound server")
    desk.play(noise(0.1, 0.1))
    assert (desk.health.state, desk.health.reason) == ("silent", "it is muted in the sound server")
    desk.status.status = well
    desk.play(noise(0.1, 0.1))
    assert (desk.health.state, desk.health.hearing) == ("running", "good")


def test_a_silence_that_was_guessed_at_is_told_again_once_its_cause_is_known_and_when_that_is_gone() -> None:
    desk = Desk()
    desk.play(np.zeros(3 * RATE, np.float32))
    well = desk.status.status
    said = [str(desk.health.reason)]
    for status in (msgspec.structs.replace(well, kept_quiet="it is muted in the sound server"), well):
        desk.status.status = status
        desk.play(np.zeros(RATE // 10, np.float32))
        said.append(str(desk.health.reason))
    assert ["muted, unplugged" in one for one in said] == [True, False, True]
    assert said[1] == "it is muted in the sound server"
