"""Write docs/configuration.md: every key with its default, what it may be and what it means, from the code.

python -m tools.maintain.write_configuration_page > docs/configuration.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from monitor.config.commented import docstrings, written
from monitor.config.settings import (
    ClassConfig,
    Config,
    DetectorConfig,
    FleetSource,
    GroupConfig,
    TargetConfig,
    valid_values,
)

HEAD = """\
# Configuration

Nothing has to be configured. What you change goes into a TOML file of your own, and only what differs from
the defaults need be in it: `monitor run --config my.toml`. [configs/](../configs) has examples;
`monitor config > my.toml` writes down all that is in force, `monitor config show` says where each value comes
from, and `monitor init` asks for what matters most ([setup.md](setup.md)).

A variable of the environment sets a key too: `MONITOR_BACKGROUND_READY_S=10` is `ready_s` of `[background]`.
The command line wins over the environment, the environment over the file, and the file over the defaults. An
unknown key is refused with the nearest known one, a value out of range with what is valid.

`python -m tools.maintain.write_configuration_page > docs/configuration.md` wrote
this page; a test holds it equal to the code.
"""
KINDS = {
    "str | tuple": "text or a list of texts",
    "dict": "a table",
    "tuple": "a list of texts",
    "bool": "true or false",
    "str": "text",
}
"""Part of a type's name -> how a user calls it; the first that fits."""
MOST_ITEMS = 5
"""Of a longer list only the number is told."""


def default(value: Any) -> str:
    """Return a default as it is written in TOML, a long list as its length."""
    if isinstance(value, tuple) and len(value) > MOST_ITEMS:
        return f"{len(value)} words: [default.toml](../configs/default.toml)"
    return "left out" if value is None else f"`{written(value)}`"


def kind(field: msgspec.structs.FieldInfo) -> str:
    """Return what a key without a range takes, as words."""
    for base, words in KINDS.items():
        if base in str(field.type):
            return words
    raise ValueError(f"{field.name} is of a kind that has no words yet: {field.type}")


def cell(text: str) -> str:
    """Return `text` for a cell of a table."""
    return text.replace("|", "\\|")


def table(struct: type[msgspec.Struct], keys: Sequence[str]) -> list[str]:
    """Return the rows about the settings of `struct`, which lie below `keys`.

    A key without words of its own means what it means in `[detector]`; one without any is an error.
    """
    notes, defaults = {**docstrings(DetectorConfig), **docstrings(struct)}, struct()
    rows = ["| key | default | valid | meaning |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(struct):
        value = getattr(defaults, field.name)
        valid = valid_values([*keys, field.name]) or kind(field)
        usual = "as `[detector]`" if struct is ClassConfig else default(value)
        rows.append(f"| `{field.name}` | {usual} | {valid} | {cell(notes[field.name])} |")
    return rows


def document() -> str:
    """Return the page."""
    lines = [HEAD]
    for section in msgspec.structs.fields(Config):
        struct = section.type
        lines += [f"## `[{section.name}]`", "", (struct.__doc__ or "").strip(), ""]
        lines += [*table(struct, [section.name]), ""]
    lines += ["## `[detector.classes.NAME]`", "", (ClassConfig.__doc__ or "").strip(), ""]
    lines += [*table(ClassConfig, ["detector", "classes", "NAME"]), ""]
    lines += ["## `[notify.targets.NAME]`", "", (TargetConfig.__doc__ or "").strip(), ""]
    lines += [*table(TargetConfig, ["notify", "targets", "NAME"]), ""]
    for name, struct in (("sources", FleetSource), ("groups", GroupConfig)):
        lines += [f"## `[fleet.{name}.NAME]`", "", (struct.__doc__ or "").strip(), ""]
        lines += [*table(struct, ["fleet", name, "NAME"]), *[""] * (name == "sources")]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
