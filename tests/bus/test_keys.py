from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.keys import Guest, KeyPair, Keys, as_bytes, as_text, check_key, lock_of
from monitor.errors import PublishError
from tests.bus.refusal import steers_a_terminal
from tests.examples import any_text

ENDPOINT = "tcp://192.0.2.7:5560"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys")


def a_key(number: int = 0) -> str:
    return as_text(bytes([number] * 32))


@given(st.binary(min_size=32, max_size=32))
def test_a_key_as_text_is_that_key(key: bytes) -> None:
    assert as_bytes(as_text(key)) == key
    assert as_text(key).isalnum()


@given(any_text)
def test_any_text_is_a_key_or_refused_in_one_sentence(text: str) -> None:
    with contextlib.suppress(PublishError):
        assert as_text(as_bytes(text)) == text
    with pytest.raises(PublishError) as caught:
        check_key(f"{text}!")
    assert not steers_a_terminal(str(caught.value))


def test_a_pair_is_made_once_and_its_secret_shown_nowhere(keys: Keys, tmp_path: Path) -> None:
    assert keys.own() is None
    pair = keys.make_own()
    assert keys.own() == pair
    assert pair.secret not in repr(pair)
    with pytest.raises(PublishError, match="already"):
        keys.make_own()
    assert keys.make_own(force=True) != pair
    assert stat.S_IMODE((tmp_path / "keys/own.json").stat().st_mode) == 0o600


def test_a_guest_is_let_in_until_revoked_and_has_one_name(keys: Keys) -> None:
    keys.allow(Guest("attic", a_key(1)))
    keys.allow(Guest("attic", a_key(2), "control"))  # a new machine of that name
    keys.allow(Guest("loft", a_key(2)))  # the same one, called differently
    assert keys.guests() == [Guest("loft", a_key(2))]
    before = keys.stamp()
    assert keys.revoke("loft") == Guest("loft", a_key(2))
    assert keys.stamp() != before
    assert keys.guest_of(a_key(2)) is None
    with pytest.raises(PublishError, match="let in: nobody"):
        keys.revoke("loft")


def test_what_is_no_key_lets_nobody_in(keys: Keys) -> None:
    with pytest.raises(PublishError, match="not a public key"):
        keys.allow(Guest("attic", "short"))
    assert keys.guests() == []
    assert check_key(a_key()) == a_key()


@pytest.mark.parametrize("name", ["own.json", "guests.json", "servers.json"])
def test_damaged_keys_are_said_and_let_nobody_in(keys: Keys, tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / name).write_bytes(b'{"guests": 7}x')
    for own, read in {"own.json": keys.own, "guests.json": keys.guests, "servers.json": keys.servers}.items():
        if own == name:
            with pytest.raises(PublishError, match=rf"{name} are damaged"):
                read()
        else:
            assert not read()


def test_another_machine_needs_a_key_and_this_one_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert lock_of("tcp://127.0.0.1:5557") is None
    assert lock_of("ipc:///run/x") is None
    with pytest.raises(PublishError, match=f"monitor keys trust {ENDPOINT} KEY"):
        lock_of(ENDPOINT)
    keys = Keys(tmp_path / "monitor/keys")
    keys.trust(ENDPOINT, a_key(3))
    with pytest.raises(PublishError, match="monitor keys new"):
        lock_of(ENDPOINT)
    pair = keys.make_own()
    lock = lock_of(ENDPOINT)
    assert lock is not None
    assert (lock.server, lock.own) == (a_key(3), KeyPair(pair.public, pair.secret))
