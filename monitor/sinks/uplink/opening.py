"""From `[uplink]` to whoever connects: address, user, password, certificates, credentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from monitor.config.broker import MQTT_OR_NATS, BrokerAddress, broker_address
from monitor.config.settings import UplinkConfig
from monitor.errors import ConfigError
from monitor.extras import install
from monitor.files.paths import user_path
from monitor.sinks.mqtt.connection import trusting
from monitor.sinks.mqtt.sink import password_of
from monitor.sinks.uplink.link import Link, Topics

if TYPE_CHECKING:
    from monitor.sinks.uplink.nats_connection import NatsLogin


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
    login = nats_login(address, settings)
    from monitor.sinks.uplink.nats_link import NatsLink

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


def nats_login(address: BrokerAddress, settings: UplinkConfig) -> NatsLogin:
    """Return how the NATS server at `address` is entered.

    Raises
    ------
    ConfigError
        nats-py is not installed, or the credentials are not usable.
    """
    try:
        import nats  # noqa: F401
    except ImportError:
        raise ConfigError(f"nats:// needs nats-py: {install(extra='fleet')}") from None
    from monitor.sinks.uplink.nats_connection import NatsLogin, check_credentials

    credentials = str(user_path(settings.credentials_file)) if settings.credentials_file else ""
    if credentials:
        check_credentials(credentials)
    return NatsLogin(address, settings.ca_file, credentials)
