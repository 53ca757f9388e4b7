from __future__ import annotations

import stat
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.web.pairing import PER_S, WRONG_IN_ALL, WRONG_PER_ADDRESS, Pairing, kept_key, new_code

KEY = b"k" * 32


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_code_is_eight_digits_and_another_each_time() -> None:
    codes = {new_code() for _ in range(50)}
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    assert len(codes) > 40


def test_the_right_code_pairs_however_it_is_spaced() -> None:
    pairing = Pairing("12345678", KEY)
    assert pairing.attempt(" 1234-5678 ", "a") == "paired"
    assert pairing.attempt("1234567", "a") == "wrong"


def test_guesses_from_one_address_end_after_a_few_and_others_may_go_on() -> None:
    clock = Clock()
    pairing = Pairing("12345678", KEY, clock)
    assert [pairing.attempt("0", "a") for _ in range(WRONG_PER_ADDRESS)] == ["wrong"] * WRONG_PER_ADDRESS
    assert pairing.attempt("12345678", "a") == "wait"
    assert pairing.attempt("12345678", "b") == "paired"
    clock.now_s = PER_S
    assert pairing.attempt("12345678", "a") == "paired"


def test_guesses_from_many_addresses_end_too() -> None:
    pairing = Pairing("12345678", KEY, Clock())
    for guess in range(WRONG_IN_ALL):
        assert pairing.attempt("0", f"a{guess}") == "wrong"
    assert pairing.attempt("0", "another") == "wait"


def test_a_cookie_holds_for_who_has_the_key_that_signed_it() -> None:
    cookie = Pairing("1", KEY).cookie()
    assert Pairing("2", KEY).holds(cookie)
    assert not Pairing("2", b"o" * 32).holds(cookie)
    assert not any(Pairing("2", KEY).holds(forged) for forged in ("", "paired", cookie + "x", cookie[1:]))


def test_the_key_is_kept_for_its_owner_only_and_made_again_once_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "web" / "key"
    key = kept_key(path)
    assert kept_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    assert kept_key(path) != key
    assert kept_key(None) != kept_key(None)


def test_a_key_that_cannot_be_kept_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "web").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be used"):
        kept_key(tmp_path / "web" / "key")
