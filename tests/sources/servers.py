"""Servers of sound, as cameras and web radios are: HTTP, and RTSP with the sound in its own connection."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

Feed = Callable[[], Iterator[bytes]]
"""Gives what a server sends to one who asks; it waits where that takes time."""
PACKET_S = 0.02


class Server:
    """Answers every connection on a thread of its own until it is killed; `frozen` while that is set."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self.asked: list[str] = []
        """What was asked for, as it came."""
        self.go_on = threading.Event()
        """Cleared: it sends nothing, and hangs up on nobody."""
        self.go_on.set()
        self._killed = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def kill(self) -> None:
        """End it and all its connections at once."""
        self._killed.set()
        self.go_on.set()
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def answer(self, connection: socket.socket) -> None:
        """Serve one who asks."""
        raise NotImplementedError

    def pass_on(self, feed: Iterator[bytes], send: Callable[[bytes], object]) -> None:
        """Send what `feed` gives while nobody freezes or kills the server."""
        for data in feed:
            self.go_on.wait()
            if self._killed.is_set():
                return
            send(data)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            self.answer(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class WebServer(Server):
    """Sends by path what a `Feed` gives, or a whole recording of known length."""

    def __init__(self, pages: dict[str, Feed | bytes], port: int = 0, login: str = "") -> None:
        self._pages = pages
        self._login = login
        super().__init__(port)

    def answer(self, connection: socket.socket) -> None:
        request = _head(connection)
        self.asked.append(request)
        path = request.split()[1].partition("?")[0]
        if not _logged_in(request, self._login):
            connection.sendall(
                b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
            )
            return
        page = self._pages.get(path)
        if page is None:
            connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        elif isinstance(page, bytes):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            self.pass_on(page(), connection.sendall)


class Camera(Server):
    """Sends 16-bit sound by RTSP, interleaved with its answers (RFC 2326, 10.12; RFC 3551)."""

    def __init__(
        self, feed: Callable[[], Iterator[NDArray[np.float32]]], rate: int, port: int = 0, login: str = ""
    ) -> None:
        self._feed, self._rate, self._login = feed, rate, login
        super().__init__(port)

    def answer(self, connection: socket.socket) -> None:
        while request := _head(connection):
            self.asked.append(request)
            method = request.split()[0]
            number = next(line for line in request.splitlines() if line.lower().startswith("cseq"))
            if method != "OPTIONS" and not _logged_in(request, self._login):
                connection.sendall(
                    f'RTSP/1.0 401 No\r\n{number}\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'.encode()
                )
                continue
            connection.sendall(f"RTSP/1.0 200 OK\r\n{number}\r\n{self._more(method)}".encode())
            if method == "PLAY":
                self.pass_on(self._packets(), connection.sendall)
                return

    def _more(self, method: str) -> str:
        if method == "DESCRIBE":
            sdp = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                f"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16/{self._rate}/1\r\na=control:track1\r\n"
            )
            return f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
        if method == "SETUP":
            return "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
        return "Session: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"

    def _packets(self) -> Iterator[bytes]:
        sample = 0
        for number, samples in enumerate(self._feed()):
            body = (np.clip(samples, -1.0, 1.0) * 32767).astype(">i2").tobytes()
            head = struct.pack(">BBHII", 0x80, 97, number & 0xFFFF, sample & 0xFFFFFFFF, 1)
            sample += len(samples)
            yield struct.pack(">cBH", b"$", 0, len(head) + len(body)) + head + body


def in_real_time(
    samples: NDArray[np.float32], rate: int, kept_s: float = 0.0
) -> Iterator[NDArray[np.float32]]:
    """Give `samples` packet by packet as they would be heard, those of `kept_s` at once."""
    step, begun_s, over = round(PACKET_S * rate), time.monotonic(), threading.Event()
    for start in range(0, len(samples), step):
        over.wait(max(0.0, begun_s + start / rate - kept_s - time.monotonic()))
        yield samples[start : start + step]


def wav_feed(samples: NDArray[np.float32], rate: int, kept_s: float = 0.0) -> Feed:
    """A WAV without an end, as a program writes it that does not know when it will stop."""
    pcm = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        0xFFFFFFFF,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        rate * 2,
        2,
        16,
        b"data",
        0xFFFFFFFF,
    )

    def feed() -> Iterator[bytes]:
        yield pcm
        for part in in_real_time(samples, rate, kept_s):
            yield (part * 32767).astype("<i2").tobytes()

    return feed


def encoded(samples: NDArray[np.float32], rate: int, container: str, codec: str) -> bytes:
    """Return `samples` as the bytes of a file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=codec)
    return file.getvalue()


def paced(data: bytes, length_s: float, kept_s: float = 0.0) -> Iterator[bytes]:
    """Give the bytes of `length_s` seconds of sound as those pass, those of `kept_s` at once."""
    step = max(1, round(len(data) * PACKET_S / length_s))
    begun_s, over = time.monotonic(), threading.Event()
    for start in range(0, len(data), step):
        over.wait(max(0.0, begun_s + start / len(data) * length_s - kept_s - time.monotonic()))
        yield data[start : start + step]


def _head(connection: socket.socket) -> str:
    """Return a request up to its empty line; nothing at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
        head += byte
    return head.decode("latin-1")


def _logged_in(request: str, login: str) -> bool:
    return not login or f"Basic {base64.b64encode(login.encode()).decode()}" in request


def tone_of(frequency_hz: float, seconds: float, rate: int) -> NDArray[np.float32]:
    """A sine at -12 dBFS."""
    times = np.arange(round(seconds * rate)) / rate
    return np.asarray(0.355 * np.sin(2.0 * np.pi * frequency_hz * times), np.float32)
