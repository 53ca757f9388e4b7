"""systemd on this machine: where its unit files are, and what it is told."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

from monitor.config.settings import Config
from monitor.errors import ConfigError, ProgramError
from monitor.service.unit import NAME

_BOOTED = Path("/run/systemd/system")
"""There exactly where systemd runs the machine (sd_booted(3))."""
_OF_MACHINE = Path("/etc/systemd/system")
_WAIT_S = 60.0


def unit_path(of_machine: bool) -> Path:
    """Return where the unit file is, or would be.

    Raises
    ------
    ConfigError
        There is no home folder.
    """
    if of_machine:
        return _OF_MACHINE / NAME
    from platformdirs import user_config_path

    try:
        return user_config_path("systemd") / "user" / NAME
    except RuntimeError:
        raise ConfigError("There is no home folder for a service of this user; add --system.") from None


def runs_here() -> bool:
    """Tell whether systemd runs this machine."""
    return _BOOTED.is_dir() and shutil.which("systemctl") is not None


def systemctl(of_machine: bool, *arguments: str) -> str:
    """Return what systemctl answers.

    Raises
    ------
    ProgramError
        It refuses.
    """
    command = ["systemctl", *([] if of_machine else ["--user"]), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - words of this program only
            command, capture_output=True, text=True, timeout=_WAIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramError(f"{' '.join(command)} failed: {error}.") from None
    if done.returncode:
        why = done.stderr.strip().rstrip(".") or f"exit code {done.returncode}"
        raise ProgramError(f"{' '.join(command)} failed: {why}.")
    return done.stdout


def refuse_unreadable(path: Path, what: str) -> None:
    """Refuse a file that a user of the service's own could not read, wherever the fault is above it.

    Raises
    ------
    ConfigError
        A folder above it is closed to others, or is one that a service does not see.
    """
    hidden = ("/home", "/root", "/run/user")
    resolved = path.resolve()
    if any(resolved.is_relative_to(folder) for folder in hidden):
        raise ConfigError(
            f"{what} is {resolved}, and a service of the machine sees no home folder; put it elsewhere, "
            "as in /opt/monitor or /etc/monitor, or leave out --system for a service of your own."
        )
    for folder in resolved.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            raise ConfigError(f"{what} is {resolved}, and {folder} is closed to others: chmod o+x {folder}.")
    if not resolved.stat().st_mode & stat.S_IROTH:
        raise ConfigError(f"{what} is {resolved}, and closed to others: chmod o+r {resolved}.")


def _brokers(config: Config) -> list[tuple[str, str]]:
    return [("mqtt.url", config.mqtt.url), ("uplink.url", config.uplink.url)]


def other_machines(config: Config) -> list[str]:
    """Return the settings that name other machines, by their keys."""
    named = [
        f"capture.sources {one.partition('://')[0]}://…" for one in config.capture.sources if "://" in one
    ]
    named += [name for name, url in _brokers(config) if url]
    told = [name for name, target in config.notify.targets.items() if not target.exec]
    return named + [f"notify.targets.{name}" for name in told]
