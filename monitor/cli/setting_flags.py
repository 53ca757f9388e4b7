"""Flags of `run` that are settings: how they are added, and which keys they stand for."""

from __future__ import annotations

import argparse
from typing import Any

from monitor.cli.arguments import DEFAULT_ENDPOINT, Flags, model_flag
from monitor.cli.channel import add_channel, channel_keys
from monitor.cli.values import names, per_hour
from monitor.config.broker import MQTT_OR_NATS, broker_address
from monitor.config.settings import CalibrationConfig
from monitor.errors import ConfigError

FLAGS = {
    "model.name": "--model", "model.adapter": "--adapter",
    "publish.bind": "--bind", "publish.control": "--control",
    "publish.public": "--public",
    "capture.require": "--require", "capture.channel": "--channel", "capture.channels": "--channel",
    "capture.sources": "--mic, --source", "calibration.false_alarms_per_hour": "--false-alarms",
    "detector.urgent": "--urgent", "mqtt.url": "--mqtt", "mqtt.user": "--mqtt",
    "uplink.url": "--uplink", "uplink.user": "--uplink",
    "diary.form": "--diary", "diary.level": "-v, -q",
}  # fmt: skip
"""Setting -> the flag that stands for it."""


def add_sources(group: Flags) -> None:
    """Add the flags that say what is heard."""
    group.add_argument(
        "--mic",
        dest="sources",
        action="append",
        type="mic:{}".format,
        metavar="X",
        help="microphone: index, part of its name, or stable id; again for another one",
    )
    group.add_argument(
        "--source",
        dest="sources",
        action="append",
        metavar="SOURCE",
        help="mic:X, a file's path or file:PATH, - (standard input), demo, rtsp://… or http://…; "
        "again for another one",
    )
    add_channel(group)
    group.add_argument(
        "--require",
        action="store_true",
        help="end at once if a microphone or a server is not there, instead of waiting",
    )


def add_model(group: Flags) -> None:
    """Add the flags that say which model listens."""
    group.add_argument(
        "--model", metavar="NAME", help="a model of `monitor models list`, or ./FOLDER with model.toml in it"
    )
    group.add_argument(
        "--adapter",
        metavar="auto|none|FILE",
        help="what `monitor adapt` has learnt: what it keeps, nothing, or a file",
    )


def add_alarms(group: Flags) -> None:
    """Add the flags that say what an alarm is."""
    group.add_argument(
        "--false-alarms",
        type=per_hour,
        metavar="N",
        help="so many false alarms are allowed in an hour, all classes together: 0.5/h, 12/day "
        f"(default {CalibrationConfig().false_alarms_per_hour:g}/h)",
    )
    group.add_argument(
        "--urgent",
        type=names,
        metavar="A,B",
        help="of the classes, those that must not be missed: told at once, and kept as MISSED until seen",
    )


def add_places(group: Flags) -> None:
    """Add the flags that say where the monitor is reached."""
    group.add_argument(
        "--mqtt",
        metavar="URL",
        help="tell a broker, mqtt://HOST or mqtts://HOST, and so Home Assistant (docs/mqtt.md)",
    )
    group.add_argument(
        "--uplink",
        metavar="URL",
        help="report to a broker of many nodes, mqtt[s]://HOST, nats://HOST or tls://HOST (docs/fleet.md)",
    )
    group.add_argument(
        "--bind", metavar="ENDPOINT", help=f"where to publish (default {DEFAULT_ENDPOINT}), or none"
    )
    group.add_argument(
        "--public",
        metavar="ENDPOINT",
        help="publish to other machines too, to those with a key (docs/keys.md)",
    )
    group.add_argument(
        "--control", metavar="ENDPOINT", help="your control socket (default: in your own folder)"
    )


def add_diary(group: Flags) -> None:
    """Add the flags that say how much the run tells of itself, and in which form."""
    group.add_argument(
        "--diary",
        choices=["auto", "text", "json", "journal"],
        help="what the run says of itself on standard error: lines of text or of JSON, or entries of "
        "systemd's journal (default auto: as suits where it leads)",
    )
    group.add_argument(
        "-v", "--verbose", action="store_const", const="debug", dest="diary_level", help="say more"
    )
    group.add_argument(
        "-q",
        "--quiet",
        action="store_const",
        const="warning",
        dest="diary_level",
        help="say what is wrong only",
    )


def settings_of(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what the command line says of the configuration."""
    flags = model_flag(arguments)
    publish = {"bind": arguments.bind, "control": arguments.control, "public": arguments.public}
    flags["publish"] = {name: value for name, value in publish.items() if value is not None}
    flags["capture"] = channel_keys(arguments.channel) | ({"require": True} if arguments.require else {})
    if arguments.sources:
        flags["capture"]["sources"] = tuple(arguments.sources)
    if arguments.false_alarms is not None:
        flags["calibration"] = {"false_alarms_per_hour": arguments.false_alarms}
    if arguments.urgent is not None:
        flags["detector"] = {"urgent": arguments.urgent}
    diary = {"form": arguments.diary, "level": arguments.diary_level}
    flags["diary"] = {name: value for name, value in diary.items() if value is not None}
    if arguments.mqtt is not None:
        flags["mqtt"] = _broker(arguments)
    if arguments.uplink is not None:
        flags["uplink"] = uplink_keys(arguments.uplink)
    return flags


def _broker(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `--mqtt` says of the configuration; a password in it is kept out of that."""
    address = broker_address(arguments.mqtt, "--mqtt")
    arguments.mqtt_password = address.password
    return {"url": address.url, **({"user": address.user} if address.user else {})}


def uplink_keys(url: str) -> dict[str, Any]:
    """Return what `--uplink` says of the configuration.

    Raises
    ------
    ConfigError
        It is no address, or has a password, which every user of this computer could read there.
    """
    address = broker_address(url, "--uplink", MQTT_OR_NATS)
    if address.password is not None:
        raise ConfigError(
            "--uplink has a password (not shown here), and every user of this computer sees command lines; "
            "valid: USER@HOST, and the password in the variable UPLINK_PASSWORD or [uplink] password_file."
        )
    return {"url": address.url, **({"user": address.user} if address.user else {})}
