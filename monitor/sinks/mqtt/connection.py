"""A connection to a broker that is made again whenever it is lost: the only file that knows paho.

The library has a thread of its own, which calls `heard` with what happens. What is published at QoS 1 and was
not acknowledged when a connection was lost, it sends again over the next one, in order.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.config.broker import BrokerAddress
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.sinks.mqtt.signals import (
    Acknowledged,
    Connected,
    Denied,
    Granted,
    Happened,
    Lost,
    Received,
)
from monitor.text import sanitise

if TYPE_CHECKING:
    import ssl

    from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

_KEEPALIVE_S = 15
"""A broker that is silent for one and a half times as long takes the monitor for dead, and says so."""
_CONNECT_S = 5.0
_FIRST_S, _MOST_S = (0.5, 2.0), (5.0, 10.0)
"""Seconds to the next attempt, at first and at most: each drawn at random after each loss, so that those
who lost their broker at the same moment do not come back at the same moment."""
_QOS = 1


class Will(msgspec.Struct, frozen=True):
    """What the broker is to say, and keep, when the connection breaks."""

    topic: str
    payload: bytes


class Connection:
    """A client of one broker.

    Parameters
    ----------
    address
        Where it is; user and password may be stated by it.
    ca_file
        Certificates that its certificate is checked against; empty: the system's.
    client_id
        What it knows this client by; no two are to have the same.
    will
        What it says when this program dies; None: nothing.
    heard
        Takes what happens, on the library's thread; never waits.
    section
        Of the settings that say all this.

    Raises
    ------
    ConfigError
        `ca_file` cannot be read.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a connection is made of
        self,
        address: BrokerAddress,
        ca_file: str,
        client_id: str,
        will: Will | None,
        heard: Callable[[Happened], None],
        section: str = "mqtt",
    ) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self._address = address
        self._section = section
        self._let_in = False
        self._heard = heard
        self._client = Client(CallbackAPIVersion.VERSION2, client_id)
        self._client.connect_timeout = _CONNECT_S
        self._client.max_inflight_messages = 0  # whoever publishes says how many
        self._set_delays()
        if will is not None:
            self._client.will_set(will.topic, will.payload, _QOS, retain=True)
        if address.user:
            self._client.username_pw_set(address.user, address.password.text if address.password else None)
        if address.tls:
            self._client.tls_set_context(trusting(ca_file, section))
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.suppress_exceptions = True  # of a topic that is no text; its thread must go on

    def start(self) -> None:
        """Connect as soon as that can be done; returns at once."""
        self._client.connect_async(self._address.host, self._address.port, _KEEPALIVE_S)
        self._client.loop_start()

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for the messages of `topics`; to be done again after each connection."""
        self._client.subscribe([(topic, _QOS) for topic in topics])

    def publish(self, topic: str, payload: bytes, retain: bool) -> int:
        """Hand a message over, and return its id; never waits."""
        return self._client.publish(topic, payload, _QOS, retain).mid

    def close(self, wait_s: float) -> None:
        """Say good-bye, so that the broker keeps the will to itself; returns after `wait_s` in any case."""
        self._client.disconnect()
        stopping = threading.Thread(target=self._client.loop_stop, name="mqtt end", daemon=True)
        stopping.start()
        stopping.join(wait_s)
        self._forget()

    def _set_delays(self) -> None:
        first_s, most_s = random.uniform(*_FIRST_S), random.uniform(*_MOST_S)
        self._client.reconnect_delay_set(first_s, most_s)  # type: ignore[arg-type]  # it takes any number

    def _forget(self) -> None:
        """Let the library hold nothing of ours, so that both are freed."""
        client = self._client
        client.on_connect = client.on_connect_fail = client.on_disconnect = None
        client.on_subscribe = client.on_publish = client.on_message = None

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _: Any
    ) -> None:
        self._let_in = not reason.is_failure
        self._heard(Lost(_refusal(reason, self._section)) if reason.is_failure else Connected())

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._heard(Lost(reason_of(sys.exc_info()[1], self._section)))

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, _reason: ReasonCode, _: Any) -> None:
        if self._let_in:  # after a refusal the next attempt comes later and later
            self._let_in = False
            self._set_delays()
        self._heard(Lost(""))

    def _on_publish(self, _client: Client, _data: Any, mid: int, _reason: Any, _: Any) -> None:
        self._heard(Acknowledged(mid))

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._heard(Denied())
        else:
            self._heard(Granted())

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._heard(Received(message.topic, bytes(message.payload), message.retain))


def trusting(ca_file: str, section: str) -> ssl.SSLContext:
    """Return what an encrypted broker's certificate is checked against; `section` names the setting.

    Raises
    ------
    ConfigError
        `ca_file` cannot be read.
    """
    import ssl

    try:
        return ssl.create_default_context(cafile=str(user_path(ca_file)) if ca_file else None)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError(
            f"{section}.ca_file is {ca_file!r}, which holds no certificates that can be read ({why}); "
            "valid: a file with the broker's authority in PEM."
        ) from None


def _refusal(reason: ReasonCode, section: str) -> str:
    """Return why the broker did not let us in, and what to do."""
    if reason.value in {134, 135}:  # bad user name or password; not authorised
        return f"it refuses this user; check [{section}] user, and the password in the variable or file there"
    return f"it refuses: {sanitise(str(reason)).lower()}"


def reason_of(error: BaseException | None, section: str) -> str:
    """Return why no connection was made, in words; `section` has the settings."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted: {error.verify_message}; [{section}] ca_file names whom to trust"
        )
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as this address wants it; is it one without, or another port?"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return sanitise(getattr(error, "strerror", None) or str(error) or "no reason was given")
