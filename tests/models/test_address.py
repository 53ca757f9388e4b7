from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.models.address import access, below, shown, shown_below
from monitor.models.catalogue import hub_address

SECRET = st.text(st.sampled_from("abcXYZ019-_.~!$&'()*+,;=%:@/?#[] ü"), min_size=6, max_size=30).filter(
    lambda text: any(char.isalnum() for char in text)
)


@pytest.mark.parametrize(
    ("base", "asked", "printed"),
    [
        ("https://hub.example", "https://hub.example/a/b", "https://hub.example/a/b"),
        ("https://u:t@hub.example/", "https://u:t@hub.example/a/b", "https://hub.example/a/b"),
        ("https://hub.example:8443/x/", "https://hub.example:8443/x/a/b", "https://hub.example:8443/…/a/b"),
        ("https://hub.example/x?token=t", "https://hub.example/x/a/b?token=t", "https://hub.example/…/a/b"),
        ("http://[::1]:80", "http://[::1]:80/a/b", "http://[::1]:80/a/b"),
    ],
)
def test_a_file_lies_below_its_mirror_and_is_shown_without_what_lets_in(
    base: str, asked: str, printed: str
) -> None:
    assert below(base, "a/b") == asked
    assert shown_below(base, "a/b") == printed


def test_name_and_password_become_a_header() -> None:
    assert access("https://user:p%40ss@hub.example/a") == (
        "https://hub.example/a",
        "Basic dXNlcjpwQHNz",
    )
    assert access("https://hub.example/a") == ("https://hub.example/a", "")


@given(SECRET, st.sampled_from(["user:{}@", "{}@", ":{}@"]))
def test_a_name_or_password_is_never_shown(secret: str, form: str) -> None:
    hidden = quote(f"s3cr3t{secret}", safe="")
    assert "s3cr3t" not in shown(f"https://{form.format(hidden)}hub.example/a/b?x={hidden}#{hidden}")
    assert "s3cr3t" not in shown_below(f"https://{form.format(hidden)}hub.example/{hidden}", "a/b")


@given(SECRET)
def test_what_is_no_proper_address_shows_no_password_either(secret: str) -> None:
    address = f"https://user:s3cr3t{secret}@hub.example/a"
    assert "s3cr3t" not in shown(address)
    assert "s3cr3t" not in shown_below(address, "a/b")


@pytest.mark.parametrize(
    "mirror",
    [
        "http://user:hunter2@mirror.example",
        "ftp://t?token=hunter2",
        "hunter2[",
        "https://u:12/hunter2@hub",
        "http://mirror.example/hunter2",
        "ftp://mirror.example/a/hunter2/b",
        "https://hub\nhunter2/x",
    ],
)
def test_a_mirror_that_is_refused_is_named_without_its_token(
    monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", mirror)
    with pytest.raises(ConfigError, match="HF_ENDPOINT is") as refusal:
        hub_address()
    assert "hunter2" not in str(refusal.value)
