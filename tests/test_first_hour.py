"""A deaf person's first hour, as typed: set up, try, an alarm while away, the morning after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from monitor.sources.made_alarm import alarm_scene
from tests.sinks.notify.channels import Server, serving
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

TIMEOUT_S = 60.0
SOUNDS = 'fire_alarm="smoke alarm beeping"'


class Person:
    """Somebody at a terminal, with a home folder of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._environment = {
            **os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"),
            "XDG_RUNTIME_DIR": str(home), "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip

    def starts(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "monitor", *arguments],
            env=self._environment, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def types(self, *arguments: str) -> str:
        """Run a command that works, and return what it prints."""
        process = self.starts(*arguments)
        out, _ = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0, out
        return out


def wait_for(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def told(phone: Server) -> list[dict[str, Any]]:
    """What the phone has shown, but for tests."""
    bodies = [json.loads(one.body) for one in phone.requests]
    return [one for one in bodies if one["topic"].startswith("event/") and one["class"] != "test"]


def line_of(process: subprocess.Popen[str], word: str) -> str:
    """Wait for a line that holds a word."""
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return line
    raise AssertionError(f"it ended without saying {word}")


@pytest.mark.timeout(240)
def test_from_the_first_command_to_the_morning_after(vmic: VirtualMicrophones, short_folder: Path) -> None:
    person = Person(short_folder)
    person.types("init", "my.toml", "--defaults")
    with serving() as phone:
        with (short_folder / "my.toml").open("a") as settings:
            settings.write(f'\n[notify.targets.phone]\nwebhook = "http://127.0.0.1:{phone.port}/"\n')
        steps = json.loads(person.types("test", "alarm", "--json", "--config", "my.toml"))
        assert [one["name"] for one in steps if one["works"]] == ["heard", "published", "history", "phone"]

        run = ("run", "--config", "my.toml", "--mic", "attic", "--headless", "--classes", SOUNDS)
        listening = person.starts(*run, "--bind", f"ipc://{short_folder}/bus")
        assert "listening to" in line_of(listening, "health")
        scene = soxr.resample(alarm_scene().samples, alarm_scene().sample_rate, SAMPLE_RATE)
        vmic.play("attic", scene.astype(np.float32))  # nobody is in
        assert "URGENT: may be" in line_of(listening, "onset")
        wait_for(lambda: bool(told(phone)))
        assert told(phone)[0]["urgent"]
        listening.kill()  # and then the power fails
        listening.communicate()

        again = person.starts(*run, "--bind", f"ipc://{short_folder}/bus")
        assert "fire alarm" in line_of(again, "MISSED")
        missed = person.types("history", "--missed", "--json")
        event = json.loads(missed.splitlines()[0])  # what still sounds may be another one
        assert (event["class"], event["urgent"], event["ended_by"]) == ("fire_alarm", True, "gone")
        seen = person.types("ack", "--connect", f"ipc://{short_folder}/bus")
        assert "acknowledged by monitor ack" in seen
        assert "acknowledged by monitor ack" in line_of(again, "seen")
        again.terminate()
        again.communicate(timeout=TIMEOUT_S)
    assert "Nothing" in person.types("history", "--missed")
    assert "fire alarm" in person.types("history")
