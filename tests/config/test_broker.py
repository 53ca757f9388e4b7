from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.broker import BrokerAddress, Password, broker_address, without_user
from monitor.config.settings import as_toml, load_config
from monitor.errors import ConfigError

SECRET = "hunter2"  # noqa: S105


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://home", BrokerAddress("home", 1883, tls=False)),
        ("mqtt://home:1884/", BrokerAddress("home", 1884, tls=False)),
        ("mqtts://10.0.0.2", BrokerAddress("10.0.0.2", 8883, tls=True)),
        ("mqtt://[::1]:1883", BrokerAddress("::1", 1883, tls=False)),
        ("mqtt://ear@home", BrokerAddress("home", 1883, tls=False, user="ear")),
        ("mqtts://ear:a%40b@home", BrokerAddress("home", 8883, True, "ear", Password("a@b"))),
    ],
)
def test_an_address_says_where_the_broker_is_and_who_it_is_told_to(url: str, expected: BrokerAddress) -> None:
    found = broker_address(url, "--mqtt")
    assert found == expected
    assert broker_address(found.url, "--mqtt") == BrokerAddress(found.host, found.port, found.tls)


@pytest.mark.parametrize(
    "url",
    [
        "home",
        "http://home",
        "mqtt://",
        "mqtt://home:0",
        "mqtt://home:99999",
        "mqtt://home:x",
        "mqtt://home/topic",
        "mqtt://home?x",
        f"mqtt://ear:{SECRET}/@home",
        f"mqtt://ear:{SECRET}#@home",
        f"mqtt://ear:{SECRET}@home:port",
        f"mqtt//ear:{SECRET}@home",
        f"ear:{SECRET}@home",
        f"mqtt://ear:{SECRET}@[::1",
    ],
)
def test_what_is_no_address_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--mqtt is '.*'; valid: mqtt://HOST, mqtts://HOST") as refused:
        broker_address(url, "--mqtt")
    assert SECRET not in str(refused.value)


@given(st.text("ab:/@?#[%1 ", max_size=12), st.sampled_from(["mqtt://", "mqtts://", "mqtt:", ""]))
def test_whatever_is_typed_is_an_address_or_a_sentence(text: str, scheme: str) -> None:
    try:
        address = broker_address(f"{scheme}{text}", "--mqtt")
    except ConfigError:
        return
    assert address.host
    assert 0 < address.port < 65536


def test_a_password_is_in_no_representation() -> None:
    address = broker_address(f"mqtt://ear:{SECRET}@home", "--mqtt")
    assert SECRET not in f"{address} {address!r} {address.password} {address.url}"
    assert without_user(f"mqtt://ear:{SECRET}@home") == "mqtt://…@home"


def test_a_password_does_not_belong_into_settings(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    for url in (f"mqtt://ear:{SECRET}@home", "mqtt://ear@home"):
        file.write_text(f'[mqtt]\nurl = "{url}"\n')
        with pytest.raises(ConfigError, match=r"valid: mqtt://home:1883, with \[mqtt\] user, and") as refused:
            load_config(file)
        assert SECRET not in str(refused.value)


def test_an_address_of_another_kind_is_refused_without_showing_it(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f'[mqtt]\nurl = ["mqtt://ear:{SECRET}@home"]\n')
    with pytest.raises(ConfigError, match=r"mqtt\.url") as refused:
        load_config(file)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("prefix", ["", "/a", "a/", "a b", "a+", "#", "$SYS", "a" * 61])
def test_a_prefix_that_topics_cannot_begin_with_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.prefix is .*; valid: such as monitor or home/monitor"):
        load_config(flags={"mqtt": {"prefix": prefix}})


def test_discovery_may_be_left_out_and_settings_are_written_as_they_are_read(tmp_path: Path) -> None:
    config = load_config(flags={"mqtt": {"discovery_prefix": "", "url": "mqtt://home", "prefix": "a/b"}})
    file = tmp_path / "written.toml"
    file.write_text(as_toml(config))
    assert load_config(file, os.environ) == config
