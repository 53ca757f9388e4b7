"""What there is to know of an encoder, as one record."""

from __future__ import annotations

import msgspec

from monitor.config.tuning import Tuning
from monitor.records import Cohort


class EncoderInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One model as it listens in this run."""

    name: str
    """In the manifest."""
    identity: str
    """Changes when the weights change; a background profile belongs to one identity."""
    sample_rate: int
    """Hz of the sound it takes."""
    window_len: int
    """Samples per window."""
    dim: int
    """Dimensions of the space."""
    hop_s: float
    """Seconds from window to window that suit it."""
    templates: tuple[str, ...]
    """The prompt ensemble, each with one `{}`: a phrase is the unit mean of what each makes of it."""
    batches: bool = False
    """Whether several windows at once cost less than one after another.

    Where they do not, each is embedded alone: what it gives does not depend on its neighbours, not even in
    the last bit.
    """
    tuning: Tuning | None = None
    """The constants that were tuned for it; None: none were."""
    pinned: bool = True
    """Whether its weights were compared with a sha256 that was known before they were read."""
    adapter: str = ""
    """Fingerprint of the adapter that is laid over what it makes of sound; empty: none is."""
    cohort: Cohort | None = None
    """Ordinary sound as it hears it, which gives scores their meaning; None: there is none."""
