from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.bus.interest import Interest

prefixes = st.sampled_from([b"", b"level/", b"level/desk/", b"lev", b"event/", b"scores/"])


@given(st.lists(prefixes, max_size=12), st.randoms())
def test_there_is_interest_from_the_first_subscription_to_the_end_of_the_last(
    held: list[bytes], dice: object
) -> None:
    interest = Interest()
    for count, prefix in enumerate(held):
        interest.note(b"\x01" + prefix)
        assert interest.covers("level/") == any(
            b"level/".startswith(one) or one.startswith(b"level/") for one in held[: count + 1]
        )
    left = list(held)
    dice.shuffle(left)  # type: ignore[attr-defined]
    while left:
        interest.note(b"\x00" + left.pop())
        assert interest.covers("level/") == any(
            b"level/".startswith(one) or one.startswith(b"level/") for one in left
        )
    assert not interest.covers("scores/")


@given(st.binary(max_size=20))
def test_what_is_no_subscription_changes_nothing(message: bytes) -> None:
    interest = Interest()
    interest.note(b"\x02" + message)
    interest.note(b"")
    interest.note(b"\x00" + message)  # of one that never began
    assert not interest.covers("level/")
    assert not interest.covers("event/")
