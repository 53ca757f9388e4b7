"""What is installed."""

from __future__ import annotations

from monitor.doctor import installation


def test_every_package_that_is_needed_loads_under_the_name_that_is_imported() -> None:
    needed = installation._needed()
    assert "paho-mqtt" in needed
    assert [name for name in needed if installation._why_not(name)] == []
