"""Keeps the libraries this program rests on from talking to the outside and from writing where they like.

Each of them decides at its import, so `keep_private` comes before that: the command line calls it first of
all, and so does each file that imports such a library, for whoever uses this package from Python.
"""

from __future__ import annotations

import os

_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime resolves a collector, uploads, writes a device id and a queue
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, below transformers and tokenizers
    "DO_NOT_TRACK": "1",  # what many others look at
    "TOKENIZERS_PARALLELISM": "false",  # else it warns on standard error when a child process is started
}
"""Environment variables of the libraries; what the user set is replaced: nothing leaves the machine."""


def keep_private() -> None:
    """Switch off telemetry in this process, and in those it starts, for libraries not imported yet."""
    os.environ.update(_SWITCHES)
    if not os.environ.get("XDG_RUNTIME_DIR", "/").startswith("/"):  # to be ignored, says the specification
        del os.environ["XDG_RUNTIME_DIR"]  # the sound system would make `pulse` in `/` or the current folder


def switched_on() -> list[str]:
    """Return the switches that are not as `keep_private` leaves them, by the variables they are."""
    return [name for name, value in _SWITCHES.items() if os.environ.get(name) != value]
