"""The last question of `monitor init`: how you are told. A way is a function and a line of `WAYS`.

What opens a door (the address of a phone, a password) is not asked for: the file names the variable of the
environment that will hold it.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from monitor.cli.dialogue import Dialogue
from monitor.cli.values import names
from monitor.config.broker import broker_address
from monitor.config.settings import Config, TargetConfig
from monitor.console import show
from monitor.errors import ConfigError
from monitor.extras import install

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BROKER = "mqtt://homeassistant.local"
_LAMP = 'notify-send "A sound was heard"'


class Way(msgspec.Struct, frozen=True):
    """One way to be told."""

    means: str
    """What it is, for a person."""
    ask: Callable[[Dialogue, Config], tuple[Config, list[str]]]
    """Asks what it needs; returns the configuration with it, and what to type before it is run."""


def told(dialogue: Dialogue, config: Config) -> tuple[Config, list[str]]:
    """Ask how somebody is told; return the configuration with that, and what to type before it is run."""
    if dialogue.silent:
        return config, []
    show("\n5 of 5. How do you want to be told, beside the terminal?\n")
    for name, way in WAYS.items():
        show(f"    {name:14s} {way.means}")
    chosen = dialogue.question("One or several, separated by commas", "terminal", _ways)
    commands: list[str] = []
    for name in chosen:
        config, more = WAYS[name].ask(dialogue, config)
        commands += more
    if config.notify.targets:
        commands.append("monitor test notify --config {file}")
    return config, commands


def _ways(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name.casefold() for name in names(text)))
    for name in found:
        if name not in WAYS:
            raise ConfigError(f"{name!r} is no way to be told; valid: {', '.join(WAYS)}")
    return found


def _terminal(_: Dialogue, config: Config) -> tuple[Config, list[str]]:
    return config, []


def _command(dialogue: Dialogue, config: Config) -> tuple[Config, list[str]]:
    command = dialogue.question("Which command, for each sound? The event comes as JSON", _LAMP, _argv)
    return _with_target(config, "command", TargetConfig(exec=command)), []


def _phone(dialogue: Dialogue, config: Config) -> tuple[Config, list[str]]:
    name = dialogue.question("Which variable of the environment holds its address?", "PHONE", _variable)
    commands = [f"export {name}=ntfy://ntfy.sh/A-TOPIC-ONLY-YOU-KNOW  # or another: docs/notify.md"]
    if importlib.util.find_spec("apprise") is None:
        commands.insert(0, install(extra="notify"))
    return _with_target(config, "phone", TargetConfig(url_env=name)), commands


def _home(dialogue: Dialogue, config: Config) -> tuple[Config, list[str]]:
    question = "Where is its MQTT broker? An address without a password"
    address = dialogue.question(question, _BROKER, lambda text: broker_address(text, "The address"))
    if address.password is not None:
        show("The password is left out: the file names the variable MQTT_PASSWORD, which holds it.")
    commands = []
    user = address.user
    if not user:
        user = dialogue.question("Which user of the broker? none: it asks for none", "none", str)
    user = "" if user == "none" else user
    if user:
        commands.append("export MQTT_PASSWORD=THE-PASSWORD")
    return replace(config, mqtt=replace(config.mqtt, url=address.url, user=user)), commands


def _with_target(config: Config, name: str, target: TargetConfig) -> Config:
    targets = {**config.notify.targets, name: target}
    return replace(config, notify=replace(config.notify, targets=targets))


def _argv(text: str) -> str:
    try:
        words: Sequence[str] = shlex.split(text)
    except ValueError:
        raise ConfigError("a quotation mark is without its other half; add it") from None
    if not words:
        raise ConfigError("there is no command; write one")
    return text


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise ConfigError("it is no name of a variable; valid: letters, digits and _, such as PHONE")
    return text


WAYS: dict[str, Way] = {
    "terminal": Way("large letters on this screen: nothing more is needed", _terminal),
    "command": Way("a lamp, a plug, a program: a command that is run for each sound", _command),
    "homeassistant": Way("Home Assistant, through its MQTT broker", _home),
    "phone": Way("a message to a phone, a mail, a hundred others (apprise)", _phone),
}
"""By what a user types."""
