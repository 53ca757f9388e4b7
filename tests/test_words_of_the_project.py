"""One thing has one name, and the field's own where it has one: the words that are not used for it.

What is read: code, settings and pages for people, file names too. Uses in another sense are listed with a
reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("monitor", "tools/benchmark", "tools/maintain")
READ = (
    "monitor",
    "tools/benchmark",
    "tools/maintain",
    "configs",
    "docs",
    "README.md",
    "CONTRIBUTING.md",
    "pyproject.toml",
)
KINDS = {".py", ".md", ".toml", ".tcss", ".json", ".svg"}

INSTEAD = {
    r"rooms?": "background: what a place always sounds like",
    r"clear(s|ed|ing)?": "denoise (take the background off), forget (drop a learnt background), or empty",
    r"pictures?": "spectrogram, plot or image",
    r"loudness": "level, in dBFS; loudness is another measure, in LUFS",
    r"legal": "valid",
    r"anew": "again, or restarted",
}
"""What is not written -> what is."""

NAMED_INSTEAD = {
    "arm": "method, or method under test",
    "bank": "collection, or cohort",
    "beds?": "backgrounds",
    "carry": "transfer",
    "draws": "sampler, repetitions or samples; of a screen: can_draw",
    "ears?": "encoder; of a simulated room: receiver",
    "judged": "results, or what they are results of",
    "knowing": "vocabulary, or what is known",
    "lab": "embedding store",
    "ledger": "record of the run",
    "lessons?": "training phrase, or example",
    "materials?": "window batch, or input of the methods",
    "offers?": "put (into a queue), or what can be installed",
    "outlet": "non-blocking writer",
    "patience": "timeout",
    "rehearing": "redetection",
    "rivals?": "competitor: what a class is weighed against",
    "slots?": "model directory, or place",
    "turns?": "step, or work",
}
"""What nothing is named in code, alone or as part of a name -> what is: the field's plain term."""

NAMED = {"demo_sounds.py": {"turns"}}
"""Names in another sense: a file -> those it may give. Turns of a phase."""

ALLOWED = {
    r"(make|has|have|is|no|little|of|for) room\b|\broom (for|above)": "space on a screen or a disk",
    r"noisy room": "where people want to hear: what the program is for, not what it learns",
    r"across a room": "how far large letters are read",
    r"(in the )?next room": "a sentence that text towers are compared on",
    r"clear sentence": "a message that is understood at once",
    r"clearing the throat": "a sound",
    r"\.clear\(\)": "Python's own name for emptying a list",
    r"\.clear_notifications\(\)": "Textual's own name",
    r'_FOLDER = "backgrounds", "rooms"|``rooms``': "the folder of earlier versions, moved at first use",
}
"""Uses in another sense -> the sense."""


def said(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the word of each use that is not allowed."""
    for number, line in enumerate(text.splitlines(), 1):
        other = re.sub("|".join(ALLOWED), "", line, flags=re.IGNORECASE)
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", other)  # RoomError -> Room Error
        for word in INSTEAD:
            yield from ((number, found[0]) for found in re.finditer(rf"(?i)(?<![a-z]){word}(?![a-z])", words))


def names_given(code: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of everything that code gives a name to."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def jargon(name: str) -> str | None:
    """Return the part of a name for which the field has another word; None: there is none."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")
    return next((part for part in parts for word in NAMED_INSTEAD if re.fullmatch(word, part)), None)


def instead_of(word: str) -> str:
    """Return what is written for a word."""
    return next(better for pattern, better in INSTEAD.items() if re.fullmatch(pattern, word.lower()))


def pages() -> Iterator[Path]:
    """Yield every file that is read."""
    for name in READ:
        path = ROOT / name
        yield from [path] if path.is_file() else (p for p in path.rglob("*") if p.suffix in KINDS)


def test_no_file_uses_a_word_for_what_has_another_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number - 1}: {word!r}; write: {instead_of(word)}"
        for path in pages()
        for number, word in said(f"{path.relative_to(ROOT)}\n{path.read_text('utf-8')}")
    ]
    assert not found, "\n".join(found)


def test_nothing_in_code_is_named_by_a_word_of_our_own() -> None:
    found = []
    for path in sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        given = [(1, path.stem), *names_given(path.read_text("utf-8"))]
        for number, name in given:
            word = jargon(name)
            if word is not None and name not in NAMED.get(path.name, ()):
                better = next(better for own, better in NAMED_INSTEAD.items() if re.fullmatch(own, word))
                found.append(f"{path.relative_to(ROOT)}:{number}: {name}; write: {better}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "code",
    ["class TextLab: ...", "def take_turns(): ...", "self._ears = 1", "def f(patience_s): ...", "DRAWS = 5"],
)
def test_a_name_of_our_own_is_found_in_every_way_of_giving_one(code: str) -> None:
    assert any(jargon(name) for _, name in names_given(code))


@pytest.mark.parametrize("code", ["label = learn(slotted)", "def hear(years): ...", "turned = x.turns"])
def test_a_name_that_only_looks_like_one_is_left_alone(code: str) -> None:
    assert not any(jargon(name) for _, name in names_given(code))


def test_every_name_in_another_sense_is_one() -> None:
    for file, names in NAMED.items():
        (path,) = (path for folder in CODE for path in (ROOT / folder).rglob(file))
        assert names <= {name for _, name in names_given(path.read_text("utf-8"))}


@pytest.mark.parametrize(
    "text",
    [
        "the room is learnt",
        "class RoomError(MonitorError):",
        "_PHRASES_OF_A_ROOM = 12",
        "def clear_background(self):",
        "legal: 0 to 1",
        "room·since 1 s",
        "it begins anew",
        "a Loudness record",
        "picture_lines(view)",
    ],
)
def test_a_word_is_found_in_sentences_and_in_names(text: str) -> None:
    assert len(list(said(text))) == 1


@pytest.mark.parametrize(
    "text",
    ["HEADROOM_DB", "is_unclear(url)", "self._open.clear()", "make room", "a mushroom", "one clear sentence"],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert list(said(text)) == []


@pytest.mark.parametrize("phrase", ALLOWED)
def test_every_allowed_use_is_one(phrase: str) -> None:
    """An entry that nobody needs any more goes."""
    assert any(re.search(phrase, path.read_text("utf-8"), re.IGNORECASE) for path in pages()), phrase
