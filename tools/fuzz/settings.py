"""Settings of a file or an environment, whoever wrote them, and what is typed on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from monitor.bus.addresses import check_control, check_endpoint, check_known
from monitor.cli import values
from monitor.config.broker import broker_address
from monitor.config.by_class import by_class
from monitor.config.settings import Config, load_config
from monitor.config.settings.loading import as_toml
from monitor.files.reading import parse_toml
from monitor.files.toml import toml_document
from monitor.files.toml_edit import value_at, with_value
from monitor.records import ClassPrompt
from monitor.scoring.prompts import parse_classes
from monitor.service.unit import Service, unit
from monitor.sources.network_address import parse_address, without_secrets
from monitor.web.addresses import is_own_host, web_address
from tools.fuzz.choices import Choices
from tools.fuzz.target import Broken, Target, as_file, check_same, only
from tools.fuzz.wire import rows

_NAMES = "MONITOR_CAPTURE_MIC MONITOR_DETECTOR_CLASSES MONITOR_MQTT_BROKER MONITOR_NOTIFY_TARGETS MONITOR_X"
_VARIABLES = (*_NAMES.split(), "MONITOR_DETECTOR_ONSET_TRESHOLD", "MONITOR_PUBLISH_PORT", "HOME")


def config(data: bytes) -> None:
    """Read a configuration file."""
    with only():
        found = load_config(as_file(data, "monitor.toml"), {}, {})
        check_same(found, load_config(as_file(as_toml(found).encode(), "again.toml"), {}, {}))
        by_class(found, [ClassPrompt("siren", "siren", "siren")], strict=False)


def values_of_config(data: bytes) -> None:
    """Read a configuration whose keys are known and whose values are not."""
    choices = Choices(data)
    sections = Config()
    made: dict[str, dict[str, Any]] = {}
    for _ in range(1 + choices.byte() % 3):
        section = choices.one_of(Config.__struct_fields__)
        keys = getattr(sections, section).__struct_fields__
        made.setdefault(section, {})[choices.one_of(keys)] = _value(choices)
    text = toml_document(made)
    config(text.encode("utf-8", "replace"))


def _value(choices: Choices) -> Any:
    """Return a value; of tables, often one with keys that are known."""
    if choices.byte() < 160:
        return choices.anything()
    keys = ("command", "url", "onset_threshold", "rhythm", "quiet", "classes", "messages", "again_after_s")
    inner = {choices.one_of(keys): choices.anything() for _ in range(choices.byte() % 3)}
    return {choices.text(): inner}


def environment(data: bytes) -> None:
    """Read variables: a name, an equals sign and a value in each part that ends in NUL."""
    parts = [part.partition(b"=") for part in data.split(b"\0")]
    given = {
        name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
        for name, _, value in parts
    }
    choices = Choices(data)
    given[choices.one_of(_VARIABLES)] = choices.text().replace("\0", "")
    with only():
        load_config(None, given, {})


def edit(data: bytes) -> None:
    """Set a value in somebody's own file: a line with a key, then the file."""
    head, _, text = data.decode("utf-8", "replace").partition("\n")
    keys = ["detector", head]
    with only(ValueError):
        new = with_value(text, keys, 0.5)
        check_same(0.5, value_at(parse_toml(new), keys))


def words(data: bytes) -> None:
    """Read lists of classes, addresses and numbers as they are typed."""
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    readers: Sequence[Callable[[str], object]] = (
        _classes, check_endpoint, check_known, check_control, web_address, without_secrets,
        lambda typed: broker_address(typed, "[mqtt] broker"),
        lambda typed: parse_address(typed, {"A": "b"}), lambda typed: is_own_host(typed, frozenset()),
    )  # fmt: skip
    for read in readers:
        with only():
            read(text)
    for typed in (values.point_in_time, values.numbers, values.snrs, values.whole, values.fold_sets,
                  values.per_hour, values.count, values.share, values.names):  # fmt: skip
        with only(argparse.ArgumentTypeError, ValueError):  # argparse makes a sentence of the latter
            typed(text)


def _classes(text: str) -> None:
    again = ",".join(f'{one.label}="{one.wording}"' for one in parse_classes(text))
    check_same(parse_classes(text), parse_classes(again))


def service(data: bytes) -> None:
    """Write a unit file whose command and settings have any name; systemd reads one directive a line."""
    choices = Choices(data)
    typed = choices.text() if choices.byte() < 128 else data.decode("utf-8", "replace")
    name = typed.encode("utf-8", "replace").decode()
    plain = unit(Service(command=("monitor",), config="x", of_machine=True, network=("x",)))
    found = unit(Service(command=("monitor",), config=name, of_machine=True, network=(name,)))
    if len(found.split("\n")) != len(plain.split("\n")) or "\r" in found:
        raise Broken(f"a path becomes directives of its own: {name!r}")


def _configs() -> list[bytes]:
    root = Path(__file__).parents[2] / "configs"
    whole = [path.read_bytes() for path in sorted(root.glob("*.toml")) if path.stat().st_size < 4000]
    deep = b"[capture]\nmic." + b".".join([b"a"] * 3000) + b" = 1\n"
    odd = b'[detector.classes."a[b"]\nonset_threshold = "x"\n'
    return [*whole, as_toml(Config()).encode(), deep, odd, b"\xef\xbb\xbf[capture]\nmic = 0\n"]


def _environments() -> list[bytes]:
    return [b"MONITOR_CAPTURE_MIC=1\0MONITOR_DETECTOR_ONSET_THRESHOLD=.5", b"MONITOR_CAPTURE_MIK=[[[["]


def _edits() -> list[bytes]:
    return [
        b"onset_threshold\n# mine\n[detector]\nonset_threshold = 0.4 # so\n", b"a\ndetector = {b = 1}\n",
        b"x y\n[detector.classes.a]\n", b"a\r\n[detector]\r\n",
    ]  # fmt: skip


def _words() -> list[bytes]:
    typed = (
        'siren,dog_bark="a dog"', "tcp://127.0.0.1:5557", "ipc:///tmp/x", "mqtt://u:p@host:1883", "[::]:8557",
        "rtsp://u:p@h/${A}?x", "999999w", "24h", "0:1.5:.1", "clean,10,0", "1+2+3", "0.5/h", "Türklingel",
    )  # fmt: skip
    return [one.encode() for one in typed]


TARGETS = (
    Target(name="config-file", check=config, seeds=_configs),
    Target(name="config-values", check=values_of_config, seeds=rows()),
    Target(name="environment", check=environment, seeds=_environments),
    Target(name="config-edit", check=edit, seeds=_edits),
    Target(name="command-line", check=words, seeds=_words),
    Target(name="service-unit", check=service, seeds=lambda: [b"\x80", b"/etc/monitor.toml", b"a\nb"]),
)
