from __future__ import annotations

import os
import socket

import pytest

from monitor.web.local_peer import is_same_user, owner


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_kernel_says_whose_a_connection_of_this_computer_is(family: int, host: str) -> None:
    with socket.socket(family) as listening:
        try:
            listening.bind((host, 0))
        except OSError:
            pytest.skip("this computer has no such address")
        listening.listen()
        with socket.create_connection(listening.getsockname()[:2]) as asking:
            client, server = asking.getsockname()[:2], listening.getsockname()[:2]
            assert owner(client, server) == os.geteuid()
            assert is_same_user(client, server)
        assert owner((host, 1), server) is None


def test_of_what_is_no_connection_nobody_is_the_owner() -> None:
    assert owner(("", 1), ("127.0.0.1", 1)) is None
    assert not is_same_user(("kitchen", 1), ("127.0.0.1", 1))
