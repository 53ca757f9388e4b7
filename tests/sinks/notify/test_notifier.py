from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from monitor.bus.codec import DECODERS
from monitor.bus.messages import Event
from monitor.config.settings import Config
from monitor.config.settings.notify import NotifyConfig, TargetConfig
from monitor.errors import ConfigError
from monitor.sinks import Lossy
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.notify.courier import Courier
from monitor.sinks.notify.letters import NotTold
from monitor.sinks.notify.notifier import Notifier, NotifySink, Told
from monitor.sinks.notify.opening import open_notify
from monitor.sinks.notify.planner import Planner
from monitor.sinks.notify.spool import Spool
from tests.examples import health, level
from tests.sinks.notify.channels import Hanging, Kept, serving
from tests.sinks.notify.hours import Hours, acknowledged, sound

PHONE = TargetConfig(url="ntfy://x")


def notifier(hours: Hours, channels: Sequence[Kept], target: TargetConfig = PHONE) -> Notifier:
    """Return one that tells by `channels`; started by whoever wants threads."""
    told = [
        Told(Planner(target), Courier(f"Target {number}", channel, Spool(None, "x"), 86_400.0, hours))
        for number, channel in enumerate(channels)
    ]
    return Notifier(told, 60.0, hours)


def test_a_target_that_hangs_keeps_no_other_waiting() -> None:
    hours, hanging, good = Hours(), Hanging(), Kept()
    one = notifier(hours, [hanging, good])
    one.start()
    sink = NotifySink(one, close_s=0.0)
    for number in range(5):
        sink.emit(sound(hours(), f"{number}", f"class{number}"))
    good.wait_for(5)
    assert hanging.entered.wait(30.0)
    assert hanging.letters == []
    hanging.go.set()
    sink.close()


def test_repeats_end_when_somebody_acknowledges_whatever_else_the_message_is() -> None:
    hours, channel = Hours(), Kept()
    one = notifier(hours, [channel])
    one.start()
    one.emit(sound(hours(), "1", "siren", urgent=True))
    channel.wait_for(1)
    hours.pass_s(60.0)
    one.tick()
    channel.wait_for(2)
    one.emit(msgspec.structs.replace(acknowledged(hours(), "1"), type="update"))
    hours.pass_s(3600.0)
    one.tick()
    one.close()
    assert [letter.title for letter in channel.letters] == ["URGENT: siren", "NOT ACKNOWLEDGED: siren"]


def test_a_repeat_that_could_not_be_told_is_not_told_once_it_was_acknowledged() -> None:
    hours, channel = Hours(), Kept()
    channel.failing = NotTold("Network is unreachable")
    one = notifier(hours, [channel], msgspec.structs.replace(PHONE, only_after=1))
    one.emit(sound(hours(), "1", "siren", urgent=True))
    hours.pass_s(60.0)
    one.tick()
    assert one._told[0].courier.waiting == 1
    one.emit(acknowledged(hours(), "1"))
    assert one._told[0].courier.waiting == 0


def test_that_the_monitor_cannot_hear_is_told_though_nothing_else_comes() -> None:
    hours, channel = Hours(), Kept()
    one = notifier(hours, [channel])
    one.start()
    one.emit(health())
    hours.pass_s(61.0)
    one.tick()
    channel.wait_for(1)
    one.close()
    assert channel.letters[0].title == "THE MONITOR CANNOT HEAR"


def test_what_was_counted_is_told_at_the_end() -> None:
    hours, channel = Hours(), Kept()
    one = notifier(hours, [channel])
    one.start()
    sink = NotifySink(one)
    for number in range(15):
        sink.emit(sound(hours(), f"{number}"))
    sink.close()
    sink.close()
    assert [letter.times for letter in channel.letters] == [1, 14]
    assert sink.dropped == 0


def test_losses_are_counted_and_said_where_others_are() -> None:
    hours, channel = Hours(), Kept()
    channel.failing = NotTold("Network is unreachable")
    one = notifier(hours, [channel])
    one.start()
    sink = NotifySink(one)
    assert isinstance(sink, Lossy)
    for number in range(3):
        sink.emit(sound(hours(), f"{number}"))
    sink.emit(level())
    sink.close()
    assert sink.dropped == 3
    assert sink.news() == [
        "Target 0 could not be told (Network is unreachable); it is tried again.",
        "Target 0: 2 messages not told in time and lost.",
    ]


def config_of(**targets: TargetConfig) -> Config:
    return Config(notify=NotifyConfig(targets=targets))


def test_nothing_is_opened_where_nobody_is_to_be_told() -> None:
    assert open_notify(Config(), SinkOptions()) is None


def test_a_command_of_the_command_line_gets_each_sound_and_nothing_is_kept_on_the_disk(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    code = f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())"
    options = SinkOptions(command=shlex.join([sys.executable, "-c", code]))
    sink = open_notify(Config(), options)
    assert sink is not None
    now = Hours()()
    with closing(sink):
        for number in range(5):
            sink.emit(sound(now, f"{number}"))
        sink.emit(health("lost"))
    topics = [json.loads(line)["topic"] for line in out.read_text("utf-8").splitlines()]
    assert topics == ["event/mic0/dog_bark/"] * 5
    assert not Path(os.environ["XDG_STATE_HOME"], "monitor", "notify").exists()


def test_the_payload_is_that_of_the_wire() -> None:
    now, channel = Hours()(), Kept()
    one = notifier(Hours(), [channel])
    one.start()
    one.emit(sound(now, "1"))
    channel.wait_for(1)
    one.close()
    line = json.loads(channel.letters[0].payload)
    assert line.pop("topic") == "event/mic0/dog_bark/"
    assert DECODERS[Event].decode(json.dumps(line)) == sound(now, "1")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (TargetConfig(exec="no-such-lamp on"), "Target it runs no-such-lamp, and there is no such program"),
        (TargetConfig(url_env="NOT_SET_HERE"), "variable NOT_SET_HERE, which is not set"),
    ],
)
def test_a_target_that_could_never_be_told_is_refused_at_the_start(target: TargetConfig, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_notify(config_of(it=target), SinkOptions())
    assert says in str(caught.value)
    assert [thread for thread in threading.enumerate() if thread.name.startswith("notify")] == []


def test_a_command_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="quotation mark"):
        open_notify(Config(), SinkOptions(command='lamp "on'))


RUN = """
import sys
from pathlib import Path
from monitor.config.settings import Config
from monitor.config.settings.notify import NotifyConfig, TargetConfig
from monitor.sinks.kinds import SinkOptions
from monitor.sinks.notify.opening import open_notify
from tests.sinks.notify.hours import Hours, sound
target = TargetConfig(webhook=sys.argv[1], cooldown_s=0.0)
sink = open_notify(Config(notify=NotifyConfig(targets={"hook": target})), SinkOptions())
for number in range(int(sys.argv[2])):
    sink.emit(sound(Hours()(), str(number)))
print("emitted", flush=True)
sys.stdin.readline()
sink.close()
print(sink.dropped, *sink.news())
"""


def started(port: int, events: int, state: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, f"http://127.0.0.1:{port}/", str(events)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3], env={**os.environ, "XDG_STATE_HOME": str(state)},
    )  # fmt: skip


def test_what_a_killed_program_had_not_told_is_told_by_the_next_one_each_once(tmp_path: Path) -> None:
    kept = tmp_path / "monitor" / "notify" / "hook"
    with serving() as closed:
        port = closed.port
    with started(port, 20, tmp_path) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        while len(list(kept.glob("*.message"))) < 20:
            assert killed.poll() is None
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    with serving() as server, started(server.port, 0, tmp_path) as next_one:
        server.wait_for(20)
        out, _ = next_one.communicate("\n")
    told = [json.loads(request.body)["id"] for request in server.requests]
    assert sorted(told, key=int) == [str(number) for number in range(20)]
    assert out.split() == ["emitted", "0"]
    assert list(kept.glob("*.message")) == []
