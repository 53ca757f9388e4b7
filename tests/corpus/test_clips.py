"""Clips: an index that is checked, and the audible part of a sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.corpus.clips import active_span, load, read_index
from monitor.errors import ConfigError
from tests.evaluation.corpus import RATE, write_corpus


def beeps(*spans_s: tuple[float, float], amplitude: float = 0.5, length_s: float = 4.0) -> np.ndarray:
    t = np.arange(round(length_s * RATE)) / RATE
    on = np.any([(t >= start) & (t < stop) for start, stop in spans_s], axis=0)
    return np.asarray(amplitude * on * np.sin(2 * np.pi * 1000.0 * t), np.float32)


def test_the_audible_part_reaches_from_the_first_beep_to_the_last() -> None:
    span = active_span(beeps((0.5, 1.0), (2.0, 2.5)), RATE, 20.0, 6.0)

    assert (span.start / RATE, span.stop / RATE) == pytest.approx((0.5, 2.5), abs=0.02)


def test_its_power_leaves_out_the_pause() -> None:
    span = active_span(beeps((0.5, 1.0), (2.0, 2.5)), RATE, 20.0, 6.0)

    assert span.power == pytest.approx(0.125, rel=0.02)


def test_what_is_far_below_the_loudest_is_not_audible() -> None:
    faint = beeps((0.0, 4.0), amplitude=0.02)

    span = active_span(faint + beeps((1.0, 2.0)), RATE, 20.0, 6.0)

    assert (span.start / RATE, span.stop / RATE) == pytest.approx((1.0, 2.0), abs=0.02)


def test_a_long_sound_is_cut() -> None:
    span = active_span(beeps((0.5, 4.0)), RATE, 20.0, 1.5)

    assert (span.stop - span.start) / RATE == pytest.approx(1.5, abs=0.02)


def test_an_index_without_a_column_or_with_a_wrong_value_is_refused(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    index = tmp_path / "index.csv"
    text = index.read_text(encoding="utf-8")

    index.write_text(text.replace("rms_db", "level"), encoding="utf-8")
    with pytest.raises(ConfigError, match="lacks the columns rms_db"):
        read_index(index)
    index.write_text(text.replace("event,3", "event,three", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 2: .*'three'"):
        read_index(index)
    with pytest.raises(ConfigError, match="Cannot read the index"):
        read_index(tmp_path / "none.csv")


def test_a_clip_that_is_not_sound_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not sound")

    with pytest.raises(ConfigError, match=r"Cannot read the sound file .*text\.wav"):
        load(tmp_path / "text.wav", RATE)
    with pytest.raises(ConfigError, match=r"Cannot read the sound file .*none\.wav"):
        load(tmp_path / "none.wav", RATE)


def test_a_clip_is_mono_at_the_rate_asked_for(tmp_path: Path) -> None:
    write_corpus(tmp_path)

    samples = load(tmp_path / "siren0_fold4.wav", 8000)

    assert samples.dtype == np.float32
    assert samples.shape == (2 * 8000,)
    assert not samples.flags.writeable
