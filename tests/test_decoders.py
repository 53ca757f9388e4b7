"""Two threads that make a msgspec decoder at once can crash the program, so none is made while it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BEFORE_ANY_THREAD = {"config.py", "encoders/store.py", "encoders/catalogue.py"}
"""Read by the one thread there is when a program starts."""


def made_at_run_time(code: str) -> Iterator[str]:
    """What in `code` builds a decoder whenever a function is called."""
    for function in ast.walk(ast.parse(code)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    name = ast.unparse(call.func)
                    typed = any(keyword.arg == "type" for keyword in call.keywords) or len(call.args) > 1
                    converts = name in {"msgspec.convert", "convert"}
                    if name.endswith(("Decoder", "Decoder[Any]")) or converts:
                        yield f"line {call.lineno}: {name}"
                    elif name.endswith(("json.decode", "msgpack.decode", "toml.decode")) and typed:
                        yield f"line {call.lineno}: {name} with a type"


@pytest.mark.parametrize(
    "code",
    [
        "def f(d): return msgspec.json.decode(d, type=X)",
        "class A:\n  def f(self): self.d = msgspec.json.Decoder(X)",
        "f = lambda d: msgspec.convert(d, X)",
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
