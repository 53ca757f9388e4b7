"""Every verb, traced: it speaks to nobody but monitors of this computer, and writes only its own files."""

from __future__ import annotations

import tempfile
from argparse import _SubParsersAction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.cli.main import _parser
from tests.test_privacy import assert_private, environment, home
from tests.tracing import Trace, missing, traced

__all__ = ["home"]

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "can be traced")

NOBODY = ["--connect", "tcp://127.0.0.1:9"]
"""No monitor is there."""
VERBS = {
    "run": ["run", "--source", "SOUND", "--fast", "--headless", "--bind", "none", "--classes", "siren"],
    "devices": ["devices"],
    "listen": ["listen", *NOBODY, "--duration", "1"],
    "web": ["web", "127.0.0.1:0", *NOBODY],
    "history": ["history"],
    "clips": ["clips", "list"],
    "ack": ["ack", *NOBODY],
    "correct": ["correct", "list"],
    "memory": ["memory", "show"],
    "words": ["words", "siren", "sirne"],
    "learn": ["learn", "teach", "kettle", "SOUND", "--keep-audio"],
    "background": ["background", "show", *NOBODY],
    "adapt": ["adapt", "history"],
    "models": ["models", "list"],
    "models verify": ["models", "verify"],
    "models install": ["models", "install", "mn04", "--offline"],
    "models export": ["models", "export", "--help"],
    "schema": ["schema"],
    "config": ["config", "show"],
    "test": ["test", "alarm", *NOBODY],
    "doctor": ["doctor"],
    "bench": ["bench", "--help"],
    "scan": ["scan", "SOUND", "--out", "OUT/scan", "--classes", "siren"],
    "search": ["search", "siren", "--index", "OUT/nothing"],
    "init": ["init", "OUT/monitor.toml", "--defaults"],
    "calibrate": ["calibrate", "--help"],
    "service": ["service", "show", "--config", "CONFIG"],
    "service health": ["service", "health", *NOBODY],
    "keys": ["keys", "list"],
    "fleet": ["fleet", "status", "--uplink", "mqtt://127.0.0.1:9"],
    "fleet nats": ["fleet", "status", "--uplink", "nats://127.0.0.1:9"],
}
ELSEWHERE = {"eval", "tui"}
"""Traced in tests/test_privacy.py: the interface is that of a run."""


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_speaks_to_nobody_and_writes_only_its_own_files(verb: str, home: Path) -> None:
    out, config, sound = home.parent / "out", home.parent / "my.toml", home.parent / "sound.wav"
    out.mkdir()
    config.write_text('[prompts]\nclasses = ["siren"]\n[capture]\nsources = ["demo"]\n', "utf-8")
    soundfile.write(sound, np.random.default_rng(1).uniform(-0.1, 0.1, 64_000), 32_000)
    places = {"CONFIG": str(config), "SOUND": str(sound)}
    words = [places.get(word, word.replace("OUT/", f"{out}/")) for word in VERBS[verb]]
    program = (
        "import signal, sys, threading; from monitor.cli.main import main; "
        "threading.Timer(6, signal.raise_signal, [signal.SIGINT]).start() if sys.argv[1] == 'web' else None; "
        "sys.exit(main(sys.argv[1:]))"
    )
    trace = traced(["-c", program, *words], environment(home), home)
    assert "Traceback" not in trace.output
    assert_private(
        trace, home, out, *elsewhere(verb, trace, home), codes={0, 1, 2} if verb in MAY_FAIL else {0}
    )


def elsewhere(verb: str, trace: Trace, home: Path) -> set[Path]:
    """Return what a verb may make in other places, and why."""
    written, temporary = trace.written(home), Path(tempfile.gettempdir())
    if verb in {"devices", "doctor"}:  # the client of the sound server, where there is no runtime folder
        return {home / ".config/pulse", *(path for path in written if path.name.startswith("pulse-"))}
    if verb == "test":  # it makes a monitor of its own, in a folder that is gone afterwards
        return {path for path in written if path.parent == temporary and not path.exists()}
    return set()


MAY_FAIL = {
    "devices": "no sound server",
    "listen": "no monitor",
    "ack": "no monitor",
    "background": "no monitor",
    "test": "no monitor",
    "doctor": "no microphone",
    "learn": "the noise is no kettle",
    "service health": "no monitor",
    "models install": "offline",
    "web": "it is interrupted",
    "search": "nothing was scanned",
    "fleet": "no broker",
    "fleet nats": "no broker",
}
"""What ends with another exit code than 0 here, and why."""


def test_no_verb_is_left_out() -> None:
    actions = [one for one in _parser()._actions if isinstance(one, _SubParsersAction)]
    assert {verb.split()[0] for verb in VERBS} | ELSEWHERE == set(actions[0].choices)
