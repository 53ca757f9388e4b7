"""Bytes as a row of choices, so that a fuzzer that changes bytes changes values that make sense.

The same bytes always give the same values; where they end, the plainest choice is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from tools.fuzz.texts import ALL

_Item = TypeVar("_Item")
_NUMBERS = (0.0, 1.0, -1.0, 0.5, 1e-300, -1e-9, 1e9, -1e18, 1e308, -1e308, 32000.0)
_INTEGERS = (0, 1, 2, -1, 255, 32000, 2**31, 2**53, -(2**53), 2**63, 10**20)
_DAYS = (0, 1, 366, 20_000, 2_900_000)
_PLAIN = ("siren", "dog_bark", "mic0", "a", "Türklingel", "鐘", "file", "x" * 40)
_MOST_ITEMS = 4
_MOST_NESTED = 6


class Choices:
    """What is read off a row of bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def over(self) -> bool:
        """Whether no byte is left."""
        return self._at >= len(self._data)

    def byte(self) -> int:
        """Return 0 to 255."""
        value = self._data[self._at] if not self.over else 0
        self._at += 1
        return value

    def rest(self) -> bytes:
        """Return the bytes that are left."""
        rest, self._at = self._data[self._at :], len(self._data)
        return rest

    def one_of(self, items: Sequence[_Item]) -> _Item:
        """Return one of `items`."""
        return items[self.byte() % len(items)]

    def text(self) -> str:
        """Return a plain word, a hostile text, or some of the bytes as text."""
        kind = self.byte()
        if kind < 128:
            return self.one_of(_PLAIN)
        if kind < 216:
            return self.one_of(ALL)
        length = self.byte() % 40
        piece = self._data[self._at : self._at + length]
        self._at += length
        return piece.decode("utf-8", "replace")

    def number(self) -> float:
        """Return a number that JSON can write."""
        kind = self.byte()
        return self.one_of(_NUMBERS) if kind < 128 else (kind - 192) * 10.0 ** (self.byte() % 24 - 12)

    def integer(self) -> int:
        """Return a whole number, perhaps a large one."""
        kind = self.byte()
        return self.one_of(_INTEGERS) if kind < 128 else (self.byte() << 8) + self.byte()

    def time(self) -> str:
        """Return a time, RFC 3339; perhaps of another zone, or of none."""
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=self.one_of(_DAYS), seconds=self.byte())
        return time.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + self.one_of(("Z", "+14:00", "-12:00", ""))

    def anything(self, depth: int = 0) -> Any:
        """Return any value of JSON."""
        plain = (self.text, self.text, self.number, self.integer, lambda: bool(self.byte() & 1), lambda: None)
        kind = self.byte() % (len(plain) + 2 if depth < _MOST_NESTED else len(plain))
        if kind < len(plain):
            return plain[kind]()
        values = [self.anything(depth + 1) for _ in range(self.byte() % _MOST_ITEMS)]
        return values if kind == len(plain) else {self.text(): value for value in values}

    def record(self, kind: type[msgspec.Struct]) -> Any:
        """Return what JSON has of a record of that kind, a value in sixteen being of another type."""
        return self._of(inspect.type_info(kind))

    def _of(self, kind: inspect.Type) -> Any:
        if not self.over and self.byte() < 16:
            return self.anything()
        match kind:
            case inspect.StructType():
                return self._struct(kind)
            case inspect.ListType() | inspect.VarTupleType():
                return [self._of(kind.item_type) for _ in range(self.byte() % _MOST_ITEMS)]
            case inspect.DictType():
                return {self.text(): self._of(kind.value_type) for _ in range(self.byte() % _MOST_ITEMS)}
            case inspect.UnionType():
                return self._of(self.one_of(kind.types))
        return self._plain(kind)

    def _struct(self, kind: inspect.StructType) -> dict[str, Any] | list[Any]:
        if kind.array_like:
            return [self._of(field.type) for field in kind.fields]
        wanted = [field for field in kind.fields if field.required or self.byte() < 128]
        return {field.encode_name: self._of(field.type) for field in wanted}

    def _plain(self, kind: inspect.Type) -> Any:
        match kind:
            case inspect.IntType():
                over = None if kind.gt is None else kind.gt + 1
                least = next((one for one in (kind.ge, over) if one is not None), -(2**63))
                return min(max(self.integer(), least), kind.le or 2**63 - 1)
            case inspect.FloatType():
                return self.number()
            case inspect.LiteralType():
                return self.one_of(kind.values)
            case inspect.NoneType():
                return None
        return {"BoolType": lambda: bool(self.byte() & 1), "DateTimeType": self.time}.get(
            type(kind).__name__, self.text
        )()


def plain(kind: type[msgspec.Struct]) -> Any:
    """Return what JSON has of the plainest record of that kind."""
    return Choices(b"").record(kind)


def as_json(value: Any) -> bytes:
    """Return a value of JSON as bytes, whatever its texts are."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError, msgspec.ValidationError):
        import json

        return json.dumps(value).encode("utf-8")
