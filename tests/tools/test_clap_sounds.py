"""The sounds that the CLAP benchmark tries."""

from __future__ import annotations

import numpy as np

from monitor.encoders.log_mel import log_mel
from tests.tools.load import load_tool

sounds = load_tool("tools.benchmark.clap_sounds")


def test_code_made_sounds_differ_and_stay_within_full_scale() -> None:
    made = sounds.make_sounds(12)
    assert made.shape == (12, sounds.WINDOW_LEN)
    peaks = np.abs(made).max(axis=1)
    assert (peaks < 1).all()
    assert (peaks > 1e-3).all()
    spectrograms = log_mel(made, "slaney").reshape(12, -1)
    apart = np.abs(spectrograms[:, None] - spectrograms[None]).mean(axis=2)
    assert apart[~np.eye(12, dtype=bool)].min() > 1  # dB
    np.testing.assert_array_equal(made, sounds.make_sounds(12))
