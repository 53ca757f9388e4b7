"""`systemctl reload` and `monitor config reload` of a real run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from monitor.assemble import Monitor
from monitor.bus.messages import Health, Reply, Request
from monitor.bus.subscriber import Subscriber, ask
from monitor.cli.main import main
from monitor.cli.run_reload import Origin, Reloading
from monitor.config.settings import load_config
from monitor.sinks.fanout import Fanout
from monitor.sinks.kinds import SinkOptions
from monitor.start import child_environment, python_module

HISS = (
    "import random, sys, time\n"
    "while True:\n"
    "    sys.stdout.buffer.write(random.randbytes(3200)); sys.stdout.buffer.flush(); time.sleep(0.1)\n"
)
FIRST = '[prompts]\nclasses = ["siren", "dog_bark"]\n'
SECOND = (
    '[prompts]\nclasses = ["siren", "doorbell"]\n[detector]\nurgent = ["siren"]\n[capture]\nring_s = 30\n'
)


FLEET = """
[fleet.groups.ward]
classes = ["siren"]
thresholds = { siren = 0.5 }
[fleet.sources.bed-1]
source = "demo"
group = "ward"
[fleet.sources.bed-2]
source = "demo"
classes = ["siren", "dog_bark"]
"""


class Service:
    """A run that systemd has begun, as far as it can see."""

    def __init__(self, folder: Path, config: str = FIRST, *flags: str) -> None:
        self.config, self.endpoint = folder / "my.toml", f"ipc://{folder}/bus"
        self.config.write_text(config)
        named = {"NOTIFY_SOCKET": str(folder / "nobody"), "HOME": str(folder)}
        self._hiss = subprocess.Popen([sys.executable, "-c", HISS], stdout=subprocess.PIPE)
        self.run = subprocess.Popen(
            python_module(
                "monitor", "run", "--headless", "--config", str(self.config), "--bind", self.endpoint,
                *(flags or ("--source", "-")),
            ),
            stdin=self._hiss.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**child_environment(), **named},
        )  # fmt: skip

    def until(self, classes: list[str], source_id: str | None = None) -> Health:
        """Return the first health with these classes, of that source."""
        with Subscriber(self.endpoint, ("health/",)) as subscriber:
            while True:
                assert self.run.poll() is None
                message = subscriber.receive(1.0)
                record = None if message is None else message.record
                if not isinstance(record, Health) or source_id not in {None, record.source_id}:
                    continue
                if [one.class_ for one in record.classes] == classes:
                    return record

    def said(self) -> str:
        assert self.run.stderr is not None
        return self.run.stderr.readline()

    def end(self) -> None:
        self.run.terminate()
        self.run.communicate(timeout=60)
        self._hiss.kill()
        self._hiss.communicate()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.end()


def test_a_hang_up_of_a_service_takes_what_can_change_and_loses_no_sample(service: Service) -> None:
    before = service.until(["siren", "dog_bark"])
    service.config.write_text(SECOND)
    service.run.send_signal(signal.SIGHUP)
    assert "Changed, while it goes on: prompts.classes, detector.urgent." in service.said()
    assert "Needs a restart: capture.ring_s." in service.said()
    after = service.until(["siren", "doorbell"])
    assert [one.urgent for one in after.classes] == [True, False]
    assert after.analysed > before.analysed
    lost = [getattr(after, name) - getattr(before, name) for name in ("overwritten", "gap")]
    assert lost == [0, 0]


def test_a_file_that_cannot_be_used_changes_nothing(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.until(["siren", "dog_bark"])
    service.config.write_text("[prompts\n")
    assert main(["config", "reload", "--connect", service.endpoint]) == 2
    assert "The configuration was not reloaded, and the one before goes on" in capsys.readouterr().err
    service.until(["siren", "dog_bark"])
    service.config.write_text(SECOND)
    assert main(["config", "reload", "--connect", service.endpoint]) == 0
    assert "Needs a restart: capture.ring_s." in capsys.readouterr().out
    service.until(["siren", "doorbell"])


def test_a_reload_says_which_words_the_model_does_not_know_when_it_is_done(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.until(["siren", "dog_bark"])
    service.config.write_text('[prompts]\nclasses = ["siren", "dog_brak"]\n')
    assert main(["config", "reload", "--connect", service.endpoint]) == 0
    said = capsys.readouterr().out
    assert "Changed, while it goes on: prompts.classes." in said
    assert "does not know the word 'dog_brak'; did you mean 'dog bark'?" in said
    assert [one.unknown for one in service.until(["siren", "dog_brak"]).classes] == [False, True]


def test_who_asks_while_it_is_reloaded_is_served_after_it(service: Service) -> None:
    service.until(["siren", "dog_bark"])
    for classes in ('"siren", "glass breaking"', '"siren"', '"dog_bark", "siren"'):
        service.config.write_text(f"[prompts]\nclasses = [{classes}]\n")
        assert isinstance(reply := ask(service.endpoint, Request("reload")), Reply)
        assert reply.ok, reply.error
    service.until(["dog_bark", "siren"])


def test_where_unknown_words_are_refused_a_reload_refuses_them_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(tmp_path, FIRST, "--source", "-", "--strict")
    try:
        service.until(["siren", "dog_bark"])
        service.config.write_text('[prompts]\nclasses = ["siren", "dog_brak"]\n')
        assert main(["config", "reload", "--connect", service.endpoint]) == 2
        assert "'dog_brak'" in capsys.readouterr().err
        service.until(["siren", "dog_bark"])
    finally:
        service.end()


def test_of_a_fleet_what_is_listened_for_changes_and_what_is_wired_needs_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(tmp_path, FLEET, "--diary", "text")
    try:
        service.until(["siren"], "bed-1")
        changed = FLEET.replace('["siren"]', '["siren", "doorbell"]').replace("0.5", "0.7")
        service.config.write_text(changed)
        assert main(["config", "reload", "--connect", service.endpoint]) == 0
        assert "Changed, while it goes on: fleet.groups." in capsys.readouterr().out
        bed = service.until(["siren", "doorbell"], "bed-1")
        assert bed.classes[0].onset_threshold == pytest.approx(0.7)
        service.until(["siren", "dog_bark"], "bed-2")
        service.config.write_text(changed.replace("bed-2", "bed-3"))
        assert main(["config", "reload", "--connect", service.endpoint]) == 0
        assert "Needs a restart: fleet.sources." in capsys.readouterr().out
        service.until(["siren", "dog_bark"], "bed-2")
    finally:
        service.end()


def test_a_self_test_hears_by_the_settings_that_were_reloaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deaf = "[detector]\nonset_threshold = 0.999\n[calibration]\nfalse_alarms_per_hour = 0\n"
    service = Service(tmp_path, FIRST + deaf, "--source", "demo")
    try:
        service.until(["siren", "dog_bark"])
        service.config.write_text(FIRST)
        assert main(["config", "reload", "--connect", service.endpoint]) == 0
        while main(["test", "self", "--connect", service.endpoint]) == 1:
            assert "not tested" in capsys.readouterr().out  # it just begins, or the computer is busy
    finally:
        service.end()
    assert "works      demo street: self-test passed" in capsys.readouterr().out


def test_a_reload_that_fails_unexpectedly_says_so_and_what_was_goes_on() -> None:
    said: list[str] = []
    before, after = (load_config(flags={"prompts": {"classes": [name]}}) for name in ("siren", "doorbell"))
    origin = Origin(lambda: after, None, SinkOptions(headless=True))
    monitor = cast("Monitor", SimpleNamespace())  # it lacks all that a reload looks for
    reloading = Reloading(origin, before, monitor, Fanout([]), {}, lambda text, _: said.append(text))
    assert reloading.handle(Request(request="reload")).waiting
    reloading.close()
    (sentence,) = said
    assert "the one before goes on: something failed unexpectedly (AttributeError: " in sentence
    reply = reloading.handle(Request(request="reloaded"))
    assert (reply.ok, reply.waiting, reply.error) == (False, False, sentence)
