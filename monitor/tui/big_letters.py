"""Capital letters large enough to read across a room, drawn with half blocks.

A letter is 5 pixels high and 3 to 5 wide. A pixel is n columns wide and n half rows high, which is square on
common terminals; a long word in a high banner gets letters up to twice as tall.
"""

from __future__ import annotations

import unicodedata

HEIGHT = 5
MAX_SCALE = 6

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


def large(text: str, width: int, height: int) -> list[str] | None:
    """Return `text` drawn as large as fits into `width` cells and `height` rows.

    Returns
    -------
    list of str or None
        Rows of equal length made of full blocks, half blocks and spaces; None if it fits at no scale or
        holds a letter that has no drawing.
    """
    pixels = _pixels(text)
    if pixels is None:
        return None
    tallest = 2 * height // HEIGHT
    across = min(MAX_SCALE, width // len(pixels[0]), tallest)
    return _draw(pixels, across, min(tallest, 2 * across)) if across else None


def _draw(pixels: list[str], across: int, down: int) -> list[str]:
    """Return rows of cells; a pixel is `across` columns wide and `down` half rows high."""
    halves = ["".join(pixel * across for pixel in row) for row in pixels for _ in range(down)]
    if len(halves) % 2:
        halves.append("." * len(halves[0]))
    blocks = {("#", "#"): "█", ("#", "."): "▀", (".", "#"): "▄", (".", "."): " "}
    return [
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(halves[::2], halves[1::2], strict=True)
    ]
