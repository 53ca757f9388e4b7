from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.files.toml import toml_document, toml_key
from monitor.files.toml_edit import value_at, with_value

MINE = """\
# Mine.
[prompts]
classes = ["siren", "dog_bark"]  # two

# How it decides.
[detector]
# never to be missed
urgent = ["siren"]  # loud

# the dog is loud
[detector.classes.dog_bark]
onset_threshold = 0.6  # by ear

# last
[window]
hop_s = 0.5
"""


def test_a_value_that_is_there_is_replaced_beside_its_comment() -> None:
    new = with_value(MINE, ("detector", "classes", "dog_bark", "onset_threshold"), 0.7)
    assert new == MINE.replace("0.6  # by ear", "0.7  # by ear")


def test_a_new_one_stands_below_the_header_so_that_comments_keep_what_they_mean() -> None:
    new = with_value(MINE, ("detector", "muted"), ["dog_bark"])
    assert new == MINE.replace("[detector]\n", '[detector]\nmuted = ["dog_bark"]\n')


def test_a_new_table_stands_at_the_end() -> None:
    new = with_value(MINE, ("detector", "classes", "glass breaking", "onset_threshold"), 0.4)
    assert new == f'{MINE}\n[detector.classes."glass breaking"]\nonset_threshold = 0.4\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet",
        "[detector]",
        "detector.urgent = []\n",
        "detector = { classes = { siren = { min_on_s = 1.0 } } }  # mine\n",
        "[detector]\nclasses.siren.min_on_s = 1.0\n",
        "[detector.classes]\nsiren = {}\n",
        '[prompts]\nclasses = [\n  "a",\n  # [detector]\n]\n',
        "[window]\r\nhop_s = 0.5\r\n",
    ],
)
def test_however_a_file_is_written_only_that_value_changes(text: str) -> None:
    keys = ("detector", "classes", "siren", "onset_threshold")
    before, after = tomllib.loads(text), tomllib.loads(with_value(text, keys, 0.4))
    assert value_at(after, keys) == 0.4
    kept = after["detector"]["classes"]["siren"]
    del kept["onset_threshold"]
    assert value_at(before, keys[:-1]) in (None, kept)
    assert [line for line in text.splitlines() if "#" in line and "{" not in line] == [
        line for line in with_value(text, keys, 0.4).splitlines() if "#" in line and "{" not in line
    ]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.lists(NAMES, max_size=3)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3), NAMES, NAMES, VALUES)
def test_the_new_text_means_what_the_old_one_does_but_for_that_value(
    tables: dict[str, dict[str, object]], table: str, key: str, value: object
) -> None:
    text = toml_document({toml_key(name): values for name, values in tables.items()})
    wanted = {**tables, table: {**tables.get(table, {}), key: value}}
    assert tomllib.loads(with_value(text, (table, key), value)) == wanted


@pytest.mark.parametrize("text", ["detector = 3\n", "[[detector]]\n"])
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no table"):
        with_value(text, ("detector", "muted"), [])
