"""A real-time sound monitor that recognises the words you type, in a noisy room, offline.

The public surface in Python: `load_encoder` for the audio-text encoder, `subscribe` for typed events.
Importing this package loads no audio, model, network or terminal library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.encoders import Encoder
    from monitor.records import Event

__all__ = ["__version__", "load_encoder", "subscribe"]

__version__ = "0.1.0"


def load_encoder(
    name: str = "embedded", provider: str = "cpu", threads: int = 1, window_s: float = 0.0
) -> Encoder:
    """Return an encoder that maps sound and words into one space.

    Parameters
    ----------
    name
        A model of the manifest (`embedded` is in the box), or the path of a model's folder.
    provider
        `cpu`, `cuda` or `torch`.
    threads
        Threads used per call.
    window_s
        Seconds per window, for a model that repeats a window shorter than its own; 0: the model's own.

    Returns
    -------
    Encoder
        Has `sample_rate` (Hz), `window_len` (samples), `dim`,
        ``embed_audio(float32 (n, window_len)) -> float32 (n, dim)`` and
        ``embed_text(list[str]) -> float32 (n, dim)``, rows of unit norm.

    Raises
    ------
    ModelError
        Unknown name, missing or altered file, or a provider that is not there.
    """
    from monitor.config import ModelConfig
    from monitor.encoders import load

    return load(ModelConfig(name=name, provider=provider, threads=threads, window_s=window_s))


def subscribe(endpoint: str = "tcp://127.0.0.1:5557") -> Iterator[Event]:
    """Iterate over the events of a running monitor, for ever.

    Parameters
    ----------
    endpoint
        Where the monitor publishes (`--bind`).

    Yields
    ------
    Event
        Each message of each event's life. Malformed messages are passed over.

    Raises
    ------
    PublishError
        `endpoint` is not an address.
    """
    from monitor.subscriber import subscribe_events

    return subscribe_events(endpoint)
