"""One target in a process of its own, with changed inputs: for machine code whose coverage nobody counts.

`python -m tools.fuzz.by_mutation TARGET SECONDS FOLDER SEED`. Each input is written down before it is tried,
so that one that crashes the process, hangs it or takes more memory than it may is known to whoever started it
(`session.py`), who goes on with another SEED. Faults go to standard output, one line of JSON each, and at the
end the number of inputs.
"""

from __future__ import annotations

import faulthandler
import random
import resource
import sys
import time
from pathlib import Path

import msgspec

from tools.fuzz.faults import Watch
from tools.fuzz.mutation import mutated
from tools.fuzz.registry import TARGETS, inputs

MOST_BYTES = 6 << 30
"""Of address space: libraries reserve more than they use."""
TIMEOUT_S = 20.0
LAST = "last"
"""Name of the file with the input that is being tried."""
COUNT = "count"
"""Name of the file with how many were."""


def main() -> None:
    """Try the target that the arguments name."""
    name, seconds, place, seed = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = inputs(TARGETS[name])
    watch = Watch(TARGETS[name], folder / "faults")
    dice, count = random.Random(seed), 0
    stop_s = time.monotonic() + float(seconds)
    while time.monotonic() < stop_s or (seed == "0" and count < len(seeds)):
        data = (
            seeds[count] if seed == "0" and count < len(seeds) else mutated(dice.choice(seeds), seeds, dice)
        )
        (folder / LAST).write_bytes(data)
        faulthandler.dump_traceback_later(TIMEOUT_S, exit=True)
        if fault := watch.take(data):
            print(msgspec.json.encode(fault).decode(), flush=True)
        faulthandler.cancel_dump_traceback_later()
        count += 1
        (folder / COUNT).write_text(str(count))


if __name__ == "__main__":
    main()
