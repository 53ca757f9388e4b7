"""A peer that speaks ZeroMQ's protocol (ZMTP 3.0, NULL) by hand, and so can speak it badly."""

from __future__ import annotations

import socket

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"


def frame(body: bytes, *, command: bool = False, more: bool = False) -> bytes:
    """One frame; of a message, `more` of its frames may follow."""
    flags = 4 * command + more
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def subscription(topic: bytes) -> bytes:
    return frame(b"\x01" + topic)


def connected(endpoint: str) -> socket.socket:
    """A bare connection to `endpoint`."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20.0)


def greeted(endpoint: str) -> socket.socket:
    """A connection after the handshake, which took place."""
    peer = connected(endpoint)
    peer.sendall(GREETING + frame(READY, command=True))
    answer = b""
    while b"READY" not in answer:
        piece = peer.recv(1000)
        assert piece, "the publisher hung up during the handshake"
        answer += piece
    return peer


def hung_up(peer: socket.socket) -> bool:
    """Wait for the other end to close the connection; False where it goes on sending for 20 s."""
    try:
        while peer.recv(1 << 16):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True
