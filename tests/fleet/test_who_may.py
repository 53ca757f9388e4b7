"""The list of who may what that docs/fleet.md gives, at a real broker: enough for a node, and no more."""

from __future__ import annotations

import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from monitor.bus.codec import encode_json
from monitor.bus.messages import Order
from monitor.config.settings import UplinkConfig, load_config
from monitor.fleet.opening import compare_clocks, open_reader
from monitor.fleet.sightings import Sightings
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.uplink.sink import open_uplink
from tests.examples import event, health
from tests.fleet.test_standing import STATE
from tests.local_server import until
from tests.mosquitto import Broker, Listener, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "there is a broker")
PAGE = Path(__file__).parents[2] / "docs/fleet.md"


def secured(folder: Path) -> list[str]:
    """Return settings of a broker with the list of the page, and three users."""
    rules = PAGE.read_text("utf-8").partition("```\npattern ")[2].partition("```")[0]
    (folder / "acl").write_text(f"pattern {rules}")
    for user in ("attic", "cellar", "warden"):
        new = [] if (folder / "passwords").exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", "-b", *new, folder / "passwords", user, "secret"], check=True)
    return ["allow_anonymous false", f"password_file {folder}/passwords", f"acl_file {folder}/acl"]


def test_a_node_may_report_and_be_told_and_speaks_for_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLINK_PASSWORD", "secret")
    with Broker(tmp_path, *secured(tmp_path)) as broker:
        config = load_config(
            flags={"publish": {"node": "attic"}, "uplink": {"url": broker.url, "user": "attic"}}
        )
        sink = open_uplink(config, SinkOptions())
        assert sink is not None
        sightings = Sightings()
        with closing(sink):
            reader = open_reader(UplinkConfig(url=broker.url, user="warden"), sightings, reports=True)
            with closing(reader):
                sink.emit(health())
                sink.emit(event())
                until(lambda: "attic" in sightings.seen() and sightings.seen()["attic"].presence)
                until(sightings.take_reports)
                compare_clocks(reader, sightings)
                assert sightings.seen()["attic"].offset_s is not None
                reader.order("attic", encode_json(Order(node="attic", number=1, action="push")))
                until(lambda: sightings.seen()["attic"].state.config.outcome == "refused")  # type: ignore[union-attr]

                for topic in ("fleet/attic/state", "fleet/attic/order", "fleet/cellar/presence"):
                    with Listener(broker.port, user=("cellar", "secret")) as thief:
                        with suppress(RuntimeError):  # mosquitto hangs up on who may not
                            thief.publish(topic, encode_json(STATE) if "state" in topic else "online", True)
                        assert not [one for one in thief.messages if one.topic.startswith("fleet/attic")]
                until(lambda: "cellar" in sightings.seen())
                state = sightings.seen()["attic"].state
                assert state is not None
                assert state.run != STATE.run
        assert not [sentence for sentence in sink.news() if "cannot be reached" in sentence]
