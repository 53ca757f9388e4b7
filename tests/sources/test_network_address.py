from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.sources.network_address import LONGEST_ID, parse_address, without_secrets
from monitor.sources.options import SourceOptions
from monitor.sources.schemes import make_source, scheme_of

SECRETS = st.text(st.sampled_from("abcXYZ0189-._~!$&'()*+,;="), min_size=6, max_size=20)


@given(SECRETS, SECRETS, SECRETS)
def test_neither_name_nor_id_holds_a_login_or_a_query(user: str, password: str, token: str) -> None:
    address = parse_address(f"rtsp://{user}:{password}@camera.local:8554/stream1?token={token}#{token}", {})
    assert address.shown == "rtsp://camera.local:8554/stream1"
    assert address.id == "camera-local-8554-stream1"
    assert password not in repr(address)


def test_parts_of_a_path_that_are_given_as_key_and_value_are_not_shown() -> None:
    address = parse_address("rtsp://10.0.0.7:554/user=admin&password=tiger&channel=1/main", {})
    assert (address.shown, address.id) == ("rtsp://10.0.0.7:554/…/main", "10-0-0-7-554-main")


def test_a_variable_of_the_environment_stands_for_a_secret_part() -> None:
    address = parse_address("http://${LOGIN}@host/live?key=${KEY}", {"LOGIN": "ann:tiger", "KEY": "k1"})
    assert address.url == "http://ann:tiger@host/live?key=k1"
    with pytest.raises(ConfigError, match="LOGIN, which is not set"):
        parse_address("http://${LOGIN}@host/live", {})


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://",
        "rtsp:",
        "rtsp:ann:tiger@host/x",
        "rtsp:/ann:tiger@host/x",
        "rtsp://ann:tig/er@host/x",
        "rtsp://ann:12/tiger@host/x",
        "rtsp://ann:tig#er@host/x",
        "rtsp://ann:tiger@host:port/x",
        "http://ann:tiger@[::1/x",
        "http://ann:tiger@host/a b",
        "rtmp://ann:tiger@host/x?tiger",
        "nothing:ann:tiger@host",
    ],
)
def test_what_is_no_address_is_refused_by_a_sentence_without_the_password(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make_source(text, SourceOptions())
    assert "tiger" not in str(refused.value)


def test_an_id_is_stable_and_not_too_long_and_those_of_two_long_paths_differ() -> None:
    one, other = (parse_address(f"http://host/{'path/' * 30}{end}", {}).id for end in "ab")
    assert one != other
    assert max(len(one), len(other)) <= LONGEST_ID
    assert parse_address(f"http://host/{'path/' * 30}a", {}).id == one


@pytest.mark.parametrize("text", ["RTSP://Camera/x", "Http://host"])
def test_a_scheme_may_be_written_in_capitals(text: str) -> None:
    assert scheme_of(text).address == "url"


def test_a_sentence_about_what_was_typed_leaves_out_what_may_be_secret() -> None:
    assert without_secrets("rtmp://ann:tiger@host/x?key=1") == "rtmp://host/x"
    assert without_secrets("ann:ti@ger@host") == "host"
    assert without_secrets("rtsp://host/user=ann&password=tiger/main") == "rtsp://host/…/main"
    assert without_secrets("mikrofon") == "mikrofon"
