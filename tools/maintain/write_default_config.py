"""Write configs/default.toml from the defaults and docstrings of monitor/config/settings/sections.py.

python -m tools.maintain.write_default_config > configs/default.toml
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import Any

import msgspec

from monitor.config.settings import Config
from monitor.files.toml import toml_value

_LONGEST_LIST = 81
"""Characters of a list on one line."""


def docstrings(struct: type) -> dict[str, str]:
    """Return the text under each field of a struct, on one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for node, following in itertools.pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(following, ast.Expr):
            text = following.value.value  # type: ignore[attr-defined]
            found[node.target.id] = " ".join(text.split())  # type: ignore[union-attr]
    return found


def batched(items: list[str], count: int) -> list[list[str]]:
    """Return `items` in rows of `count`."""
    return [items[start : start + count] for start in range(0, len(items), count)]


def default_value(value: Any) -> str:
    """Return a default as TOML; long lists in rows of six."""
    text = toml_value(value)
    if not isinstance(value, tuple) or len(text) <= _LONGEST_LIST:
        return text
    return "[\n" + "".join(f"  {', '.join(row)},\n" for row in batched(list(map(toml_value, value)), 6)) + "]"


def document() -> str:
    """Return the file."""
    lines = ["# Every key with its default. What you change goes into a file of your own, for --config."]
    for section in msgspec.structs.fields(Config):
        struct = section.type
        lines += ["", f"# {struct.__doc__.strip()}", f"[{section.name}]"]
        notes = docstrings(struct)
        for field in msgspec.structs.fields(struct):
            lines += [f"# {line}" for line in textwrap.wrap(notes.get(field.name, ""), 100)]
            lines.append(f"{field.name} = {default_value(getattr(struct(), field.name))}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
