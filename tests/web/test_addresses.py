from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.web.addresses import WebAddress, is_own_host, web_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8557", ("127.0.0.1", 8557)),
        ("localhost:90", ("127.0.0.1", 90)),
        ("0.0.0.0:8557", ("0.0.0.0", 8557)),  # noqa: S104 - not bound here
        ("192.168.1.20", ("192.168.1.20", 8557)),
        ("[::1]:80", ("::1", 80)),
        ("[::]:0", ("::", 0)),
    ],
)
def test_an_address_is_a_number_a_port_or_both(text: str, address: tuple[str, int]) -> None:
    assert web_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "kitchen:80", "1.2.3:80", "127.0.0.1:99999", ":80", "a\x1b[31m", "[::1"]
)
def test_what_is_no_address_is_refused_with_one_that_is(text: str) -> None:
    with pytest.raises(ConfigError, match=r"valid: ADDRESS:PORT.*127\.0\.0\.1:8557") as refused:
        web_address(text)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("text", ["0.0.0.0:99999", "65536", "[::]:123456"])
def test_a_port_that_is_too_large_is_called_so(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is too large.*from 0 \(any that is free\) to 65535"):
        web_address(text)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert 0 <= web_address(text).port <= 65535


def test_only_loopback_is_this_computer_only() -> None:
    assert WebAddress("127.0.0.1", 1).is_loopback
    assert WebAddress("::1", 1).is_loopback
    assert not WebAddress("0.0.0.0", 1).is_loopback  # noqa: S104 - not bound here
    assert WebAddress("::1", 80).url("::1", tls=True) == "https://[::1]:80/"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8557", "[::1]:8557", "10.0.0.3", "localhost:1", "PI.local", "pi.local."]
)
def test_a_number_and_a_name_of_this_computer_are_its_own(host: str) -> None:
    assert is_own_host(host, frozenset({"localhost", "pi.local"}))


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a@b", "::1"]
)
def test_a_name_of_somebody_else_that_leads_here_is_not(host: str) -> None:
    assert not is_own_host(host, frozenset({"localhost", "pi.local"}))
