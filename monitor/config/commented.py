"""A configuration as a TOML file for people: each key with what it means, from the docstrings of the code."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from monitor.config.settings import Config
from monitor.files.toml import toml_key, toml_value

_LONGEST_LIST = 81
"""Characters of a list on one line."""
_COMMENT_LEN = 100


def commented_defaults() -> str:
    """Return every key with its default."""
    lines = ["# Every key with its default. What you change goes into a file of your own, for --config."]
    for section in msgspec.structs.fields(Config):
        struct = section.type
        lines += ["", *_comment((struct.__doc__ or "").strip()), f"[{section.name}]"]
        for field in msgspec.structs.fields(struct):
            lines += _pair(struct, field.name, getattr(struct(), field.name))
    return "\n".join(lines) + "\n"


def commented_changes(config: Config, head: str) -> str:
    """Return what `config` has that the defaults have not, each key with what it means.

    Parameters
    ----------
    head
        What the file is, for its first lines.
    """
    lines = _comment(head)
    for section in msgspec.structs.fields(Config):
        own, usual = getattr(config, section.name), getattr(Config(), section.name)
        names = [one for one in own.__struct_fields__ if getattr(own, one) != getattr(usual, one)]
        tables = [one for one in names if _is_table(getattr(own, one))]
        if names != tables:
            lines += ["", *_comment((section.type.__doc__ or "").strip()), f"[{section.name}]"]
        for name in names:
            if name not in tables:
                lines += _pair(section.type, name, getattr(own, name))
        for name in tables:
            lines += _entries(section.name, section.type, name, getattr(own, name))
    return "\n".join(lines) + "\n"


def docstrings(struct: type) -> dict[str, str]:
    """Return the text under each field of a struct, on one line; its own fields first."""
    base = struct.__base__
    fields: tuple[str, ...] = getattr(base, "__struct_fields__", ())
    inherited = docstrings(base) if base is not None and fields else {}
    body = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for node, following in itertools.pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(following, ast.Expr):
            text = following.value.value  # type: ignore[attr-defined]
            found[node.target.id] = " ".join(text.split())  # type: ignore[union-attr]
    return {**inherited, **found}


def written(value: Any) -> str:
    """Return a value as TOML; long lists in rows of six."""
    text = toml_value(value)
    if not isinstance(value, tuple) or len(text) <= _LONGEST_LIST:
        return text
    rows = (value[start : start + 6] for start in range(0, len(value), 6))
    return "[\n" + "".join(f"  {', '.join(map(toml_value, row))},\n" for row in rows) + "]"


def _pair(struct: type, name: str, value: Any) -> list[str]:
    return [*_comment(docstrings(struct).get(name, "")), f"{toml_key(name)} = {written(value)}"]


def _is_table(value: Any) -> bool:
    """Tell whether a value is a table of structs, each of which is a table of its own in a file."""
    return isinstance(value, Mapping) and any(isinstance(one, msgspec.Struct) for one in value.values())


def _entries(section: str, struct: type, name: str, entries: Mapping[str, msgspec.Struct]) -> Iterator[str]:
    yield ""
    yield from _comment(docstrings(struct).get(name, ""))
    for key, entry in entries.items():
        yield f"[{section}.{name}.{toml_key(key)}]"
        usual = type(entry)()
        for field in entry.__struct_fields__:
            value = getattr(entry, field)
            if value is not None and value != getattr(usual, field):
                yield from _pair(type(entry), field, value)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _COMMENT_LEN)]
