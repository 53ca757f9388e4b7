"""The law: no sentence of ours, whatever goes wrong, has an address or a part of one in it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.main import main
from monitor.config.settings.notify import TargetConfig
from monitor.errors import ConfigError
from monitor.sinks.notify.secrets import Secret, secret_of
from tests.sinks.notify.channels import serving, with_status

PARTS = ("Passw0rd", "S3cretTopic", "T0kenOf99", "hidd3n")


def leaks(text: str) -> list[str]:
    return [part for part in PARTS if part.lower() in text.lower()]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(PARTS), st.booleans())
def test_parts_of_an_address_are_hidden_in_whatever_text_they_stand(
    text: str, part: str, upper: bool
) -> None:
    secret = Secret("ntfy://user:Passw0rd@host/S3cretTopic?token=T0kenOf99&x=hidd3n")
    said = secret.hide(text + (part.upper() if upper else part) + text)
    assert leaks(said) == []


def test_encoded_parts_are_hidden_too_and_an_address_shows_itself_nowhere() -> None:
    secret = Secret("https://user:pass%2Fw%C3%B6rd@host/a%20b%20c")
    for text in ("pass/wörd", "pass%2Fw%C3%B6rd", "a b c", "a%20b%20c", "a+b+c", "dXNlcjpwYXNzL3fDtnJk"):
        assert text not in secret.hide(f"<{text}>")
    assert "host" not in f"{secret} {secret!r}"


@pytest.mark.parametrize("way", ["url", "webhook"])
def test_an_address_comes_from_the_environment_or_a_file(tmp_path: Path, way: str) -> None:
    address = "https://host/x" if way == "webhook" else "ntfy://host/x"
    (tmp_path / "it").write_text(f"\ufeff{address}\n", "utf-8")
    by_file = TargetConfig(**{f"{way}_file": str(tmp_path / "it")})  # type: ignore[arg-type]
    by_variable = TargetConfig(**{f"{way}_env": "IT"})  # type: ignore[arg-type]
    for target in (by_file, by_variable, TargetConfig(**{way: address})):  # type: ignore[arg-type]
        secret = secret_of(target, "Target phone", {"IT": f" {address} "})
        assert secret is not None
        assert secret.address == address


def test_an_address_that_is_not_where_it_should_be_is_refused_and_what_is_there_not_shown(
    tmp_path: Path,
) -> None:
    (tmp_path / "it").write_text("Passw0rd", "utf-8")
    cases = [
        (TargetConfig(url_env="IT"), {}, "Target phone has its address in the variable IT, which is not set"),
        (TargetConfig(url_env="IT"), {"IT": "Passw0rd"}, "The variable IT for Target phone has no address"),
        (TargetConfig(url_file=str(tmp_path / "it")), {}, "for Target phone has no address"),
        (TargetConfig(url_file=str(tmp_path / "none")), {}, "cannot be read: No such file or directory"),
        (TargetConfig(webhook_file=str(tmp_path)), {}, "cannot be read: it is a folder"),
    ]
    for target, environment, says in cases:
        with pytest.raises(ConfigError) as caught:
            secret_of(target, "Target phone", environment)
        assert says in str(caught.value)
        assert leaks(str(caught.value)) == []


ENVIRONMENT = {
    "ADDRESS": "ntfy://user:Passw0rd@127.0.0.1:1/S3cretTopic?token=T0kenOf99",
    "MONITOR_NOTIFY_TARGETS": '{ other = { webhook = "http://user:Passw0rd@127.0.0.1:1/S3cretTopic" } }',
}
SHOWING = [
    ["config"], ["config", "--json"], ["config", "show", "--all"], ["config", "show", "--json"],
    ["run", "--source", "no-such-file"], ["run", "--source", "no-such-file", "--headless", "--json"],
]  # fmt: skip


class Said:
    """All that a command says."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._path = folder / "my.toml"
        self._capsys = capsys

    def __call__(self, *arguments: str, config: str) -> str:
        self._path.write_text(config, "utf-8")
        main([*arguments, "--config", str(self._path)])
        found = self._capsys.readouterr()
        return found.out + found.err


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setenv("ADDRESS", ENVIRONMENT["ADDRESS"])
    return Said(tmp_path, capsys)


BAD = "user:Passw0rd@127.0.0.1:1/S3cretTopic?token=T0kenOf99&hidd3n=hidd3n"
WRITTEN = [
    f'[notify]\ntargets = "ntfy://{BAD}"',
    f'[notify.targets]\nphone = "ntfy://{BAD}"',
    f'[notify.targets.phone]\nurl = ["ntfy://{BAD}"]',
    f'[notify.targets.phone]\nurl = "{BAD}"',
    f'[notify.targets.phone]\nurl = "ntfy://{BAD}"\ntimeout_s = 0',
    f'[notify.targets.phone]\nurl = "ntfy://{BAD}"\nwebhook = "http://{BAD}"',
    f'[notify.targets.phone]\nwebhook = "ftp://{BAD}"',
    f'[notify.targets.phone]\nurll = "ntfy://{BAD}"',
    f'notify = "ntfy://{BAD}"',
    f'[notify.targets.phone]\nexec = ["a", ["ntfy://{BAD}"]]',
    f'[notify.targets.phone]\nurl = "ntfy://{BAD}',
    f'[notify.targets.phone]\nurl = "ntfy://{BAD}"\n[notify.targets.plug]\nwebhook = "http://{BAD}"',
]


@pytest.mark.parametrize("config", WRITTEN, ids=itertools.count())
@pytest.mark.parametrize("arguments", SHOWING, ids=" ".join)
def test_a_configuration_that_is_shown_or_refused_shows_no_address(
    said: Said, config: str, arguments: list[str]
) -> None:
    text = said(*arguments, config=config)
    assert text
    assert leaks(text) == []


@pytest.mark.parametrize("arguments", SHOWING, ids=" ".join)
def test_an_address_that_comes_from_a_variable_is_not_shown_either(
    said: Said, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_NOTIFY_TARGETS", ENVIRONMENT["MONITOR_NOTIFY_TARGETS"])
    assert leaks(said(*arguments, config="")) == []
    monkeypatch.setenv("MONITOR_NOTIFY_TARGETS", ENVIRONMENT["ADDRESS"])
    assert leaks(said(*arguments, config="")) == []


def test_a_test_that_fails_in_every_way_shows_no_address(said: Said) -> None:
    pytest.importorskip("apprise")
    with serving(with_status(404)) as server:
        there = BAD.replace("127.0.0.1:1", f"127.0.0.1:{server.port}")
        config = "\n".join(
            f'[notify.targets.t{number}]\n{way} = "{address}"'
            for number, (way, address) in enumerate(
                [
                    ("url", f"ntfy://{BAD}"), ("url", f"ntfy://{there}"), ("url", f"json://{there}"),
                    ("url", f"xyzzy://{BAD}"), ("url", f"mailto://{BAD}"), ("url", f"tgram://{BAD}"),
                    ("url", f"discord://{BAD}"), ("url", f"gotify://{there}"), ("url_env", "ADDRESS"),
                    ("webhook", f"http://{BAD}"), ("webhook", f"http://{there}"),
                    ("webhook", f"https://{there}"), ("webhook", "http://user:Passw0rd@S3cretTopic.invalid/"),
                    ("webhook", "http://user:Passw0rd@x:S3cretTopic/"),
                ]
            )
        )  # fmt: skip
        text = said("test", "notify", config=config)
    assert text.count("NOT delivered") == 14
    assert leaks(text) == []
