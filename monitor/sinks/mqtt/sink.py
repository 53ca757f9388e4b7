"""The sink that tells an MQTT broker what is heard, and through which others ask the pipeline."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from monitor import __version__
from monitor.config.broker import BrokerAddress, Password, broker_address
from monitor.config.settings import Config, MqttConfig, UplinkConfig
from monitor.errors import ConfigError
from monitor.files.paths import user_path
from monitor.sinks.broker import BrokerSink
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.mqtt.board import is_wanted
from monitor.sinks.mqtt.node import Node
from monitor.wording import node_name

if TYPE_CHECKING:
    from monitor.sinks.mqtt.worker import Worker

_LONGEST_PASSWORD = 4096


def open_mqtt(config: Config, options: SinkOptions) -> BrokerSink[Worker] | None:
    """Tell the broker of `[mqtt]`; None where there is none. It need not be there yet.

    Raises
    ------
    ConfigError
        The address, the password's file or the certificates are not usable.
    """
    settings = config.mqtt
    if not settings.url:
        return None
    from monitor.sinks.mqtt.connection import Connection, Will
    from monitor.sinks.mqtt.states import OFFLINE
    from monitor.sinks.mqtt.worker import Worker

    address = told_who(settings, options.mqtt_password, os.environ)
    node = Node(
        prefix=settings.prefix,
        name=node_name(config.publish.node),
        discovery_prefix=settings.discovery_prefix,
        commands=settings.commands,
        version=__version__,
    )
    will = Will(node.availability, OFFLINE)
    client_id = f"{node.device_id}-{uuid.uuid4().hex[:8]}"
    worker = Worker(
        node,
        f"The MQTT broker {address.url}",
        lambda heard: Connection(address, settings.ca_file, client_id, will, heard),
    )
    return BrokerSink(worker, is_wanted)


def told_who(settings: MqttConfig, stated: Password | None, environment: Mapping[str, str]) -> BrokerAddress:
    """Return the broker's address with user and password: `stated`, of the file, or of the variable.

    Raises
    ------
    ConfigError
        The file cannot be read, or there is a password and no user.
    """
    address = broker_address(settings.url, "mqtt.url")
    password = password_of(settings, "mqtt", environment) if stated is None else stated
    if password is not None and not settings.user:
        raise ConfigError("There is a password for the MQTT broker and no user; set [mqtt] user.")
    return msgspec.structs.replace(address, user=settings.user, password=password)


def password_of(
    settings: MqttConfig | UplinkConfig, section: str, environment: Mapping[str, str]
) -> Password | None:
    """Return the password for the broker of a section: of its file, or of the variable; None: there is none.

    Raises
    ------
    ConfigError
        The file cannot be read, or there is a password and no user.
    """
    if settings.password_file:
        if not settings.user:
            raise ConfigError(f"There is a password for the broker and no user; set [{section}] user.")
        return _of_file(settings.password_file, section)
    stated = environment.get(settings.password_env) if settings.user else None
    return Password(stated) if stated else None


def _of_file(name: str, section: str) -> Password:
    try:
        with user_path(name).open(encoding="utf-8") as file:
            text = file.read(_LONGEST_PASSWORD).partition("\n")[0].rstrip("\r")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{section}.password_file is {name!r}, which cannot be read: {why}.") from None
    if not text:
        raise ConfigError(
            f"{section}.password_file is {name!r}, whose first line is empty; valid: the password."
        )
    return Password(text)
