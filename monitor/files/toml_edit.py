"""One value of a TOML text is set; comments, order and all else of it stay.

What is there already is replaced in its place (tomlkit). What is not is written right below the header of
its table, or as a table of its own at the end, so that no comment comes to stand above what it does not mean.
Law: the new text means what the old one does, but for that value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.files.reading import parse_toml
from monitor.files.toml import toml_key, toml_value


def with_value(text: str, keys: Sequence[str], value: Any) -> str:
    """Return TOML `text` with `value` at `keys`.

    Raises
    ------
    ValueError
        `text` is not TOML, or has something at a part of `keys` that is no table.
    """
    wanted = _with(parse_toml(text), keys, value)
    for new in _ways(text, keys, value):
        try:
            if parse_toml(new) == wanted:
                return new
        except ValueError:
            continue
    raise ValueError(f"{'.'.join(keys)} cannot be written there; write it by hand")


def value_at(values: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return what stands at `keys`; None: nothing."""
    found: Any = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _with(values: Mapping[str, Any], keys: Sequence[str], value: Any) -> dict[str, Any]:
    first, *rest = keys
    if not rest:
        return {**values, first: value}
    inner = values.get(first, {})
    if not isinstance(inner, Mapping):
        raise ValueError(f"{first} is no table")
    return {**values, first: _with(inner, rest, value)}


def _ways(text: str, keys: Sequence[str], value: Any) -> Iterator[str]:
    if value_at(parse_toml(text), keys) is None:
        yield _inserted(text, keys, value)
    yield _by_tomlkit(text, keys, value)


def _inserted(text: str, keys: Sequence[str], value: Any) -> str:
    """Write the value below the header of its table, or with that at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    *table, key = keys
    pair = f"{toml_key(key)} = {toml_value(value)}{end}"
    lines = text.splitlines(keepends=True)
    for place, line in enumerate(lines):
        if _header(line) == table:
            whole = line if line.endswith(("\n", "\r")) else f"{line}{end}"
            return "".join([*lines[:place], whole, pair, *lines[place + 1 :]])
    before = f"{text.rstrip()}{end}{end}" if text.strip() else ""
    return f"{before}[{'.'.join(map(toml_key, table))}]{end}{pair}"


def _header(line: str) -> list[str]:
    """Return the table whose header a line is; empty: it is none."""
    if not line.lstrip().startswith("["):
        return []
    try:
        values: Any = parse_toml(line)
    except ValueError:
        return []
    keys = []
    while isinstance(values, dict) and len(values) == 1:
        ((key, values),) = values.items()
        keys.append(key)
    return keys if values == {} else []


def _by_tomlkit(text: str, keys: Sequence[str], value: Any) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    table: Any = document
    for key in keys[:-1]:
        if key not in table:
            table[key] = tomlkit.inline_table()
        table = table[key]
    table[keys[-1]] = value
    return tomlkit.dumps(document)
