"""Who is connected to a socket of the bus, and who has to leave.

ZeroMQ has no limit of connections, and stores every subscription a peer sends. A peer that only listens has
little to say, so the kernel's own count of what arrived on its connection tells who attacks: whoever exceeds
its allowance, or holds more subscriptions than anybody needs, is cut off, whatever it sent. Connections
beyond `most_peers` are closed, the newest ones, once a second: whoever tries again and again costs little.

Runs on a thread of its own: subscriptions can keep the thread busy that owns the socket.
"""

from __future__ import annotations

import os
import resource
import socket
import stat
import struct
import threading
import time
from contextlib import suppress

import msgspec
import zmq

ALLOWANCE_LEN = 16 << 10
"""Bytes a peer may send: greetings and a few hundred subscriptions."""
ALLOWANCE_PER_S = 128
"""Bytes more each second, for signs of life."""
MOST_SUBSCRIPTIONS = 256
"""That one peer may hold."""
MOST_SUBSCRIBED_LEN = 8 << 10
"""Bytes of all subscriptions of one peer."""
_LOOK_S = 0.05
_IDLE_S = 0.5
_CROWD_S = 1.0
_DESCRIPTORS = 4096
_BYTES_RECEIVED = 128
"""Offset of `tcpi_bytes_received` (u64) in Linux's `struct tcp_info`."""
_EVENT = struct.Struct("=Hi")
"""What happened, and to which descriptor: the first frame of `zmq_socket_monitor(3)`."""
_WANTED = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_MONITOR_STOPPED


class Connection(msgspec.Struct):
    """One connection."""

    inode: int
    """The kernel's own number of it; tells a connection from a later one with the same descriptor."""
    since_s: float
    subscriptions: int = 0
    subscribed_len: int = 0

    def note(self, subscription: bytes) -> None:
        """Count one subscription more, or one less."""
        step = {1: 1, 0: -1}.get(subscription[0], 0) if subscription else 0
        self.subscriptions += step
        self.subscribed_len += step * len(subscription)

    def greedy(self, received_len: int, now_s: float) -> bool:
        """Tell whether it sent or subscribed to more than a listener has any use for."""
        allowed_len = ALLOWANCE_LEN + ALLOWANCE_PER_S * (now_s - self.since_s)
        too_many = self.subscriptions > MOST_SUBSCRIPTIONS or self.subscribed_len > MOST_SUBSCRIBED_LEN
        return too_many or received_len > allowed_len


class ConnectionGuard(threading.Thread):
    """Watches the connections of one bound socket until that is closed.

    Parameters
    ----------
    watched
        The socket; the guard takes nothing but its monitor.
    most_peers
        Connections that may last.
    metered
        Whether each may send no more than a listener has to say.
    """

    def __init__(self, watched: zmq.Socket[bytes], most_peers: int, metered: bool) -> None:
        super().__init__(name="bus-guard", daemon=True)
        self.refused = 0
        """Connections that were cut off."""
        self._most_peers = most_peers
        self._metered = metered
        self._connections: dict[int, Connection] = {}
        self._monitor = watched.get_monitor_socket(_WANTED)
        self._crowded_s = 0.0
        self._all_out = threading.Event()
        self._capacity = max(most_peers, capacity_for_descriptors() // 2)

    @property
    def connections(self) -> int:
        """Connections at present."""
        return len(self._connections)

    def cut_all(self) -> None:
        """Cut off everybody who is connected; who may may come again. From any thread."""
        self._all_out.set()

    def subscribed(self, fd: int, subscription: bytes) -> None:
        """Count a subscription that arrived on the connection `fd`; for the thread that owns the socket."""
        inode = _inode(fd)
        if inode is not None:
            self._connection(fd, inode).note(subscription)

    def run(self) -> None:
        """Watch until the socket is closed."""
        looked_s = 0.0
        with self._monitor:
            while self._take_events():
                now_s = time.monotonic()
                if now_s - looked_s >= _LOOK_S or len(self._connections) > self._capacity:
                    looked_s = now_s
                    self._look(now_s)

    def _take_events(self) -> bool:
        """Take down who comes and who leaves, waiting a moment for it; False once nobody can any more."""
        wait_s = _LOOK_S if self._connections else _IDLE_S
        while len(self._connections) <= self._capacity and self._monitor.poll(round(1000 * wait_s)):
            wait_s = 0.0
            event, fd = _EVENT.unpack(self._monitor.recv_multipart()[0])
            if event == zmq.EVENT_MONITOR_STOPPED:
                return False
            if (inode := _inode(fd)) is not None and event == zmq.EVENT_ACCEPTED:
                self._connection(fd, inode)
            elif fd in self._connections and self._connections[fd].inode != inode:
                self._connections.pop(fd, None)
        return True

    def _connection(self, fd: int, inode: int) -> Connection:
        """Return the connection at `fd`, whoever hears of it first: its subscriptions, or that it came."""
        connection = self._connections.get(fd)
        if connection is None or connection.inode != inode:
            connection = self._connections[fd] = Connection(inode, time.monotonic())
        return connection

    def _look(self, now_s: float) -> None:
        if self._all_out.is_set():
            self._all_out.clear()
            for fd, connection in list(self._connections.items()):
                self._cut(fd, connection)
        if self._metered:
            for fd, connection in list(self._connections.items()):
                if connection.greedy(_received_len(fd), now_s):
                    self._cut(fd, connection)
        crowd = list(self._connections.items())[self._most_peers :]
        if len(self._connections) > self._capacity or (crowd and now_s - self._crowded_s >= _CROWD_S):
            self._crowded_s = now_s
            for fd, connection in crowd:
                self._cut(fd, connection)

    def _cut(self, fd: int, connection: Connection) -> None:
        """Close the connection at this end; ZeroMQ notices and lets go of all it holds for it."""
        with suppress(OSError), socket.socket(fileno=os.dup(fd)) as end:
            if _inode(end.fileno()) == connection.inode:
                end.shutdown(socket.SHUT_RDWR)
                self.refused += 1
        self._connections.pop(fd, None)


def capacity_for_descriptors() -> int:
    """Return how many descriptors this program may have, after asking for some thousands."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return _DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def _inode(fd: int) -> int | None:
    """Return the kernel's number of the socket `fd`; None where it has gone or is none."""
    with suppress(OSError):
        found = os.fstat(fd)
        return found.st_ino if stat.S_ISSOCK(found.st_mode) else None
    return None


def _received_len(fd: int) -> int:
    """Return the bytes that ever arrived on the connection `fd`; 0 where nobody knows."""
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as connection:
        if connection.family != socket.AF_UNIX:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
            if len(info) == _BYTES_RECEIVED + 8:
                return int(struct.unpack_from("Q", info, _BYTES_RECEIVED)[0])
    return 0
