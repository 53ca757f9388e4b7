"""Capital letters large enough to read across a room, drawn with half blocks.

A letter is 5 pixels high and 3 to 5 wide. A pixel is n columns wide and n half rows high, which is square on
common terminals; a long word in a high banner gets letters up to twice as tall, and words stand one below
the other where that makes them larger.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise
from typing import NamedTuple

HEIGHT = 5
MAX_SCALE = 12
MAX_LINES = 3
_MOST_WORDS = 8
"""Of more words nobody wants to see every way of breaking them."""
_HOLLOW = 3
"""Columns and half rows of a pixel from which on a letter has an inside."""

_FONT = """
A .##. #..# #### #..# #..#
B ###. #..# ###. #..# ###.
C .### #... #... #... .###
D ###. #..# #..# #..# ###.
E #### #... ###. #... ####
F #### #... ###. #... #...
G .### #... #.## #..# .###
H #..# #..# #### #..# #..#
I ### .#. .#. .#. ###
J ...# ...# ...# #..# .##.
K #..# #.#. ##.. #.#. #..#
L #... #... #... #... ####
M #...# ##.## #.#.# #...# #...#
N #..# ##.# #.## #..# #..#
O .##. #..# #..# #..# .##.
P ###. #..# ###. #... #...
Q .##. #..# #..# #.#. .#.#
R ###. #..# ###. #.#. #..#
S .### #... .##. ...# ###.
T ##### ..#.. ..#.. ..#.. ..#..
U #..# #..# #..# #..# .##.
V #...# #...# #...# .#.#. ..#..
W #...# #...# #.#.# ##.## #...#
X #..# #..# .##. #..# #..#
Y #...# .#.#. ..#.. ..#.. ..#..
Z #### ...# .##. #... ####
0 .##. #..# #..# #..# .##.
1 .#. ##. .#. .#. ###
2 ###. ...# .##. #... ####
3 ###. ...# .##. ...# ###.
4 #..# #..# #### ...# ...#
5 #### #... ###. ...# ###.
6 .##. #... ###. #..# .##.
7 #### ...# ..#. .#.. .#..
8 .##. #..# .##. #..# .##.
9 .##. #..# .### ...# .##.
- ... ... ### ... ...
. . . . . #
' # # . . .
& .#.. #.#. .#.. #.#. .#.#
! # # # . #
? ###. ...# .##. .... .#..
+ ... .#. ### .#. ...
/ ...# ..#. ..#. .#.. #...
( .# #. #. #. .#
) #. .# .# .# #.
"""
_GLYPHS: dict[str, list[str]] = {
    name: rows.split() for name, _, rows in (entry.partition(" ") for entry in _FONT.strip().splitlines())
}
_GLYPHS[" "] = [".."] * HEIGHT


def _plain(text: str) -> str:
    """Return `text` in capitals without accents."""
    split = unicodedata.normalize("NFKD", text.upper())
    return "".join(mark for mark in split if not unicodedata.combining(mark))


def _pixels(text: str) -> list[str] | None:
    """Return the five pixel rows of `text`, or None if a letter has no drawing."""
    glyphs = [_GLYPHS.get(letter) for letter in _plain(text)]
    if not glyphs or any(glyph is None for glyph in glyphs):
        return None
    return [".".join(glyph[row] for glyph in glyphs if glyph) for row in range(HEIGHT)]


@lru_cache(maxsize=64)
def large(text: str, width: int, height: int, *, hollow: bool = False) -> list[str] | None:
    """Return `text` drawn as large as fits into `width` cells and `height` rows.

    It stands in several lines where that makes it larger.

    Parameters
    ----------
    hollow
        Draw the outline of the letters only, where they are large enough to have one.

    Returns
    -------
    list of str or None
        Rows of equal length made of full blocks, half blocks and spaces; None if it fits at no scale or
        holds a letter that has no drawing. Not to be changed.
    """
    fitting = [_Fit(pixels, *scale) for pixels in _broken(text) if (scale := _scale(pixels, width, height))]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: one.across * one.down)  # of equal ones the first, with fewest lines
    return _draw(best, hollow and min(best.across, best.down) >= _HOLLOW)


class _Fit(NamedTuple):
    """Text that fits: a pixel is `across` columns wide and `down` half rows high."""

    pixels: list[str]
    across: int
    down: int


def _scale(pixels: list[str], width: int, height: int) -> tuple[int, int] | None:
    tallest = 2 * height // len(pixels)
    across = min(MAX_SCALE, width // len(pixels[0]), tallest)
    return (across, min(tallest, 2 * across)) if across > 0 else None


def _broken(text: str) -> Iterator[list[str]]:
    """Yield the pixel rows of `text` in one line, two and so on, each as narrow as it can be."""
    words = text.split(" ")
    for breaks in range(min(len(words), MAX_LINES) if len(words) <= _MOST_WORDS else 1):
        ways = combinations(range(1, len(words)), breaks)
        lines = [
            [" ".join(words[start:stop]) for start, stop in pairwise((0, *way, len(words)))] for way in ways
        ]
        drawn = [pixels for way in lines if (pixels := _stacked(way)) is not None]
        if drawn:
            yield min(drawn, key=lambda pixels: len(pixels[0]))


def _stacked(lines: list[str]) -> list[str] | None:
    """Return the pixel rows of lines one below the other, centred; None if a letter has no drawing."""
    drawn = [_pixels(line) for line in lines]
    if any(pixels is None for pixels in drawn):
        return None
    widest = max(len(pixels[0]) for pixels in drawn if pixels)
    rows: list[str] = []
    for pixels in drawn:
        rows += ["." * widest] * bool(rows) + [row.center(widest, ".") for row in pixels or ()]
    return rows


def _draw(fit: _Fit, hollow: bool) -> list[str]:
    """Return rows of cells."""
    halves = ["".join(pixel * fit.across for pixel in row) for row in fit.pixels for _ in range(fit.down)]
    if hollow:
        halves = _outlined(halves)
    if len(halves) % 2:
        halves.append("." * len(halves[0]))
    blocks = {("#", "#"): "█", ("#", "."): "▀", (".", "#"): "▄", (".", "."): " "}
    return [
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(halves[::2], halves[1::2], strict=True)
    ]


def _outlined(rows: list[str]) -> list[str]:
    """Return `rows` with only those pixels that border on the outside."""
    empty = "." * (len(rows[0]) + 2)
    wide = [empty, *(f".{row}." for row in rows), empty]
    return [
        "".join(
            "#" if here == "#" and "." in {above[x], below[x], row[x - 1], row[x + 1]} else "."
            for x, here in enumerate(row[1:-1], 1)
        )
        for above, row, below in zip(wide, wide[1:], wide[2:], strict=False)
    ]
