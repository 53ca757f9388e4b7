"""What may be set from elsewhere: nothing that names a place, a command, an address or a key."""

from __future__ import annotations

import msgspec
import pytest

from monitor.config.changes import RETUNED
from monitor.config.pushed import ALLOWED, MOST_BYTES, pushed_values
from monitor.config.settings import Config
from monitor.errors import ConfigError

NEVER = ("file", "path", "folder", "url", "env", "command", "exec", "key", "bind", "address", "user",
         "password", "source", "sources", "credentials", "webhook", "control", "public")  # fmt: skip


def test_no_section_that_may_be_set_has_a_key_that_could_lead_anywhere() -> None:
    """A key that a later version gives one of these sections has to be thought about here."""
    for section in ALLOWED:
        kind = type(getattr(Config(), section))
        for field in msgspec.structs.fields(kind):
            assert not set(field.name.split("_")) & set(NEVER), f"{section}.{field.name}"


def test_all_of_it_is_taken_while_a_run_goes_on() -> None:
    assert ALLOWED <= RETUNED


@pytest.mark.parametrize("section", sorted(set(Config.__struct_fields__) - ALLOWED))
def test_every_other_section_is_refused(section: str) -> None:
    with pytest.raises(ConfigError, match=rf"^\[{section}\] may not be set from elsewhere; valid: calib"):
        pushed_values(f"[{section}]\n")


@pytest.mark.parametrize("text", ["x = 1\n", "prompts = 1\n", "[a", "#" * (MOST_BYTES + 1), "[\x1b]\n"])
def test_what_is_no_settings_is_one_sentence_without_escapes(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        pushed_values(text)
    assert "\x1b" not in str(refused.value)
