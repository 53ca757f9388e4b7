"""What a real sound server does with a stream, as the microphone's parent hears of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from monitor.errors import SourceLost
from monitor.records import Block
from monitor.sources.microphone import Microphone
from tests.sources.drivers import first_block, opened
from tests.vmic import VirtualMicrophones

_LIMIT_S = 5.0


def until(microphone: Microphone, holds: Callable[[Block], bool]) -> Block:
    """The first block from now on with which the right thing is told."""
    deadline_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline_s:
        block = microphone.read(0.1)
        if block is not None and holds(block):
            return block
    raise AssertionError(f"not told within {_LIMIT_S} s")


def test_a_muted_microphone_and_one_without_gain_are_told_by_the_server_and_when_that_is_over(
    vmic: VirtualMicrophones,
) -> None:
    with opened("attic") as microphone:
        first_block(microphone)
        vmic.mute("attic")
        until(microphone, lambda block: "is muted in the sound server" in (block.kept_quiet or ""))
        vmic.mute("attic", False)
        until(microphone, lambda block: block.kept_quiet == "")
        vmic.set_gain("attic", 0)
        until(microphone, lambda block: "at zero in the sound server" in (block.kept_quiet or ""))
        vmic.set_gain("attic", 100)
        until(microphone, lambda block: block.kept_quiet == "")


def test_a_microphone_that_was_named_is_lost_when_the_server_puts_another_in_its_place(
    two_vmics: VirtualMicrophones,
) -> None:
    with opened("kitchen_left") as microphone:
        until(microphone, lambda _: microphone._home == "kitchen_left.monitor")
        two_vmics.unplug("kitchen_left")
        with pytest.raises(
            SourceLost, match=r"put the microphone .*kitchen_right in the place of kitchen_left"
        ):
            until(microphone, lambda _: False)


def test_whoever_listens_to_the_default_is_told_of_the_other_and_hears_the_first_again_when_it_is_back(
    two_vmics: VirtualMicrophones,
) -> None:
    two_vmics.make_default("kitchen_left")
    with opened("default") as microphone:
        until(microphone, lambda _: microphone._home == "kitchen_left.monitor")
        two_vmics.unplug("kitchen_left")
        until(microphone, lambda block: "kitchen_right in its place" in (block.warning or ""))
        two_vmics.plug("kitchen_left")
        until(microphone, lambda block: block.warning == "")
