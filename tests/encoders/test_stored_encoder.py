from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.assemble import make_stages
from monitor.bus.messages import Event, PublishedRecord, ScoresMessage
from monitor.config.settings import Config, ModelConfig
from monitor.encoders import Encoder, load
from monitor.encoders.encoder import embed_windows
from monitor.encoders.stored_encoder import StoredEncoder, repeat_to
from monitor.errors import ModelError
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Clock, Stream
from monitor.records import Span
from monitor.scoring.prompts import parse_classes
from monitor.stream.ring import Ring
from monitor.stream.windows import Windower
from tests.encoders.engines import PitchEngine, pitch_model
from tests.fakes import RATE, Collector, FakeEncoder, FixedStatus, noise, tone


def encoder(engine: PitchEngine, window_s: float = 0.0, **entry: object) -> StoredEncoder:
    return StoredEncoder(pitch_model(**entry), engine, window_s)


@given(st.integers(1, 50), st.integers(50, 120))
def test_a_short_window_is_repeated_whole_and_then_there_is_silence(short: int, length: int) -> None:
    window = np.arange(1, short + 1, dtype=np.float32)[np.newaxis]
    repeated = repeat_to(window, length)
    copies = length // short
    assert repeated.shape == (1, length)
    assert (repeated[0, : copies * short].reshape(copies, short) == window).all()
    assert not repeated[0, copies * short :].any()


def test_a_model_that_repeats_takes_shorter_windows() -> None:
    engine = PitchEngine()
    own = encoder(engine, 0.5, input_len=RATE)
    assert own.window_len == RATE // 2
    own.embed_audio(tone("low", 0.5)[np.newaxis])
    assert engine.heard == [(1, RATE)]
    assert own.info.identity.endswith("-0.5s")
    assert encoder(engine, input_len=RATE).info.identity == encoder(engine, 1.0, input_len=RATE).info.identity


def test_a_model_that_does_not_repeat_refuses_another_window() -> None:
    with pytest.raises(ModelError, match=r"hears windows of 1 s and no others; leave model\.window_s at 0"):
        encoder(PitchEngine(), 0.5)


@pytest.mark.parametrize("window_s", [0.1, 1.5])
def test_a_window_out_of_range_is_refused_with_the_range(window_s: float) -> None:
    with pytest.raises(
        ModelError, match=f"window_s is {window_s}; model 'pitch' takes windows of 0.5 to 1 s"
    ):
        encoder(PitchEngine(), window_s, input_len=RATE)


def test_a_graph_without_front_end_gets_the_log_mel() -> None:
    engine = PitchEngine()
    clap = encoder(engine, sample_rate=48_000, window_len=480_000, input_len=480_000, front_end="log_mel")
    clap.embed_audio(np.full((2, 480_000), 0.1, np.float32))
    assert engine.heard == [(2, 1, 1001, 64)]


def test_the_templates_are_the_ensemble_or_the_one_prompt() -> None:
    assert encoder(PitchEngine(), prompt="a {}").info.templates == ("a {}",)
    assert encoder(PitchEngine(), prompts=("a {}", "b {}")).info.templates == ("a {}", "b {}")


def test_silence_is_embedded_once_whoever_asks() -> None:
    engine = PitchEngine()
    own = encoder(engine)
    silence = np.zeros((1, RATE), np.float32)
    embeddings = [own.embed_audio(silence) for _ in range(10)]
    assert engine.heard == [(1, RATE)]
    assert all((one == FakeEncoder().embed_audio(silence)).all() for one in embeddings)


def test_what_one_gets_of_the_embedding_of_silence_is_ones_own() -> None:
    own = encoder(PitchEngine())
    silence = np.zeros((1, RATE), np.float32)
    own.embed_audio(silence)[:] = 7.0
    assert own.embed_audio(silence).max() <= 1.0


def test_a_window_with_one_sample_that_is_not_silent_is_listened_to() -> None:
    engine = PitchEngine()
    own = encoder(engine)
    windows = np.zeros((3, RATE), np.float32)
    windows[1, 77] = 2e-5
    embeddings = own.embed_audio(windows)
    assert engine.heard == [(1, RATE), (1, RATE)]
    assert (embeddings[1] == FakeEncoder().embed_audio(windows[1:2])[0]).all()


class Gated(StoredEncoder):
    """Listens with the pitch engine, and knows the words of `FakeEncoder`."""

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return FakeEncoder().embed_text(texts)


def heard_by(encoder: Encoder, sound: NDArray[np.float32]) -> list[PublishedRecord]:
    """Everything that comes of `sound`."""
    ring, sink = Ring(len(sound)), Collector()
    ring.write(sound, 0.0)
    ring.close()
    pipeline = Pipeline(
        ring=ring,
        capture=FixedStatus(),
        stages=make_stages(encoder, parse_classes("low,middle"), Config()),
        sinks=[sink],
        stream=Stream("s", "s", RATE, "m", False, "0"),
        clock=Clock(monotonic=lambda: 0.0, utc=lambda: datetime(2026, 1, 1, tzinfo=UTC)),
        max_lag_s=1.0,
    )
    while pipeline.step():
        pass
    return sink.records


def onsets_and_offsets(records: Sequence[PublishedRecord]) -> list[tuple[object, ...]]:
    events = [one for one in records if isinstance(one, Event) and one.type != "update"]
    return [(one.type, one.class_, one.onset_sample, one.offset_sample, one.peak_score) for one in events]


@pytest.mark.parametrize("dither", [0.0, 2e-6], ids=["zeros", "dither below -100 dBFS"])
def test_silence_that_costs_nothing_changes_no_event(dither: float) -> None:
    """The same stream through an encoder that listens to every window."""
    silence, faint = noise(6.0, dither), tone("middle", 2.5, 1e-4)
    parts = [silence, tone("low", 3.0), silence, faint, silence, noise(3.0), tone("low", 2.0)]
    sound = np.concatenate(parts)
    engine = PitchEngine()
    gated, always = heard_by(Gated(pitch_model(), engine), sound), heard_by(FakeEncoder(), sound)
    assert {change[1] for change in onsets_and_offsets(gated)} == {"low", "middle"}
    assert onsets_and_offsets(gated) == onsets_and_offsets(always)
    assert len(engine.heard) < sum(isinstance(one, ScoresMessage) for one in gated) - 30


@pytest.mark.parametrize("hop_s", [0.25, 0.5, 1.0, 0.3001])
def test_windows_of_a_stream_are_embedded_as_their_samples_alone_to_the_last_bit(hop_s: float) -> None:
    """Silence between, and the windows of two streams in turns, as the pipeline asks for them."""
    box = load(ModelConfig(name="embedded"))
    assert isinstance(box, StoredEncoder)
    rate, streams = box.sample_rate, []
    for seed in (0, 1):
        sound = np.random.default_rng(seed).standard_normal(5 * rate).astype(np.float32) * 0.1
        sound[2 * rate : 4 * rate + rate // 2] = 0.0
        windower = Windower(box.window_len, round(hop_s * rate), rate)
        streams.append([*windower.push(Span(0, sound, True, 0.0)), *windower.finish()])
    for windows in zip(*streams, strict=True):
        for window in windows:
            assert (embed_windows(box, [window]) == box.embed_audio(window.samples[np.newaxis])).all()


def test_a_model_that_repeats_a_short_window_shares_nothing_between_them() -> None:
    engine = PitchEngine()
    short = encoder(engine, 0.5, input_len=RATE, front_end="log_mel", mel="kaldi")
    windower, sound = Windower(RATE // 2, 320, RATE), noise(1.0, 0.1)
    windows = windower.push(Span(0, sound, True, 0.0))
    together = [short.embed_windows([window]) for window in windows]
    alone = [short.embed_audio(window.samples[np.newaxis]) for window in windows]
    assert all((one == other).all() for one, other in zip(together, alone, strict=True))


def test_a_file_written_in_another_way_keeps_its_identity() -> None:
    assert encoder(PitchEngine(), identity="before").info.identity == "pitch-before"
    assert encoder(PitchEngine()).info.identity != "pitch-before"


@given(st.floats(2e-6, 1e-4), st.integers(0, 2**32 - 1), st.sampled_from(["noise", "click", "constant"]))
def test_silence_is_where_no_sample_is_louder_than_a_hundred_thousandth(
    level: float, seed: int, kind: str
) -> None:
    window = np.zeros(RATE, np.float32)
    if kind == "noise":
        window += np.random.default_rng(seed).uniform(-level, level, RATE).astype(np.float32)
    elif kind == "constant":
        window += np.float32(level)
    else:
        window[seed % RATE] = level
    engine = PitchEngine()
    own = encoder(engine)
    own.embed_audio(np.zeros((1, RATE), np.float32))
    own.embed_audio(window[np.newaxis])
    assert (len(engine.heard) == 2) == bool(np.abs(window).max() > 1e-5)
