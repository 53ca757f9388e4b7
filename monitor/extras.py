"""How what is missing is installed: by the Python that runs this program, from where that was installed.

`pip` alone may be that of another environment, and this program is on no package index: so the whole is said.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DISTRIBUTION = "sound-monitor"


def install(*packages: str, extra: str | None = None) -> str:
    """Return the command that installs packages, or an extra of this program, into this environment."""
    named = [] if extra is None else [f"{_origin()}[{extra}]"]
    return _pip(*named, *packages)


def reinstall() -> str:
    """Return the command that installs this program again, with all that it needs."""
    return _pip("--force-reinstall", _origin())


def _pip(*words: str) -> str:
    return shlex.join([sys.executable or "python3", "-m", "pip", "install", *words])


def _origin() -> str:
    """Return what pip takes for this program: its source folder where that is there, else its name."""
    folders = [Path(__file__).resolve().parents[1], _installed_from()]
    return next((str(one) for one in folders if one and (one / "pyproject.toml").is_file()), _DISTRIBUTION)


def _installed_from() -> Path | None:
    """Return the folder that this program was taken from, as pip has noted it (PEP 610)."""
    from importlib.metadata import PackageNotFoundError, distribution  # it loads the package `email`

    try:
        noted = distribution(_DISTRIBUTION).read_text("direct_url.json")
        address = urlsplit(str(json.loads(noted or "{}").get("url", "")))
    except (PackageNotFoundError, OSError, ValueError, AttributeError):
        return None
    return Path(unquote(address.path)) if address.scheme == "file" else None
