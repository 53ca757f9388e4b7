"""A real broker that can be killed and started again, and a client as Home Assistant is one."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.local_server import PATIENCE_S, LocalServer

_PROGRAMS = ("mosquitto", "mosquitto_passwd", "openssl")


def missing() -> str:
    """Say why there can be no broker here; empty where there can."""
    lacking = [name for name in _PROGRAMS if not any(map(shutil.which, (name, f"/usr/sbin/{name}")))]
    return f"needs {', '.join(lacking)} (apt-get install mosquitto openssl)" if lacking else ""


class Received(NamedTuple):
    """One message."""

    topic: str
    payload: str
    retained: bool


class Broker(LocalServer):
    """mosquitto; what it keeps is lost when it is killed."""

    program = "mosquitto"
    scheme = "mqtt"

    def __init__(self, folder: Path, *settings: str) -> None:
        super().__init__(folder)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "max_queued_messages 0",
            *(settings or ["allow_anonymous true"]),
        ]
        self.settings.write_text("\n".join([*lines, "user root", ""]))


class Listener:
    """A client that keeps what it receives; it connects again by itself, and hears of it when asked to."""

    def __init__(
        self,
        port: int,
        topics: Sequence[str] = ("#",),
        user: tuple[str, str] | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self.messages: list[Received] = []
        self._topics = [(topic, 1) for topic in topics]
        self._changed = threading.Condition()
        self._subscribed = 0
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        if user is not None:
            self._client.username_pw_set(*user)
        if ca_file is not None:
            self._client.tls_set_context(ssl.create_default_context(cafile=str(ca_file)))
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("localhost", port)
        self._client.loop_start()
        self.until(lambda: self._subscribed == 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def back(self) -> None:
        """Wait until it has subscribed a second time."""
        self.until(lambda: self._subscribed == 2)

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until what has come makes `done` true."""
        with self._changed:
            assert self._changed.wait_for(done, PATIENCE_S), [one[:2] for one in self.messages]

    def last(self, topic: str) -> str | None:
        """Return what was told last of a topic that ends so."""
        found = [one.payload for one in self.messages if one.topic.endswith(topic)]
        return found[-1] if found else None

    def until_last(self, topic: str, payload: str) -> None:
        """Wait until the last message of a topic that ends so is `payload`."""
        self.until(lambda: self.last(topic) == payload)

    def events(self) -> list[dict[str, Any]]:
        """Return the messages of events, in the order in which they came."""
        return [json.loads(one.payload) for one in self.messages if one.topic.endswith("/event")]

    def publish(self, topic: str, payload: str | bytes, retain: bool = False) -> None:
        """Publish and wait until the broker has it."""
        self._client.publish(topic, payload, 1, retain).wait_for_publish(PATIENCE_S)

    def flood(self, topic: str, payload: str, times: int) -> None:
        """Publish the same again and again, and wait until the broker has the last."""
        for _ in range(times):
            last = self._client.publish(topic, payload, 1)
        last.wait_for_publish(PATIENCE_S)

    def _on_subscribe(self, *_: object) -> None:
        with self._changed:
            self._subscribed += 1
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._changed:
            self.messages.append(Received(message.topic, bytes(message.payload).decode(), message.retain))
            self._changed.notify_all()


def certificates(folder: Path) -> tuple[Path, list[str]]:
    """Make an authority and a certificate of it; return the authority's, and settings of a broker."""
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    cert, key, asked = folder / "broker.pem", folder / "broker.key", folder / "broker.csr"
    extra = folder / "extra"
    extra.write_text("subjectAltName=DNS:localhost\n")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    steps = [
        [*new, "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", str(ca_key), "-out", str(ca)],
        [*new, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(asked)],
        ["openssl", "x509", "-req", "-days", "2", "-in", str(asked), "-CA", str(ca), "-CAkey", str(ca_key),
         "-CAcreateserial", "-extfile", str(extra), "-out", str(cert)],
    ]  # fmt: skip
    for step in steps:
        subprocess.run(step, check=True, capture_output=True)
    return ca, [f"cafile {ca}", f"certfile {cert}", f"keyfile {key}"]


def password_file(folder: Path, user: str, password: str) -> list[str]:
    """Return settings of a broker that lets only `user` in."""
    path = folder / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(path), user, password], check=True, capture_output=True
    )
    return ["allow_anonymous false", f"password_file {path}"]
