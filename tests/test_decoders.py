"""Two threads that make a msgspec decoder at once can crash the program, so none is made while it runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BEFORE_ANY_THREAD = {
    "config/settings/loading.py",
    "config/settings/refusals.py",
    "models/store.py",
    "models/catalogue.py",
}
"""Read by the one thread there is when a program starts."""


def made_at_run_time(code: str) -> Iterator[str]:
    """What in `code` builds a decoder whenever a function is called."""
    module = ast.parse(code)
    ours = {node.name for node in ast.walk(module) if isinstance(node, ast.ClassDef)} | {
        alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("monitor.")
        for alias in node.names
    }
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    name = ast.unparse(call.func)
                    typed = any(keyword.arg == "type" for keyword in call.keywords) or len(call.args) > 1
                    converts = name in {"msgspec.convert", "convert"}
                    if (name.endswith(("Decoder", "Decoder[Any]")) and name not in ours) or converts:
                        yield f"line {call.lineno}: {name}"
                    elif name.endswith(("json.decode", "msgpack.decode", "toml.decode")) and typed:
                        yield f"line {call.lineno}: {name} with a type"


@pytest.mark.parametrize(
    "code",
    [
        "def f(d): return msgspec.json.decode(d, type=X)",
        "class A:\n  def f(self): self.d = msgspec.json.Decoder(X)",
        "f = lambda d: msgspec.convert(d, X)",
        "from msgspec.json import Decoder\ndef f(): return Decoder(X)",
    ],
)
def test_the_law_finds_a_decoder_made_at_run_time(code: str) -> None:
    assert list(made_at_run_time(code))


def test_every_decoder_is_made_while_its_module_is_loaded() -> None:
    found = {}
    for path in sorted((ROOT / "monitor").rglob("*.py")):
        name = path.relative_to(ROOT / "monitor").as_posix()
        if name not in BEFORE_ANY_THREAD and (faults := list(made_at_run_time(path.read_text("utf-8")))):
            found[name] = faults
    assert found == {}


PROGRAMS = """
import os, sys, threading
sys.setswitchinterval(1e-6)
from monitor.bus import codec as wire
from monitor.bus.messages import (Snapshot)
from tests.examples import NOON, event, health, level
frames = [wire.encode(record, "e", 1, NOON) for record in (event(), health(), level())]
snapshot = wire.encode_json(Snapshot("e", NOON, {}, [health()], [event()], []))
def receive():
    for one in frames:
        wire.decode(one)
def ask():
    wire.decode_answer(snapshot)
def first_messages():
    threads = [threading.Thread(target=work) for work in (receive, ask) * 4]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
for _ in range(60):
    program = os.fork()
    if not program:
        first_messages()
        os._exit(0)
    if os.waitpid(program, 0)[1] != 0: sys.exit(1)
"""


@pytest.mark.timeout(180)
def test_a_program_whose_threads_decode_their_first_messages_at_once_never_crashes() -> None:
    """When each decoder was made at its first use, 6 programs of 60 did. Here they are forks of one."""
    assert subprocess.run([sys.executable, "-c", PROGRAMS], cwd=ROOT, check=False).returncode == 0
