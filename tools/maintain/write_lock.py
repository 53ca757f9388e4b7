"""Write the exact packages of the container, each with the hashes of its files.

    python -m tools.maintain.write_lock              # what is new or no longer fits; the rest stays
    python -m tools.maintain.write_lock --upgrade    # the newest that pyproject.toml allows

Needs `uv` (the extra `supply`) and the package index. `container/runtime.lock` is what the program runs on,
with `EXTRAS`; `container/build.lock` is what its wheel is built with.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "container"
EXTRAS = ("fleet", "memory", "metrics", "notify", "web")
"""What a run may need; the rest is for those who measure, train or develop."""
_HEAD = "# Written by `python -m tools.maintain.write_lock`; pip refuses what has another hash.\n"
_OPTIONS = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url")


def main(arguments: list[str] | None = None) -> int:
    """Write both files and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files are")
    given = parser.parse_args(arguments)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    runtime = _resolved(given.folder / "runtime.lock", ["pyproject.toml", *extras], "", given.upgrade)
    wanted = "\n".join(project["build-system"]["requires"])
    return runtime or _resolved(given.folder / "build.lock", ["-"], wanted, given.upgrade)


def _resolved(lock: Path, wanted: list[str], given: str, upgrade: bool) -> int:
    """Write `lock` for what is `wanted`, and return uv's exit code."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        *_OPTIONS,
        "--quiet",
        "--python-version",
        _least(),
    ]
    command += ["--output-file", str(lock), *(["--upgrade"] if upgrade else []), *wanted]
    done = subprocess.run(command, cwd=ROOT, input=given, text=True, check=False)
    if done.returncode == 0:
        content = lock.read_text("utf-8")
        lock.write_text(_HEAD + content.removeprefix(_HEAD), "utf-8")
    return done.returncode


def _least() -> str:
    """Return the oldest Python that the program runs on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["requires-python"]).removeprefix(">=")


if __name__ == "__main__":
    sys.exit(main())
