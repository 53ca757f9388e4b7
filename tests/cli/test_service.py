from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.errors import ConfigError
from monitor.service.systemd import refuse_unreadable, runs_here
from monitor.start import child_environment, python_module
from tests.tracing import missing

pytestmark = pytest.mark.skipif(runs_here(), reason="would begin a service of this machine")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "my settings.toml"
    path.write_text('[capture]\nsources = ["demo"]\n', encoding="utf-8")
    return path


def test_a_unit_file_is_shown_written_and_removed(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "show", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert f'run --headless --config "{config}"' in shown
    assert main(["service", "install", "--config", str(config)]) == 0
    unit = tmp_path / "config/systemd/user/monitor.service"
    assert unit.read_text(encoding="utf-8") == shown
    assert "nothing was begun" in capsys.readouterr().out
    assert main(["service", "install", "--config", str(config)]) == 2
    assert "add --force" in capsys.readouterr().err
    assert main(["service", "remove"]) == 0
    assert not unit.exists()
    assert main(["service", "remove"]) == 2


@pytest.mark.parametrize(
    ("text", "why"), [("[capture]\nsources = ['nothing:']\n", "nothing:"), ("[model]\nname = 'no'\n", "no")]
)
def test_settings_that_a_run_would_refuse_are_refused(
    config: Path, text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(text, encoding="utf-8")
    assert main(["service", "install", "--config", str(config)]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("action", ["show", "install"])
def test_without_settings_what_writes_them_is_named(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", action]) == 2
    assert "--config FILE; `monitor init` writes such a file" in capsys.readouterr().err


def test_a_file_that_the_user_of_a_service_cannot_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    closed = tmp_path / "closed.toml"
    closed.touch(0o600)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    with pytest.raises(ConfigError, match=r"chmod o\+r"):
        refuse_unreadable(closed, "It")
    closed.chmod(0o644)
    refuse_unreadable(closed, "It")
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigError, match=r"chmod o\+x"):
        refuse_unreadable(closed, "It")


def test_without_systemd_it_says_that_it_does_not_run(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service"]) == 2
    assert "service install" in capsys.readouterr().err
    main(["service", "install", "--config", str(config)])
    assert main(["service", "status"]) == 2
    assert "not running" in capsys.readouterr().err


@pytest.mark.skipif(bool(missing()), reason=missing() or "can be traced")
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_a_run_asks_nothing_of_the_kernel_that_a_service_may_not_ask(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    run = python_module(
        "monitor", "run", "--source", "demo", "--headless", "--fast", "--bind", "tcp://127.0.0.1:*"
    )
    environment = {**child_environment(), "HOME": str(tmp_path)}
    command = ["strace", "-f", "-c", "-U", "name", "-o", str(trace), *run]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    words = re.findall(r"^[a-z][a-z0-9_]*$", trace.read_text(encoding="utf-8"), re.MULTILINE)
    used = set(words) - {"total", "syscall", "name"}
    assert "read" in used
    assert used - _allowed() == set()


def _allowed() -> set[str]:
    """Return the system calls of the unit's filter, and those that are always allowed."""
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, check=True
    )
    groups: dict[str, set[str]] = {}
    for line in told.stdout.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.strip(), set())
        elif line.startswith("    ") and "#" not in line:
            group.add(line.strip())

    def of(name: str) -> set[str]:
        return set().union(*(of(one) if one.startswith("@") else {one} for one in groups[name]))

    return of("@system-service") | of("@default")
