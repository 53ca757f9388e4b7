"""Orders at a node: what is refused, what is tried, what returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.bus.codec import encode_json
from monitor.bus.messages import Order, Reply
from monitor.fleet.keys import public_of
from monitor.sinks.uplink.remote import Remote
from monitor.sinks.uplink.signature import public_key, signed
from monitor.storage.pushed import read_pushed
from tests.examples import health

KEY = Ed25519PrivateKey.generate()
GOOD = '[prompts]\nclasses = ["siren", "Türklingel"]\n'
PUSH = Order(node="attic", number=10, action="push", by="the warden", toml=GOOD)
WAITING = Reply(ok=True, waiting=True)
DONE = Reply(ok=True, notes=["Changed, while it goes on: prompts.classes."])


def heard(node: Remote) -> Remote:
    node.take(health(), 0.0)
    return node


def remote(path: Path | None, said: list[str] | None = None, **changed: Any) -> Remote:
    told = [] if said is None else said
    given_: dict[str, Any] = {"allowed": True, "key": None, "healthy_s": 60.0, **changed}
    return Remote("attic", path, say=told.append, **given_)


def tried(node: Remote, order: Order = PUSH, now_s: float = 0.0) -> None:
    """Let an order be taken until it is on trial, a second later."""
    node.take(health(), now_s)
    node.order(encode_json(order))
    assert node.step(now_s) == "reload"
    node.replied(WAITING, now_s + 0.1)
    assert node.step(now_s + 1.0) == "reloaded"
    node.replied(DONE, now_s + 1.0)


def passed(node: Remote, order: Order = PUSH, now_s: float = 0.0) -> None:
    tried(node, order, now_s)
    for second in range(int(now_s) + 2, int(now_s) + 63):
        node.take(replace(health(), analysed=health().analysed + second), float(second))
        node.step(float(second))
    assert node.told.outcome == "applied"


def test_what_is_allowed_is_reloaded_tried_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "attic.json"
    node = remote(path)
    tried(node)
    assert (node.told.outcome, read_pushed(path).trying) == ("trying", True)
    passed(remote(tmp_path / "other.json"))
    again = remote(tmp_path / "other.json")
    assert (again.told.number, again.told.outcome) == (10, "applied")
    assert again.told.why == "Changed, while it goes on: prompts.classes."
    assert read_pushed(tmp_path / "other.json").current.toml == GOOD  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("order", "changed", "why"),
    [
        (PUSH, {"allowed": False}, "takes no settings"),
        (PUSH, {"key": KEY.public_key()}, "not signed"),
        (signed(PUSH, Ed25519PrivateKey.generate()), {"key": KEY.public_key()}, "not signed"),
        (replace(signed(PUSH, KEY), toml="[detector]\n"), {"key": KEY.public_key()}, "not signed"),
        (replace(signed(PUSH, KEY), number=99), {"key": KEY.public_key()}, "not signed"),
        (replace(PUSH, node="cellar"), {}, "meant for cellar"),
        (replace(PUSH, toml="nonsense ["), {}, "not valid TOML"),
        *(
            (replace(PUSH, toml=f"[{section}]\n"), {}, "may not be set from elsewhere")
            for section in ("uplink", "notify.targets.x", "publish", "capture", "fleet.sources.x", "mqtt",
                            "clips", "history", "memory", "model", "metrics", "diary", "self_test", "scan")
        ),
        (Order(node="attic", number=10, action="rollback", of=7), {}, "does not run with order 7"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_and_changes_nothing(
    order: Order, changed: dict[str, Any], why: str, tmp_path: Path
) -> None:
    said: list[str] = []
    node = heard(remote(tmp_path / "attic.json", said, **changed))
    node.order(encode_json(order))
    assert node.step(0.0) is None
    assert (node.told.outcome, node.told.number, node.told.order) == ("refused", 0, order.number)
    assert why in node.told.why
    assert why in said[-1]


def test_an_order_that_is_signed_by_the_key_of_the_node_is_obeyed(tmp_path: Path) -> None:
    key = public_key(public_of(KEY))
    tried(remote(tmp_path / "attic.json", key=key), signed(PUSH, KEY))


def test_an_order_that_comes_before_anything_is_heard_waits_for_that(tmp_path: Path) -> None:
    node = remote(tmp_path / "attic.json")
    node.order(encode_json(PUSH))
    assert (node.step(0.0), node.told.order) == (None, 0)
    heard(node)
    assert node.step(1.0) == "reload"


def test_an_order_is_looked_at_once_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "attic.json"
    passed(remote(path))
    again = heard(remote(path))
    again.order(encode_json(PUSH))
    again.order(encode_json(replace(PUSH, number=9, toml="")))
    assert again.step(0.0) is None
    assert again.told.number == 10


def test_settings_that_cannot_be_loaded_leave_those_before_in_force(tmp_path: Path) -> None:
    node = remote(tmp_path / "attic.json")
    passed(node)
    for reply in ([Reply(ok=False, error="no such word")], [WAITING, Reply(ok=False, error="no such word")]):
        node.order(encode_json(replace(PUSH, number=node.told.order + 1, toml="")))
        for at, one in enumerate(reply):
            assert node.step(100.0 + at) is not None
            node.replied(one, 100.0 + at)
        assert (node.told.outcome, node.told.number, node.told.why) == ("refused", 10, "no such word")
        assert node.step(200.0) is None


def test_settings_that_make_it_deaf_are_taken_back_by_themselves(tmp_path: Path) -> None:
    node = remote(tmp_path / "attic.json")
    passed(node)
    tried(node, replace(PUSH, number=20, toml='[detector]\nmuted = ["siren"]\n'), now_s=68.0)
    deaf = replace(health(), hearing="deaf", hearing_reason="every class is muted")
    wanted = []
    for second in range(70, 90):
        node.take(deaf, float(second))
        wanted.append(node.step(float(second)))
    assert next(one for one in wanted if one) == "reload"
    assert (node.told.outcome, node.told.number) == ("rolled_back", 10)
    assert "every class is muted" in node.told.why


def test_the_last_push_is_taken_back_by_command_and_no_other(tmp_path: Path) -> None:
    node = remote(tmp_path / "attic.json")
    passed(node)
    passed(node, replace(PUSH, number=20, toml=""), now_s=100.0)
    node.order(encode_json(Order(node="attic", number=30, action="rollback", of=20)))
    assert node.step(200.0) == "reload"
    node.replied(WAITING, 200.0)
    assert (node.told.outcome, node.told.number, node.told.order) == ("rolled_back", 10, 30)


def test_without_a_place_to_keep_them_settings_are_refused() -> None:
    node = heard(remote(None))
    node.order(encode_json(PUSH))
    assert (node.step(0.0), node.told.outcome) == (None, "refused")
    assert "cannot be kept" in node.told.why


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: encode_json(replace(PUSH, toml=text))))
def test_whatever_comes_as_an_order_is_a_reload_or_a_sentence(tmp_path: Path, payload: bytes) -> None:
    (tmp_path / "any.json").unlink(missing_ok=True)
    said: list[str] = []
    node = heard(remote(tmp_path / "any.json", said))
    node.order(payload)
    assert (node.step(0.0) == "reload") or said
