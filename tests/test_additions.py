"""A source and a sink are added by one module and one line, and the whole program knows them."""

from __future__ import annotations

import inspect
from pathlib import Path
from pkgutil import resolve_name

import pytest

from monitor.assemble import open_sinks
from monitor.bus.messages import Health, PublishedRecord
from monitor.cli.main import main
from monitor.config.settings import load_config
from monitor.errors import ConfigError, PublishError
from monitor.sinks import kinds
from monitor.sinks.kinds import SinkOptions
from monitor.sources import schemes
from monitor.sources.schemes import Scheme
from tests import toys
from tests.fakes import Collector

RUN = ["run", "--headless", "--fast", "--bind", "none", "--classes", "siren"]


def test_a_source_is_added_by_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(schemes.SCHEMES, "toy", Scheme("tests.toys:open_toy", "toy:SECONDS", address="must"))
    assert main([*RUN, "--source", "toy:3"]) == 0
    assert "listening to array for siren" in capsys.readouterr().out
    assert main([*RUN, "--source", "toy"]) == 2
    err = capsys.readouterr().err
    assert "valid: mic:INDEX|NAME|ID, file:PATH, - (standard input), demo, " in err
    assert err.endswith(", toy:SECONDS.\n")
    assert main([*RUN, "--follow", "--source", "toy:3"]) == 2


def test_a_source_that_cannot_be_read_ahead_is_refused_with_fast(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = Scheme("tests.toys:open_toy", "toy:SECONDS", address="must", ahead=False)
    monkeypatch.setitem(schemes.SCHEMES, "toy", toy)
    assert main([*RUN, "--source", "toy:3"]) == 2
    assert "--fast needs sources that can be read ahead" in capsys.readouterr().err


def test_a_sink_is_added_by_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(kinds.SINKS, "toy", "tests.toys:make_toy_sink")
    assert main([*RUN, "--source", "demo"]) == 0
    lines = toys.HEARD.read_text(encoding="utf-8").splitlines()
    assert {"Event onset", "Event offset", "Health ", "Level ", "ScoresMessage "} <= set(lines)
    assert lines.count("Event onset") == lines.count("Event offset")


class Shut(Collector):
    """A sink that says whether it was closed, and what it heard before."""

    def __init__(self) -> None:
        super().__init__()
        self.closed_with: list[PublishedRecord] | None = None

    def close(self) -> None:
        self.closed_with = list(self.records)


def test_sinks_are_closed_after_the_last_record_also_when_the_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped, refused = opened = [Shut(), Shut()]
    left = iter(opened)
    monkeypatch.setattr(toys, "make_toy_sink", lambda *_: next(left))
    monkeypatch.setitem(kinds.SINKS, "toy", "tests.toys:make_toy_sink")
    assert main([*RUN, "--source", "demo", "--duration", "1"]) == 0
    assert main([*RUN, "--source", "file:/nowhere.wav"]) == 2
    assert stopped.closed_with is not None
    last = stopped.closed_with[-1]
    assert isinstance(last, Health)
    assert last.state == "ended"
    assert refused.closed_with == []
    assert "There is no file /nowhere.wav" in capsys.readouterr().err


def test_a_sink_that_cannot_be_opened_leaves_none_open(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Shut()
    monkeypatch.setattr(toys, "make_toy_sink", lambda *_: before)
    monkeypatch.setitem(kinds.SINKS, "toy", "tests.toys:make_toy_sink")
    with pytest.raises(PublishError):
        open_sinks(load_config(flags={"publish": {"bind": "nonsense"}}), SinkOptions(), ["toy", "bus"])
    assert before.closed_with == []


def test_every_line_of_both_tables_names_a_function_that_takes_what_it_is_given() -> None:
    factories = [scheme.factory for scheme in schemes.SCHEMES.values()]
    for factory in (*factories, *kinds.SINKS.values()):
        assert len(inspect.signature(resolve_name(factory)).parameters) == 2, factory


def test_what_needs_no_address_takes_none() -> None:
    for spec in ("demo:x", "-:x", "file:", "file", "tape://camera/1"):
        with pytest.raises(ConfigError, match="There is no source"):
            schemes.scheme_of(spec)
    assert not schemes.scheme_of("mic").ahead
    assert schemes.scheme_of("file:mic").grows
