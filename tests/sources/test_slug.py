from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources import slug


@given(st.text(min_size=1))
def test_an_id_is_never_empty_and_keeps_to_its_alphabet(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]+", slug(text))


@given(st.text())
def test_the_same_text_gives_the_same_id(text: str) -> None:
    assert slug(text) == slug(text)


def test_plain_and_accented_names_stay_readable() -> None:
    assert slug("USB Mic: Audio #1") == "usb-mic-audio-1"
    assert slug("Küche") == "kuche"


def test_names_in_another_script_stay_two_ids() -> None:
    assert slug("麦克风") != slug("话筒")
    assert slug("mic 麦").startswith("mic-")
