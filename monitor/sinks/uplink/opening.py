"""From `[uplink]` to whoever connects: address, user, password, certificates, credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import msgspec

from monitor.config.broker import MQTT_OR_NATS, BrokerAddress, broker_address
from monitor.config.settings import UplinkConfig
from monitor.errors import ConfigError
from monitor.extras import install
from monitor.files.paths import user_path
from monitor.sinks.mqtt.connection import trusting
from monitor.sinks.mqtt.sink import password_of
from monitor.sinks.uplink.link import Link, Topics


def make_link(
    settings: UplinkConfig, topics: Topics, environment: Mapping[str, str] = os.environ
) -> Callable[[Callable[[object], None]], Link]:
    """Return what makes the link of a node, given who is told what happens.

    Raises
    ------
    ConfigError
        Address, password, certificates or credentials are not usable, or a library is missing.
    """
    address = login_of(settings, environment)
    if address.tls:
        trusting(settings.ca_file, "uplink")
    if not address.nats:
        from monitor.sinks.uplink.mqtt_link import MqttLink

        return lambda heard: MqttLink(address, settings.ca_file, topics, heard)
    need_nats()
    from monitor.sinks.uplink.nats_connection import NatsLogin, check_credentials
    from monitor.sinks.uplink.nats_link import NatsLink

    credentials = str(user_path(settings.credentials_file)) if settings.credentials_file else ""
    if credentials:
        check_credentials(credentials)
    login = NatsLogin(address, settings.ca_file, credentials)
    return lambda heard: NatsLink(login, topics, heard)


def login_of(settings: UplinkConfig, environment: Mapping[str, str] = os.environ) -> BrokerAddress:
    """Return the broker's address with user and password.

    Raises
    ------
    ConfigError
        It is no address; the password cannot be read, or nobody is named whose it is.
    """
    address = broker_address(settings.url, "uplink.url", MQTT_OR_NATS)
    if settings.credentials_file and not address.nats:
        raise ConfigError("uplink.credentials_file is of NATS; for MQTT set user and password_file.")
    return msgspec.structs.replace(
        address, user=settings.user, password=password_of(settings, "uplink", environment)
    )


def need_nats() -> None:
    """Refuse to go on where nats-py is not installed.

    Raises
    ------
    ConfigError
        It is not.
    """
    try:
        import nats  # noqa: F401
    except ImportError:
        raise ConfigError(f"nats:// needs nats-py: {install(extra='fleet')}") from None
