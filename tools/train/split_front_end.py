"""Take the front end out of the audio tower of a model that was made with one inside; nothing is trained.

    python -m tools.train.split_front_end --models models --name embedded

Every weight of the network stays as it is, bit for bit, and so does what the model is called in all that was
learnt with it. The manifest gets the new file's hash, and so does what was measured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.errors import ModelError
from monitor.export.bare_network import take_off_front_end
from monitor.files.toml import toml_lines
from monitor.models.store import read_manifest
from monitor.vocabulary.measured import MEASURED_FILE
from tools.train.box import NAME
from tools.train.graphs import digest


def split(models: Path, name: str) -> None:
    """Split the model `name` of the manifest in the folder `models`.

    Raises
    ------
    ModelError
        A file is not as pinned, or the graph has no front end.
    """
    manifest = models / "manifest.toml"
    stored = read_manifest(manifest)[name]
    stored.verify()
    before = stored.entry.audio
    path = stored.path(before)
    take_off_front_end(path)
    after = digest(path)
    settings = {"front_end": "log_mel", "mel": "kaldi"}
    if not stored.entry.identity:
        settings["identity"] = before.sha256[:12]
    _pin(manifest, name, (before.sha256, after), settings)
    measured = path.with_name(MEASURED_FILE)
    if measured.exists():
        measured.write_text(measured.read_text("utf-8").replace(before.sha256, after), "utf-8")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {after}")


def _pin(manifest: Path, name: str, hashes: tuple[str, str], settings: dict[str, str]) -> None:
    """Put the second hash for the first in the entry of a model, and the settings behind its `dim`."""
    head, begin, rest = manifest.read_text("utf-8").partition(f"[models.{name}]\n")
    entry, end, others = rest.partition("\n[")
    lines = entry.replace(*hashes).splitlines(keepends=True)
    at = 1 + next(number for number, line in enumerate(lines) if line.startswith("dim = "))
    lines[at:at] = [toml_lines(settings)]
    manifest.write_text(head + begin + "".join(lines) + end + others, "utf-8")


def main() -> None:
    """Split."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the manifest")
    parser.add_argument("--name", default=NAME, help="model in the manifest")
    args = parser.parse_args()
    try:
        split(args.models, args.name)
    except ModelError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
