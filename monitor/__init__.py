"""A real-time sound monitor that recognises the words you type, in a noisy room, offline.

The public surface in Python: `load_encoder` for the audio-text encoder, `subscribe` for typed events.
Importing this package loads no audio, model, network or terminal library.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` is not loaded for it: a Ctrl-C would break that, or a file of that name
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal, overload

    from monitor.bus.client import Contact
    from monitor.bus.messages import Event, Health
    from monitor.encoders import Encoder

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
    from monitor.config.settings import ModelConfig
    from monitor.encoders import load

    return load(ModelConfig(name=name, provider=provider, threads=threads, window_s=window_s))


if TYPE_CHECKING:

    @overload
    def subscribe(
        endpoint: str = ...,
        *,
        connection: Literal[False] = ...,
        control: str | None = ...,
        hearing: Literal[False] = ...,
    ) -> Iterator[Event]: ...

    @overload
    def subscribe(
        endpoint: str = ..., *, connection: bool, control: str | None = ..., hearing: Literal[False] = ...
    ) -> Iterator[Event | Contact]: ...

    @overload
    def subscribe(
        endpoint: str = ..., *, connection: bool = ..., control: str | None = ..., hearing: bool
    ) -> Iterator[Event | Contact | Health]: ...


def subscribe(
    endpoint: str = "tcp://127.0.0.1:5557",
    *,
    connection: bool = False,
    control: str | None = None,
    hearing: bool = False,
) -> Iterator[Event] | Iterator[Event | Contact] | Iterator[Event | Contact | Health]:
    """Iterate over the events of a running monitor, for ever, those first that sound already.

    Parameters
    ----------
    endpoint
        Where the monitor publishes (`--bind`).
    connection
        Also yield a `Contact` (from `monitor.bus.client`) when the monitor is gone, back or restarted, when
        it stands still, and when messages were lost.
    control
        Where the monitor answers (`--control`); None: it is found from `endpoint`.
    hearing
        Also yield the `Health` of a source where it begins or ceases to be heard well: its `hearing_change`
        says how it was heard before, for how long, and why that changed.

    Yields
    ------
    Event
        Each message of each event's life. When the monitor goes, each event that sounded gets an offset,
        ``ended_by="gone"``. Malformed messages are passed over.

    Raises
    ------
    PublishError
        `endpoint` is not an address.
    """
    from monitor.bus import client as following
    from monitor.bus.messages import Event, Health

    found = following.subscribe(endpoint, control, hearing)
    return found if connection else (one for one in found if isinstance(one, Event | Health))
