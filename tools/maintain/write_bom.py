"""Write the bill of materials (CycloneDX 1.6): the packages the program runs on, and the models in the box.

    python -m tools.maintain.write_bom > bom.json                    # of container/runtime.lock
    python -m tools.maintain.write_bom --python PATH > bom.json      # of what is installed for a Python

Needs the extra `supply`. Without `--python` an environment is made of the lock file, which needs the package
index; by uv, for pip takes minutes for that. The bill is not in the repository: it belongs to a build, and
would be stale the day after.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "container" / "runtime.lock"
SCHEMA = "1.6"


def main(arguments: list[str] | None = None) -> int:
    """Print the bill and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=Path, metavar="PATH", help="of the environment that is meant")
    given = parser.parse_args(arguments)
    if given.python is not None:
        print(json.dumps(bill(given.python), indent=1))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(bill(locked(Path(folder), LOCK)), indent=1))
    return 0


def bill(python: Path) -> dict[str, Any]:
    """Return what is installed for `python`, and the models in the box.

    Raises
    ------
    subprocess.CalledProcessError
        It cannot be looked at; why is on standard error.
    """
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--spec-version", SCHEMA]
    command += ["--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml"), str(python)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found.setdefault("components", []).extend(models(ROOT / "models" / "manifest.toml"))
    return found


def models(manifest: Path) -> list[dict[str, Any]]:
    """Return a component for each file of the models that come with the program."""
    entries = tomllib.loads(manifest.read_text("utf-8"))["models"]
    return [
        _model(f"{name}/{part}", file, entry)
        for name, entry in entries.items()
        for part, file in entry.items()
        if isinstance(file, dict) and "sha256" in file
    ]


def _model(name: str, file: dict[str, str], entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "machine-learning-model" if file["file"].endswith(".onnx") else "data",
        "bom-ref": f"model:{name}",
        "name": name,
        "description": str(entry["source"]),
        "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
        "licenses": [{"license": {"id": entry["licence"]}}],
        "properties": [{"name": "file", "value": f"models/{file['file']}"}],
    }


def locked(folder: Path, lock: Path) -> Path:
    """Make an environment of the packages of a lock file, and return its Python; how far it is, uv shows.

    The program itself need not be in it: what the bill is of stands in pyproject.toml.

    Raises
    ------
    subprocess.CalledProcessError
        A package cannot be had, or is another than the one that was locked; uv has said which.
    """
    uv, python = [sys.executable, "-m", "uv"], folder / "bin" / "python"
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    install = [*uv, "pip", "install", "--python", str(python), "--no-deps", "--require-hashes"]
    subprocess.run([*install, "-r", str(lock)], check=True, stdout=sys.stderr)
    return python


if __name__ == "__main__":
    sys.exit(main())
