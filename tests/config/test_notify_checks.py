from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor.config.settings import Config, as_toml, load_config, without_addresses
from monitor.config.settings.notify import NotifyConfig, TargetConfig
from monitor.errors import ConfigError


def load(folder: Path, lines: str) -> Config:
    path = folder / "my.toml"
    path.write_text(f"[notify.targets.it]\n{lines}\n", "utf-8")
    return load_config(path)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "does not say how it is told; valid: exactly one of url, "),
        ('exec = "a"\nurl = "b://c"', "has url and exec; valid: exactly one of "),
        ('url = "x"', "notify.targets.it.url is no address (not shown here)"),
        ('webhook = "ntfy://x"', "valid: an address that begins with http:// or https://."),
        ('exec = "a"\nmethod = "get"', "only a webhook has a method; leave it out."),
        ('webhook = "http://x"\nmethod = "put"', "method is 'put'; valid: post or get."),
        ("exec = 'a \"b'", "exec has a quotation mark without its other half"),
        ("exec = ' '", "exec is no command"),
        ('exec = [""]', "exec is no command"),
        ('exec = "a"\nquiet = "8-9"', "quiet is '8-9'; valid: HH:MM-HH:MM"),
        ('exec = "a"\nquiet = "22:00-22:00"', "valid: HH:MM-HH:MM"),
        ('exec = "a"\nagain_after_s = [300, 60]', "valid: each longer than the one before."),
        ('exec = "a"\nagain_after_s = [0]', "again_after_s[0] is 0; valid: a list of numbers, 1 to 86400."),
        ('exec = "a"\nonly_after = 3', "valid: 0 to 2, or it would never be told."),
        ('exec = "a"\nmessages = []', "messages is empty"),
        ('exec = "a"\nmessages = ["end"]', "messages[0] is 'end'; valid: a list of onset, update, offset."),
        (
            'exec = "a"\nurgent = true',
            "key 'urgent' in [notify.targets.it]; did you mean 'urgent_only'?",
        ),
    ],
)
def test_a_target_that_cannot_be_told_as_it_is_written_is_refused(
    tmp_path: Path, lines: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, lines)
    assert says in str(caught.value)


def test_what_is_written_down_without_addresses_is_refused_until_they_are_put_in_again(
    tmp_path: Path,
) -> None:
    config = load(tmp_path, 'url = "ntfy://secret/topic"')
    shown = Config(notify=without_addresses(config.notify))
    assert tomllib.loads(as_toml(shown))["notify"]["targets"]["it"]["url"] == "ntfy://…"
    (tmp_path / "shown.toml").write_text(as_toml(shown), "utf-8")
    with pytest.raises(ConfigError, match="hidden when it was shown"):
        load_config(tmp_path / "shown.toml")
    assert load_config_of(tmp_path, as_toml(config)) == config


def load_config_of(folder: Path, text: str) -> Config:
    (folder / "whole.toml").write_text(text, "utf-8")
    return load_config(folder / "whole.toml")


def test_targets_can_come_from_the_environment() -> None:
    environment = {"MONITOR_NOTIFY_TARGETS": '{ lamp = { exec = "lamp on" } }'}
    lamp = TargetConfig(exec="lamp on")
    assert load_config(None, environment).notify == NotifyConfig(targets={"lamp": lamp})
