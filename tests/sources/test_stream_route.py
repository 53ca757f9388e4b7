from __future__ import annotations

import pytest
from msgspec.structs import replace

from monitor.sources.capture_messages import Failed, ServerNote
from monitor.sources.stream_route import Return, ServerMicrophone, StreamRoute, StreamState

YETI = ServerMicrophone(1, "alsa_input.yeti", "Blue Yeti")
BUILT_IN = ServerMicrophone(2, "alsa_input.pci", "Built-in Audio")
ON_YETI, ON_BUILT_IN = StreamState(7, 1), StreamState(7, 2)
BOTH, ONE = {1: YETI, 2: BUILT_IN}, {2: BUILT_IN}


def test_a_stream_where_it_belongs_has_nothing_to_tell() -> None:
    assert StreamRoute("Yeti").judge(ON_YETI, BOTH) == ServerNote("alsa_input.yeti", "", "")


def test_a_microphone_that_was_named_is_given_up_when_another_takes_its_place() -> None:
    route = StreamRoute("Yeti")
    route.judge(ON_YETI, BOTH)
    given_up = route.judge(ON_BUILT_IN, ONE)
    assert isinstance(given_up, Failed)
    assert "put the microphone Built-in Audio in the place of Yeti" in given_up.reason


def test_one_that_was_named_is_given_up_too_where_it_is_opened_again_on_another() -> None:
    assert isinstance(StreamRoute("Yeti", "alsa_input.yeti").judge(ON_BUILT_IN, ONE), Failed)


@pytest.mark.parametrize("home", ["", "alsa_input.yeti"], ids=["opened now", "opened again"])
def test_whoever_asked_for_the_default_hears_the_other_is_told_and_gets_the_first_one_back(home: str) -> None:
    route = StreamRoute(None, home)
    if not home:
        route.judge(ON_YETI, BOTH)
    told = route.judge(ON_BUILT_IN, ONE)
    assert isinstance(told, ServerNote)
    assert "the sound server put Built-in Audio in its place" in told.warning
    back = {5: replace(YETI, index=5), 2: BUILT_IN}
    assert route.judge(ON_BUILT_IN, back) == Return(5)
    assert route.judge(StreamState(7, 5), back) == ServerNote("alsa_input.yeti", "", "")


def test_a_choice_made_in_the_sound_settings_is_kept_and_told() -> None:
    route = StreamRoute(None)
    route.judge(ON_YETI, BOTH)
    told = route.judge(ON_BUILT_IN, BOTH)
    assert isinstance(told, ServerNote)
    assert "Built-in Audio is heard and no longer Blue Yeti" in told.warning
    assert route.judge(ON_BUILT_IN, BOTH) == told


@pytest.mark.parametrize(
    ("microphone", "stream", "words"),
    [
        (replace(YETI, muted=True), ON_YETI, "Blue Yeti is muted in the sound server; unmute it"),
        (replace(YETI, gain=0.0), ON_YETI, "the gain of Blue Yeti is at zero in the sound server; raise it"),
        (YETI, replace(ON_YETI, muted=True), "the recording of this program is muted"),
        (YETI, replace(ON_YETI, gain=0.0), "the recording of this program has its gain at zero"),
    ],
)
def test_what_lets_no_sound_through_is_told_by_its_name(
    microphone: ServerMicrophone, stream: StreamState, words: str
) -> None:
    told = StreamRoute("Yeti").judge(stream, {1: microphone})
    assert isinstance(told, ServerNote)
    assert words in told.kept_quiet


def test_between_two_microphones_nothing_is_told() -> None:
    assert StreamRoute(None, "alsa_input.yeti").judge(StreamState(7, 4_294_967_295), BOTH) is None
