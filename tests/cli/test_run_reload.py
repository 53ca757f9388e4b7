"""`systemctl reload` and `monitor config reload` of a real run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.bus.messages import Health
from monitor.bus.subscriber import Subscriber
from monitor.cli.main import main
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


class Service:
    """A run that systemd has begun, as far as it can see."""

    def __init__(self, folder: Path) -> None:
        self.config, self.endpoint = folder / "my.toml", f"ipc://{folder}/bus"
        self.config.write_text(FIRST)
        named = {"NOTIFY_SOCKET": str(folder / "nobody"), "HOME": str(folder)}
        self._hiss = subprocess.Popen([sys.executable, "-c", HISS], stdout=subprocess.PIPE)
        self.run = subprocess.Popen(
            python_module(
                "monitor", "run", "--source", "-", "--headless", "--config", str(self.config),
                "--bind", self.endpoint,
            ),
            stdin=self._hiss.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**child_environment(), **named},
        )  # fmt: skip

    def until(self, classes: list[str]) -> Health:
        """Return the first health with these classes."""
        with Subscriber(self.endpoint, ("health/",)) as subscriber:
            while True:
                assert self.run.poll() is None
                message = subscriber.receive(1.0)
                record = None if message is None else message.record
                if isinstance(record, Health) and [one.class_ for one in record.classes] == classes:
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
