"""Start `monitor run` again and again, end a part of it at random, and look what is left behind.

    python -m tools.benchmark.random_ends 100                            # the demo
    python -m tools.benchmark.random_ends 1000 --microphone --at-once 4  # and the process that captures

Each run has a terminal of its own, and a shell that stays. At a random moment, start-up included, the monitor
or a process that it has started (interface, page server, capture) gets SIGINT, SIGTERM, SIGHUP or SIGKILL; a
monitor that was asked to end is killed on top of it, a moment later, every third time. Then no process of the
run may be left, no socket file (a monitor that is killed leaves its own), the terminal must be as it was, and
nothing may have printed a traceback; a monitor of which only a part was ended must go on, and have a new one.
Runs of one place share its files: at the end its databases and learnt files must be whole, its configuration
unchanged, and nothing may have piled up.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import random
import re
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import msgspec

from tools.benchmark.ended_run import EndedRun, Part, sockets_below
from tools.benchmark.kept_state import damaged, kinds_of_files

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
LATEST_S = 5.0
"""All parts are up by then, and the demo has begun."""
_CONFIG = """\
[calibration]
block_s = 1.0   # so that a run of seconds has learnt something to keep
[memory]
keep = "all"
"""
_CODE = re.compile(rb"(?<!\()exit code \d+")
"""As the shell says it; a monitor that tells how its page has ended puts that in brackets."""
_AGAIN = 3
_SOON_S = 0.7
_MOST_LEFT = 3
"""Files of a kind that is only there for a moment: what so many kills leave may not be more."""


class Outcome(msgspec.Struct):
    """What came of the runs of one place."""

    done: Counter[str] = msgspec.field(default_factory=Counter)
    """What was ended by what -> how often."""
    signals: int = 0
    wrong: list[str] = []
    files: Counter[str] = msgspec.field(default_factory=Counter)
    """Kinds of files that are there at the end."""


class Place:
    """A home of its own, in which one monitor after another lives."""

    def __init__(self, folder: Path, source: list[str]) -> None:
        self.folder = folder
        self._source = source
        self._config = folder / "monitor.toml"
        self._config.write_text(_CONFIG, "utf-8")
        self.environment = {"TMPDIR": str(folder / "tmp"), "XDG_RUNTIME_DIR": str(folder / "run")}
        self.environment |= {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "DATA", "CACHE")}
        for name in ("tmp", "run"):
            (folder / name).mkdir(mode=0o700)

    def arguments(self, part: Part, chance: random.Random) -> list[str]:
        """Return a command that has this part; of the others at random."""
        words = ["run", *self._source, "--classes", "siren", "--bind", "tcp://127.0.0.1:*"]
        words += ["--config", str(self._config), "--log", str(self.folder / "log.jsonl")]
        if part == "page" or (part == "monitor" and chance.random() < 0.3):
            words += ["--web", "127.0.0.1:0"]
        return words if part == "interface" or chance.random() < 0.3 else [*words, "--headless"]

    def wrong(self) -> list[str]:
        """Return what is damaged, changed or has piled up."""
        wrong = damaged(self.folder)
        if self._config.read_text("utf-8") != _CONFIG:
            wrong.append("the configuration was changed")
        left = [str(path.relative_to(self.folder)) for path in self.folder.rglob("*.partial")]
        left += [str(path.relative_to(self.folder)) for path in (self.folder / "tmp").rglob("*")]
        for what, names in (("temporary files", left), ("sockets", sockets_below(self.folder))):
            if len(names) > _MOST_LEFT:
                wrong.append(f"{len(names)} {what} are left: {names[:5]}")
        return wrong


def end_once(
    place: Place, parts: list[Part], chance: random.Random, number: int
) -> tuple[str, int, list[str]]:
    """Run, end a part at random; return what was done, how many signals were sent, and what was wrong."""
    part, sent = chance.choice(parts), chance.choice(SIGNALS)
    before = set(sockets_below(place.folder))
    run = EndedRun(f"{place.folder.name}-{number}", place.arguments(part, chance), place.environment)
    try:
        after_s = chance.uniform(0.0, LATEST_S)
        run.read(after_s)
        again = chance.randrange(_AGAIN) == 0 and chance.uniform(0.0, _SOON_S)
        count, wrong = _end_monitor(run, sent, again) if part == "monitor" else _end_part(run, part, sent)
        wrong += run.wrong()
        killed = part == "monitor" and (sent == signal.SIGKILL or again)
        left = set(sockets_below(place.folder)) - before
        if left and not killed:
            wrong.append(f"socket files: {sorted(left)}")
        return f"{part} {sent.name}", count, [f"{one} ({after_s:.2f} s)" for one in wrong]
    finally:
        run.close()


def _end_monitor(run: EndedRun, sent: signal.Signals, again: float | bool) -> tuple[int, list[str]]:
    if not run.until(lambda: run.pid_of("monitor") is not None):
        return 0, ["there was no monitor"]
    run.signal("monitor", sent)
    if again:
        run.read(again)
        run.signal("monitor", signal.SIGKILL)
    return 1 + bool(again), _ended(run)


def _end_part(run: EndedRun, part: Part, sent: signal.Signals) -> tuple[int, list[str]]:
    """End a part, see that the monitor goes on, and end that."""
    if not run.until(lambda: run.pid_of(part) is not None):
        return 0, [f"there was no {part}: {run.output[-300:]!r}"]
    before = run.pid_of(part)
    run.signal(part, sent)
    run.read(0.3)
    wrong = []
    if part == "interface":
        if run.pid_of(part) is None and not run.until(
            lambda: b"goes on with lines" in run.output and b"listening" in run.output
        ):
            wrong.append("the monitor does not go on")
    elif not run.until(lambda: run.pid_of(part) is not None or run.pid_of("monitor") is None):
        wrong.append(f"there is no new {part} after {before}")
    if run.pid_of("monitor") is None:
        wrong.append(f"the monitor has ended with its {part}: {run.output[-300:]!r}")
    run.signal("monitor", signal.SIGTERM)
    wrong += _ended(run)
    if not re.search(rb"(?<!\()exit code (0|143)\b", run.output):  # 143: as it began
        codes = _CODE.findall(run.output)
        wrong.append(f"the monitor failed: {codes}, {run.output[-300:]!r}")
    return 2, wrong


def _ended(run: EndedRun) -> list[str]:
    """Wait for the end of all of it."""
    gone = run.until(lambda: _CODE.search(run.output) is not None and not run.processes())
    run.read(0.1)
    return [] if gone else ["it does not end"]


def runs_of(folder: Path, source: list[str], parts: list[Part], numbers: range, seed: int) -> Outcome:
    """Do the runs of one place, and look through it at the end."""
    folder.mkdir()
    place, chance, outcome = Place(folder, source), random.Random(f"{seed} {numbers}"), Outcome()
    for number in numbers:
        what, signals, wrong = end_once(place, parts, chance, number)
        outcome.done[what] += 1
        outcome.signals += signals
        outcome.wrong += [f"run {number}, {what}: {one}" for one in wrong]
        for one in wrong:
            print(f"run {number}, {what}: {one}", flush=True)
        if number % 20 == 19:
            print(f"{number + 1} ({len(outcome.wrong)} wrong)", file=sys.stderr, flush=True)
    outcome.wrong += place.wrong()
    outcome.files = kinds_of_files(folder)
    return outcome


@contextlib.contextmanager
def _source(microphone: bool) -> Iterator[list[str]]:
    """Return what is heard: the demo, or a virtual microphone that hears it again and again."""
    if not microphone:
        yield ["--source", "demo"]
        return
    from tools.benchmark.soak import virtual_microphone

    with virtual_microphone(600.0) as name:
        yield ["--mic", name]


def main() -> int:
    """Print what was done and what was wrong; return 1 if anything was."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="places side by side")
    parser.add_argument("--microphone", action="store_true", help="hear a virtual one instead of the demo")
    chosen = parser.parse_args()
    parts: list[Part] = ["monitor", "monitor", "page", "interface"]
    parts += ["capture"] if chosen.microphone else []
    context = multiprocessing.get_context("spawn")  # each place forks terminals of its own
    with (
        tempfile.TemporaryDirectory(prefix="ends") as folder,
        _source(chosen.microphone) as source,
        ProcessPoolExecutor(chosen.at_once, context) as pool,
    ):
        cuts = [chosen.runs * place // chosen.at_once for place in range(chosen.at_once + 1)]
        works = [
            pool.submit(runs_of, Path(folder, str(start)), source, parts, range(start, stop), chosen.seed)
            for start, stop in pairwise(cuts)
        ]
        outcomes = [work.result() for work in works]
    return _told(outcomes, chosen.runs)


def _told(outcomes: list[Outcome], runs: int) -> int:
    done = sum((one.done for one in outcomes), Counter())
    files = sum((one.files for one in outcomes), Counter())
    wrong = [sentence for one in outcomes for sentence in one.wrong]
    print("\n".join(wrong))
    print(", ".join(f"{what} {count}" for what, count in sorted(done.items())))
    print("files:", ", ".join(f"{kind} {count}" for kind, count in sorted(files.items())))
    print(f"{sum(one.signals for one in outcomes)} signals")
    print(f"{runs} runs, {len(wrong)} with something wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
