from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import ClassConfig, Config, DetectorConfig, PromptConfig, as_toml, load_config
from monitor.files.toml import toml_document
from monitor.text import clean
from tests.examples import any_text

numbers = st.one_of(st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(
    st.one_of(any_text, st.booleans(), numbers),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
)
names = st.from_regex(r"[a-z_]{1,9}", fullmatch=True)


@given(st.dictionaries(names, st.dictionaries(any_text, values, max_size=3), max_size=3))
def test_what_is_written_is_what_is_read_and_steers_no_terminal(tables: dict[str, dict[str, object]]) -> None:
    text = toml_document(tables)
    assert tomllib.loads(text) == tables
    assert all(clean(line) == line for line in text.split("\n"))


def test_what_is_none_is_left_out() -> None:
    assert tomllib.loads(toml_document({"a": {"b": None, "c": {"d": None, "e": 1}}})) == {
        "a": {"c": {"e": 1}}
    }


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(
            detector=DetectorConfig(urgent=("siren",), classes={"T\x1bür": ClassConfig(onset_threshold=0.7)}),
            prompts=PromptConfig(aliases={"alarm": 'the "smoke" alarm\n'}, template=("a {}", "b {}")),
        ),
    ],
)
def test_a_printed_configuration_loads_as_the_same(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(as_toml(config), "utf-8")
    assert load_config(path) == config
    assert msgspec.to_builtins(load_config(path)) == msgspec.to_builtins(config)
