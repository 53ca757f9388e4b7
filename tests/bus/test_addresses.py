from __future__ import annotations

import pytest
from hypothesis import given

from monitor.bus.addresses import check_control, check_endpoint, control_name
from monitor.errors import PublishError
from tests.bus.refusal import refusal, steers_a_terminal
from tests.examples import any_text


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("tcp://127.0.0.1:5557", "127.0.0.1-5557.control"),
        ("tcp://127.1.2.3:65535", "127.1.2.3-65535.control"),
        ("tcp://localhost:5557", "127.0.0.1-5557.control"),
        ("tcp://[::1]:5557", "--1-5557.control"),
    ],
)
def test_the_name_of_the_control_socket_follows_from_the_publishers_address(endpoint: str, name: str) -> None:
    assert control_name(check_endpoint(endpoint)) == name


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:5558", "", "ipc://", "ipc://" + "a" * 108, "/run/x"])
def test_a_control_socket_is_a_local_one(endpoint: str) -> None:
    with pytest.raises(PublishError):
        check_control(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://0.0.0.0:5557", "tcp://*:5557", "tcp://192.168.1.7:5557", "tcp://eth0:5557", "tcp://:5557",
        "tcp://[::]:5557", "tcp://[::1%eth0]:5557", "tcp://localhost.example.org:5557", "tcp://128.0.0.1:5557",
    ],
)  # fmt: skip
def test_a_public_address_is_refused_for_want_of_keys(endpoint: str) -> None:
    with pytest.raises(PublishError, match=r"read without keys: use tcp://127\.0\.0\.1"):
        check_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "", "5557", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:x", "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:5557\n", "tcp://127.0.0.1:\uff15557", "udp://127.0.0.1:5557", "ipc://", "ipc://*",
        "ipc://" + "a" * 100, "ipc://a\0b",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_sentence(endpoint: str) -> None:
    with pytest.raises(PublishError) as caught:
        check_endpoint(endpoint)
    assert not steers_a_terminal(str(caught.value))


@given(any_text)
def test_any_text_is_an_address_or_a_publish_error(text: str) -> None:
    for endpoint in (text, f"tcp://{text}", f"tcp://127.0.0.1:{text}", f"tcp://{text}:1", f"ipc://{text}"):
        assert not steers_a_terminal(refusal(check_endpoint, endpoint))
