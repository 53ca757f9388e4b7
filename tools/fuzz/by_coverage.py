"""Targets under atheris, libFuzzer for Python: inputs that reach new lines are changed further.

`python -m tools.fuzz.by_coverage SECONDS SIDE_BY_SIDE FOLDER TARGET …`. The program is loaded once, with its
lines counted, and each target has a child of that process. What an error breaks is kept and the next input is
tried; an input that takes too long or too much memory ends the child, and libFuzzer keeps it. In the folder
of a target are `faults.jsonl`, a line each, and `figures`, what libFuzzer says.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import NoReturn

MOST_MB = 2048
TIMEOUT_S = 30
"""libFuzzer's own limit, on a busy machine, for what never ends."""
FAULTS, FIGURES = "faults.jsonl", "figures"
_MOST_LEN = 8192


def main() -> None:
    """Try the targets that the arguments name."""
    import atheris

    seconds, most, folder, names = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]
    with atheris.instrument_imports(include=["monitor"]):
        import tools.fuzz.registry  # noqa: F401 - loads the program
    children = 0
    for name in names:
        if children == most:
            os.wait()
            children -= 1
        (folder / name / "corpus").mkdir(parents=True, exist_ok=True)
        if os.fork() == 0:
            _child(name, seconds, folder / name)
        children += 1
    for _ in range(children):
        os.wait()


def _child(name: str, seconds: int, folder: Path) -> NoReturn:
    """Try one target; never returns."""
    import atheris
    import msgspec

    from tools.fuzz.faults import Watch
    from tools.fuzz.registry import TARGETS, inputs

    figures = os.open(folder / FIGURES, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(figures, 1)
    os.dup2(figures, 2)
    target = TARGETS[name]
    for number, seed in enumerate(inputs(target)):
        (folder / "corpus" / f"seed{number}").write_bytes(seed)
    watch = Watch(target, folder / "faults")
    told = (folder / FAULTS).open("wb", buffering=0)
    stop_s = time.monotonic() + seconds

    def once(data: bytes) -> None:
        if fault := watch.take(data):
            told.write(msgspec.json.encode(fault) + b"\n")
        if time.monotonic() > stop_s + TIMEOUT_S:  # libFuzzer looks at its clock now and then only
            os._exit(0)

    atheris.Setup(_options(folder, seconds), once)
    atheris.Fuzz()
    os._exit(0)


def _options(folder: Path, seconds: int) -> list[str]:
    from tools.fuzz.texts import ALL

    words = folder / "words"
    words.write_text("".join(f'"{_escaped(text)}"\n' for text in ALL if 0 < len(text) < 64))
    return [
        sys.argv[0], str(folder / "corpus"), f"-max_total_time={seconds}", f"-timeout={TIMEOUT_S}",
        f"-dict={words}", f"-rss_limit_mb={MOST_MB}", f"-max_len={_MOST_LEN}", f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    ]  # fmt: skip


def _escaped(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main()
