r"""Write `measured.toml` beside a model, from what `monitor eval clips` found: what `monitor words` tells.

    monitor eval clips --data INDEX.csv --model embedded --folds 6 --snr clean,10,0 --out F6      # and F4
    python -m tools.train.measured_words --table F4/classes.csv "fold 4, new recordings of known sources" \
                                   --table F6/classes.csv "fold 6, sources it never met"

The tables are of the weights that the model has now: write it again whenever they change.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from monitor.config.settings import ModelConfig
from monitor.encoders import find
from monitor.files.toml import toml_lines
from monitor.vocabulary.measured import MEASURED_FILE

CONDITIONS = {"inf": "clean", "10.0": "10 dB", "0.0": "0 dB"}
"""`snr_db` of a table, and what it is called."""
METHOD, METRIC = "zero-shot", "top1"


def words_of(path: Path, model: str) -> dict[str, dict[str, object]]:
    """Return clips and percent, per condition, of each class in a table of `monitor eval clips`."""
    found: dict[str, dict[str, float]] = {}
    clips: dict[str, int] = {}
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            wanted = line["model"], line["method"], line["metric"]
            if wanted == (model, METHOD, METRIC) and line["snr_db"] in CONDITIONS:
                percent = found.setdefault(line["class_name"], {})
                percent[line["snr_db"]] = round(100.0 * float(line["value"]), 1)
                clips[line["class_name"]] = int(line["n"])
    return {
        name: {"clips": clips[name], "percent": [percent[key] for key in CONDITIONS]}
        for name, percent in sorted(found.items())
    }


def as_toml(tables: Sequence[tuple[str, dict[str, dict[str, object]]]], audio: str) -> str:
    """Return the file, one line per word."""
    parts = [
        "# By tools/train/measured_words.py: clips in which a word fitted best of all in its table, in %.\n"
    ]
    for recordings, words in tables:
        head = {"audio": audio, "recordings": recordings, "conditions": list(CONDITIONS.values())}
        parts.append(f"[[table]]\n{toml_lines(head)}[table.words]\n{toml_lines(words)}")
    return "\n".join(parts)


def main() -> None:
    """Write the file and say where."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--table", nargs=2, action="append", required=True, metavar=("CSV", "RECORDINGS"))
    args = parser.parse_args()
    model = find(ModelConfig(name=args.model))
    if empty := [path for path, _ in args.table if not words_of(Path(path), args.model)]:
        parser.error(f"{empty[0]} has no {METHOD} {METRIC} of {args.model}")
    tables = [(recordings, words_of(Path(path), args.model)) for path, recordings in args.table]
    path = model.path(model.entry.audio).with_name(MEASURED_FILE)
    path.write_text(as_toml(tables, model.entry.audio.sha256), "utf-8")
    print(f"{path}: {', '.join(f'{len(words)} words of {recordings}' for recordings, words in tables)}")


if __name__ == "__main__":
    main()
