from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import load_config
from monitor.service.systemd import other_machines
from monitor.service.unit import Service, unit

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def made(of_machine: bool, config: str = "/etc/monitor/monitor.toml", network: tuple[str, ...] = ()) -> str:
    command = ("/bin/sh", "-P", "-m", "monitor")
    return unit(Service(command=command, config=config, of_machine=of_machine, network=network))


def value_of(key: str, text: str) -> str:
    (found,) = [line.removeprefix(f"{key}=") for line in text.splitlines() if line.startswith(f"{key}=")]
    return found


@needs_systemd
@pytest.mark.parametrize("of_machine", [True, False])
def test_systemd_has_nothing_to_say_against_it(tmp_path: Path, of_machine: bool) -> None:
    path = tmp_path / "monitor.service"
    path.write_text(made(of_machine), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_a_service_of_the_machine_is_exposed_to_little(tmp_path: Path) -> None:
    path = tmp_path / "monitor.service"
    path.write_text(made(True), encoding="utf-8")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(path)]  # of 100
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_says_how_its_owner_changes_it() -> None:
    assert "`systemctl edit monitor`" in made(True)
    assert "`systemctl --user edit monitor`" in made(False)


def test_it_reaches_this_machine_only_unless_a_setting_names_another() -> None:
    assert value_of("IPAddressDeny", made(True)) == "any"
    named = made(True, network=("mqtt.url",))
    assert "IPAddressDeny" not in named
    assert "mqtt.url" in named


def test_it_is_begun_again_for_ever_but_not_with_bad_settings() -> None:
    text = made(False)
    assert value_of("Restart", text) == "always"
    assert value_of("StartLimitIntervalSec", text) == "0"
    assert value_of("RestartPreventExitStatus", text) == "2"


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1))
def test_any_path_is_one_word_of_the_command(name: str) -> None:
    line = value_of("ExecStart", made(False, config=f"/{name}"))
    plain = line.replace("%%", "%").replace("$$", "$")
    assert shlex.split(plain)[-2:] == ["--config", f"/{name}"]


def test_a_reload_hangs_up_on_the_run_which_reads_its_configuration_again() -> None:
    assert value_of("ExecReload", made(True)) == "kill -HUP $MAINPID"


@pytest.mark.parametrize("section", ["mqtt", "uplink"])
def test_a_broker_of_the_settings_is_a_machine_that_the_service_may_reach(section: str) -> None:
    config = load_config(flags={section: {"url": "mqtt://home"}})
    assert other_machines(config) == [f"{section}.url"]
    assert other_machines(load_config()) == []
