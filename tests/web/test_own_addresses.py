from __future__ import annotations

import ipaddress
import socket

from monitor.web.own_addresses import own_addresses


def test_every_address_of_this_computer_can_be_bound_and_loopback_comes_last() -> None:
    found = own_addresses()
    assert found[-1] == "127.0.0.1"
    assert len(set(found)) == len(found)
    for address in found:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family) as sock:
            sock.bind((address, 0))
