from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitor.web.clients import MOST_CLIENTS, MOST_WAITING, Clients
from monitor.web.page_messages import Tick, Whole

NOW = datetime(2026, 11, 30, tzinfo=UTC)
WHOLE = Whole("1", NOW, [])


async def test_what_waits_is_sent_together_and_in_order() -> None:
    clients = Clients()
    client = clients.join(WHOLE)
    clients.tell(Tick(NOW, []))
    assert [message["kind"] for message in json.loads(await client.taken())] == ["whole", "tick"]
    clients.tell(Tick(NOW, [{}]))
    assert json.loads(await client.taken()) == [
        {"kind": "tick", "now": "2026-11-30T00:00:00Z", "levels": [{}]}
    ]


async def test_one_that_is_too_slow_is_sent_away_and_holds_nothing_for_ever() -> None:
    clients = Clients()
    client = clients.join(WHOLE)
    for _ in range(MOST_WAITING + 10):
        clients.tell(Tick(NOW, []))
    assert client.overrun
    assert await client.taken() == ""


def test_who_has_left_is_told_nothing_and_makes_place() -> None:
    clients = Clients()
    everybody = [clients.join(WHOLE) for _ in range(MOST_CLIENTS)]
    assert clients.full
    clients.leave(everybody[0])
    assert len(clients) == MOST_CLIENTS - 1
    assert not clients.full


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"; \\u2028 ', "\u202eevil"])
async def test_text_reaches_the_browser_as_text(text: str) -> None:
    clients = Clients()
    client = clients.join(Whole(text, NOW, []))
    assert json.loads(await client.taken())[0]["version"] == text
