"""Alarms and what is taken for one, made by code: to teach, and to report on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool
from tests.tools.student_world import RATE, write_sounds

torch: Any = load_tool("torch")
examples, signals, sources = (
    load_tool(f"tools.train.student.{name}") for name in ("examples", "signals", "sources")
)

LEN = 2 * RATE


@pytest.mark.parametrize("signal", signals.SIGNALS, ids=lambda one: str(one.make.__name__))
def test_every_draw_of_a_signal_sounds_for_all_of_a_window(signal: Any) -> None:
    for seed in range(5):
        sound = signal.make(np.random.default_rng(seed), LEN)
        assert sound.shape == (LEN,)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0.1


def on_share(sound: Any) -> float:
    """Share of hundredths of a second in which there is sound."""
    rms = np.sqrt(np.square(sound).reshape(-1, RATE // 100).mean(axis=1))
    return float((rms > 0.2 * rms.max()).mean())


def test_a_window_of_t4_has_more_than_the_one_pulse_of_an_empty_battery() -> None:
    draws = [np.random.default_rng(seed) for seed in range(20)]
    assert min(on_share(signals.t4(rng, LEN)) for rng in draws) * 2.0 > 0.15
    assert max(on_share(signals.chirp(rng, LEN)) for rng in draws) * 2.0 < 0.15


def test_no_signal_but_an_alarm_is_taught_as_one() -> None:
    alarms = {signals.t3, signals.t3_low, signals.t4, signals.t4_low, signals.march}
    named = {signals.SMOKE, signals.CARBON_MONOXIDE}
    assert {one.make for one in signals.SIGNALS if named.intersection(one.names)} == alarms


def peak_hz(part: Any) -> float:
    """Pitch of the loudest partial."""
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum)) * RATE / len(part)


def test_every_siren_changes_its_pitch_within_a_window_or_the_next() -> None:
    makers = [one.make for one in signals.SIGNALS if one.names == ("siren",)]
    assert makers
    for make in makers:
        for seed in range(10):
            parts = make(np.random.default_rng(seed), 3 * LEN).reshape(-1, RATE // 10)
            pitches = [peak_hz(part) for part in parts]
            assert max(pitches) > 1.08 * min(pitches)


@pytest.fixture
def sound(tmp_path: Path) -> Any:
    write_sounds(tmp_path)
    (tmp_path / "work").mkdir()
    return sources.load_sound(tmp_path, tmp_path / "work")


def test_a_signal_draws_the_same_labelled_examples_within_full_scale_every_time(sound: Any) -> None:
    t4, beep = (
        next(one for one in signals.SIGNALS if one.make is make) for make in (signals.t4, signals.chirp)
    )
    one, again, other = (examples.SignalExamples(sound, signal).draw(8) for signal in (t4, t4, beep))
    assert one[0].shape == (8, LEN)
    assert torch.equal(one[0], again[0])
    assert torch.equal(one[1], again[1])
    assert set(one[1].tolist()) == {0, 1}
    assert not torch.equal(one[0], other[0])
    assert float(one[0].abs().max()) <= 1
