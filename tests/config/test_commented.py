from __future__ import annotations

import tomllib

import msgspec
from msgspec.structs import replace

from monitor.config.commented import commented_changes, commented_defaults
from monitor.config.settings import (
    ClassConfig,
    Config,
    DetectorConfig,
    PromptConfig,
    TargetConfig,
    checked,
)


def test_every_default_is_written_below_what_it_means() -> None:
    lines = commented_defaults().splitlines()
    assert tomllib.loads("\n".join(lines)) == msgspec.json.decode(msgspec.json.encode(Config()))
    for place, line in enumerate(lines):
        if " = " in line and not line.startswith(("#", " ")):
            assert lines[place - 1].startswith("#"), line


def test_what_differs_is_written_with_what_it_means_and_means_the_same_again() -> None:
    target = TargetConfig(exec=("notify-send", "a b"), urgent_only=True)
    config = replace(
        Config(),
        prompts=PromptConfig(classes=("siren", "baby cry"), aliases={"siren": "an ambulance"}),
        detector=DetectorConfig(urgent=("siren",), classes={"baby cry": ClassConfig(confirm_s=2.0)}),
        notify=replace(Config().notify, targets={"lamp": target}),
    )
    text = commented_changes(config, "Mine.")
    assert checked(tomllib.loads(text), "it", {}) == config
    assert "# Classes reported without waiting for confirmation.\nurgent = " in text
    assert "# Only urgent classes" in text
    assert "ring_s" not in text


def test_nothing_that_differs_is_a_comment_alone() -> None:
    assert tomllib.loads(commented_changes(Config(), "Mine.")) == {}
