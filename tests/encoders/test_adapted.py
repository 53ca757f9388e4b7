"""An encoder with an adapter is another model to all that is learnt from it."""

from __future__ import annotations

import numpy as np

from monitor.config.settings import Config
from monitor.config.tuning import with_tuning
from monitor.encoders.adapted import AdaptedEncoder
from monitor.models.adapter import Adapter
from monitor.pipeline.scorers import Scorers
from monitor.records import Cohort, Window
from monitor.scoring.prompts import parse_classes
from monitor.units import unit_norm
from tests.fakes import RATE, FakeEncoder, noise, tone


def changed(dim: int, size: float = 0.5) -> Adapter:
    rng = np.random.default_rng(0)
    down, up = (rng.normal(0.0, size, shape).astype(np.float32) for shape in ((dim, 2), (2, dim)))
    return Adapter(FakeEncoder.identity, down, up)


def with_cohort() -> FakeEncoder:
    encoder = FakeEncoder()
    vectors = unit_norm(np.random.default_rng(1).random((300, encoder.dim)).astype(np.float32))
    encoder.cohort = Cohort(vectors, (), np.full(300, -1, np.intp), 100.0)
    return encoder


def test_an_adapter_that_changes_nothing_leaves_every_score_bit_for_bit() -> None:
    plain = with_cohort()
    nothing = np.zeros((2, plain.dim), np.float32)
    same = AdaptedEncoder(plain, Adapter(plain.identity, changed(plain.dim).down, nothing))
    windows = np.stack([tone("low", 1.0), noise(1.0), tone("high", 1.0)])
    classes = parse_classes("low,high")
    config = with_tuning(Config(), plain.tuning)
    before, after = (
        Scorers(encoder, classes, config).make({}).log_odds(encoder.embed_audio(windows))
        for encoder in (plain, same)
    )
    np.testing.assert_array_equal(before, after)


def test_sound_and_cohort_pass_through_it_and_words_do_not() -> None:
    plain = with_cohort()
    assert plain.cohort is not None
    adapted = AdaptedEncoder(plain, changed(plain.dim))
    windows = np.stack([tone("low", 1.0), noise(1.0)])
    np.testing.assert_array_equal(
        adapted.embed_audio(windows), adapted.adapter.apply(plain.embed_audio(windows))
    )
    streamed = [Window(0, window, False, RATE, 0.0) for window in windows]
    np.testing.assert_array_equal(adapted.embed_windows(streamed), adapted.embed_audio(windows))
    assert adapted.info.cohort is not None
    np.testing.assert_array_equal(adapted.info.cohort.vectors, adapted.adapter.apply(plain.cohort.vectors))
    np.testing.assert_array_equal(adapted.embed_text(["low"]), plain.embed_text(["low"]))


def test_it_has_an_identity_of_its_own() -> None:
    adapted = AdaptedEncoder(FakeEncoder(), changed(4))
    assert adapted.info.identity == adapted.adapter.identity != FakeEncoder.identity
    assert adapted.info.adapter == adapted.adapter.fingerprint
    assert (adapted.sample_rate, adapted.window_len, adapted.dim) == (8000, 8000, 4)
