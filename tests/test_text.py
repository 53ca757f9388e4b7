"""Text from elsewhere: nothing steers a terminal or hides, and ordinary words stay as they are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import MOST_MARKS, READABLE, clean, from_system, sanitise, shortened

REPLACED = "\N{REPLACEMENT CHARACTER}"
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200d\u2060\u3164\ufe0f\ufeff\uffa0\U000e0101"
REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def is_safe(text: str) -> bool:
    """Return whether a terminal only draws `text`, and a reader sees all of it."""
    flood = longest = 0
    for char in text:
        flood = flood + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        longest = max(longest, flood)
        if unicodedata.category(char) in REFUSED or char in INVISIBLE:
            return False
    return longest <= MOST_MARKS


@given(st.text(st.characters()))
def test_no_text_whatsoever_steers_a_terminal_or_hides(text: str) -> None:
    assert is_safe(clean(text))
    assert clean(clean(text)) == clean(text)


@given(
    st.text(st.sampled_from("ae \u0301\u0336\u20dd\u0e34\x1b\u202e\u200d\ufe0f\u3164\udcc3\udcbc")),
    st.integers(1, 40),
)
def test_no_mixture_of_marks_and_escapes_does_either(text: str, limit: int) -> None:
    assert is_safe(sanitise(text, limit))
    assert len(sanitise(text, limit)) <= limit


@pytest.mark.parametrize(
    "text",
    [
        "Türklingel", "Tu\u0308rklingel", "日本語", "हिन्दी क्षत्रिय", "עִבְרִית", "ไทยน้ำ", "한국어", "བརྒྱད",
        "ệ", "🔥🚨", "a\u00a0b", "siren 0.5",
    ],
)  # fmt: skip
def test_ordinary_words_of_any_script_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("👨\u200d👩\u200d👧", "👨👩👧"),
        ("❤\ufe0f", "❤"),
        ("می\u200cخواهم", "میخواهم"),  # noqa: RUF001
        ("a\u0301" + "\u0301" * 100 + "b", "a" + "\u0301" * MOST_MARKS + REPLACED + "b"),
        ("\x1b]52;c;aGk=\x07", f"{REPLACED}]52;c;aGk={REPLACED}"),
        ("\x1b]8;;http://x\x1b\\y", f"{REPLACED}]8;;http://x{REPLACED}\\y"),
        ("evil\u202etxt\u2066", f"evil{REPLACED}txt{REPLACED}"),
        ("so\u00adft", f"so{REPLACED}ft"),
        ("a\tb\nc\u2028d", f"a{REPLACED}b{REPLACED}c{REPLACED}d"),
        ("\U000e0041\ue000\U0001fffe", REPLACED * 3),
    ],
)
def test_what_is_not_drawn_is_left_out_or_shown_as_replaced(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_names_that_the_locale_could_not_decode_are_read_as_utf_8() -> None:
    as_ascii_sees_it = "Tür".encode().decode("ascii", "surrogateescape")
    assert from_system(as_ascii_sees_it) == clean(as_ascii_sees_it) == "Tür"
    assert clean("caf\udce9") == f"caf{REPLACED}"


@pytest.mark.parametrize(
    ("text", "ascii_"),
    [
        ("Türklingel, Garçon, Łódź, Æ", "Turklingel, Garcon, Lodz, A"),
        ("cut…", "cut."),
        ("█▌░ │ ─ ┌", "##. | - +"),
        ("日本", "????"),
        ("20 °C → 5", "20 oC > 5"),
        ("हिन्दी", "?????"),
    ],
)
def test_what_a_locale_cannot_write_is_written_as_it_looks_cell_for_cell(text: str, ascii_: str) -> None:
    assert text.encode("ascii", READABLE).decode() == ascii_


@given(st.text(st.characters()), st.sampled_from(["ascii", "cp1252", "iso8859-1", "koi8-r", "utf-8"]))
def test_any_text_can_be_written_in_any_locale(text: str, encoding: str) -> None:
    assert "\\u" not in clean(text).replace("\\", "").encode(encoding, READABLE).decode(encoding)


def test_what_is_too_long_loses_its_middle_and_keeps_what_to_do_at_its_end() -> None:
    said = f"There is no key {'x' * 5000!r}; write threshold."
    shown = shortened(said, 100)
    assert len(shown) == 100
    assert shown.startswith("There is no key 'xxx")
    assert shown.endswith("xxx'; write threshold.")
    assert shortened("a\x1bb", 100) == clean("a\x1bb")
