"""A real Chromium, of the system, that keeps what it writes in folders of its own until it is closed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def launched(playwright: Any) -> Iterator[Any]:
    """Return a browser that `playwright` drives.

    Beside its profile Chromium writes certificates into the user's folder for data, and more into others.
    """
    with tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as folder:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], env=folders_of_its_own(folder)
        )
        try:
            yield browser
        finally:
            browser.close()


def folders_of_its_own(folder: str) -> dict[str, str]:
    """Return this process's environment, in which all that a user's programs keep is below `folder`."""
    theirs = {f"XDG_{kind}_HOME": f"{folder}/{kind.lower()}" for kind in ("DATA", "CONFIG", "CACHE", "STATE")}
    return {**os.environ, "HOME": folder, **theirs}
