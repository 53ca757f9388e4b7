"""What every published CLAP has in common, whichever library runs it."""

from __future__ import annotations

from monitor.encoders.log_mel import SAMPLE_RATE

INPUT_LEN = 10 * SAMPLE_RATE
"""Samples its audio tower takes."""
MAX_TOKENS = 77
"""Of a text; LAION trained on no more."""
PROMPT = "the sound of {}"
HOP_S = 1.0
"""Seconds from window to window: a ten-second window changes little in less."""
