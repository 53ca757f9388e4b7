"""The process that hears a stream in a network: a server that hangs can only be left by ending it.

FFmpeg's network code runs here, through PyAV, started by `network.py`. What is opened comes as one line on
stdin, so that no list of processes shows a password. It writes frames (`capture_messages.py`) to stdout and
ends when its stdin does, when its parent dies. FFmpeg says nothing, and may open nothing but the network.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NoReturn

import msgspec

from monitor.errors import SourceAbsent, SourceError, SourceLost
from monitor.sources.capture_messages import Failed, Over, RawBlock, Tuned, encode_header
from monitor.sources.capture_pipe import end_with_parent, read_line, send, take_stdout, write_all
from monitor.sources.decoder import load_av, to_float
from monitor.sources.network_address import Asked

_LOOK_S = 0.5
"""Seconds of a stream that may be read to learn what is in it; they are heard all the same."""
_SHORT_S = 1.0
"""A recording that ends by less before its stated length has ended as it should."""
_MOST_BROKEN = 50
"""Packets in a row that cannot be decoded: then it is something else by now, and opened again."""
_PROTOCOLS = "http,https,httpproxy,tcp,tls,crypto,rtp,udp,rtsp"
"""What an address, a playlist or a redirection may lead to: no file, no pipe, no device."""
_ASKED = msgspec.json.Decoder(Asked)


def main() -> NoReturn:
    """Hear one stream to its end, or until the parent goes away, and end the process."""
    pipe = take_stdout()
    asked = _ASKED.decode(read_line())
    threading.Thread(target=end_with_parent, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        send(pipe, _heard(asked, pipe))
    os._exit(0)  # what closes a connection may hang


def _heard(asked: Asked, pipe: int) -> Failed | Over:
    """Hear it, and return why that is over; no text of a library may be shown: it may hold the address."""
    try:
        return _hear(asked, pipe)
    except BrokenPipeError:
        raise
    except SourceError as error:
        return Failed(str(error), absent=isinstance(error, SourceAbsent | SourceLost))
    except Exception as error:  # noqa: BLE001 - the parent says it
        return Failed(f"{asked.shown} cannot be heard any more ({type(error).__name__}).", absent=True)


def _hear(asked: Asked, pipe: int) -> Over | Failed:
    av = load_av()
    av.logging.set_level(None)
    container = _open(av, asked)
    stream = container.streams.best("audio")
    if stream is None or stream.codec_context is None:
        raise SourceError(f"{asked.shown} has no sound that can be decoded, only {_kinds(container)}.")
    length_s = _length_s(container)
    bursts = container.format.name.startswith(("hls", "dash"))
    tuned: Tuned | None = None
    heard_s, lost_s = 0.0, 0.0
    for found in _frames(av, container, stream, asked.shown):
        if isinstance(found, float):
            lost_s += found
            continue
        samples = to_float(found)
        now = Tuned(found.sample_rate, samples.shape[1], stream.codec_context.name, length_s, bursts)
        if now != tuned:
            send(pipe, now)
            tuned = now
        block = RawBlock(samples.tobytes(), time.monotonic(), round(lost_s * now.sample_rate), overflow=False)
        write_all(pipe, encode_header(block) + block.data)
        heard_s, lost_s = heard_s + len(samples) / now.sample_rate, 0.0
    if length_s is not None and heard_s >= length_s - max(_SHORT_S, 0.02 * length_s):
        return Over(heard_s)
    return Failed(f"{asked.shown} has ended the transmission.", absent=True)


def _frames(av: ModuleType, container: Any, stream: Any, name: str) -> Iterator[Any]:
    """Give decoded frames, and as a number the seconds that could not be decoded, to the end."""
    broken = 0
    for packet in _packets(av, container, stream, name):
        try:
            frames = packet.decode()
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:
            broken += 1
            if broken > _MOST_BROKEN or not isinstance(error, av.error.InvalidDataError):
                raise SourceLost(f"{name} goes on as something else; it is asked for again.") from None
            yield float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
        else:
            broken = 0 if frames else broken
            yield from frames


def _packets(av: ModuleType, container: Any, stream: Any, name: str) -> Iterator[Any]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.EOFError, av.error.InvalidDataError):
            return
        except av.error.PatchWelcomeError:
            raise SourceLost(f"{name} goes on as something else; it is asked for again.") from None
        except (av.error.FFmpegError, OSError) as error:
            if getattr(error, "errno", None) == errno.EIO:  # how the end of what has no stated length is told
                return
            raise SourceLost(f"The connection to {name} broke off ({_why(error)}).") from None
        if packet is None:
            return
        yield packet


def _open(av: ModuleType, asked: Asked) -> Any:
    try:
        return av.open(asked.url, options=_options(asked), metadata_errors="replace")
    except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError):
        raise SourceError(
            f"{asked.shown} refuses to be heard; check the user name and the password."
        ) from None
    except av.error.HTTPNotFoundError:
        raise SourceAbsent(
            f"{asked.shown} is not there (404); check the path, or start what sends."
        ) from None
    except (av.error.InvalidDataError, av.error.DemuxerNotFoundError, av.error.ProtocolNotFoundError):
        raise SourceError(f"{asked.shown} answers with something that is no sound.") from None
    except (av.error.FFmpegError, OSError) as error:
        hint = (
            "; or set verify_tls = false in [capture], if its certificate is its own"
            if _encrypts(asked)
            else ""
        )
        raise SourceAbsent(
            f"{asked.shown} cannot be reached ({_why(error)}); check the address and the network{hint}."
        ) from None


def _options(asked: Asked) -> dict[str, str]:
    """Return options of FFmpeg: sound only, nothing but the network."""
    options = {
        "protocol_whitelist": _PROTOCOLS,
        "analyzeduration": f"{_LOOK_S * 1e6:.0f}",
        "tls_verify": "1" if asked.verify else "0",
        "user_agent": "monitor",
        "rtsp_transport": "tcp",
        "allowed_media_types": "audio",
        "ignore_length": "1",
    }
    return options | ({"ca_file": asked.authorities} if asked.authorities else {})


def _length_s(container: Any) -> float | None:
    """Return the seconds of a recording; None where nobody says that it ends."""
    length, unit = container.duration, 1e6
    name = container.format.name
    stated = name.startswith(("hls", "dash", "rtsp")) or container.size > 0
    return length / unit if length and length > 0 and stated else None


def _encrypts(asked: Asked) -> bool:
    """Return whether a server may have failed to prove who it is; the library does not tell that apart."""
    return asked.verify and asked.url.startswith(("https:", "rtsps:"))


def _kinds(container: Any) -> str:
    return " and ".join(sorted({stream.type for stream in container.streams})) or "nothing"


def _why(error: Exception) -> str:
    """Return the system's or the library's words, which hold no address."""
    return str(getattr(error, "strerror", None) or type(error).__name__).rstrip(".").lower()


if __name__ == "__main__":
    main()
