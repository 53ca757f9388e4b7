"""What a run of the tests skipped, so that another one, with more installed, runs that and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

_OPTION = "--skipped"
_KEY = "monitor/skipped"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a second run do what the first could not."""
    parser.addoption(_OPTION, action="store_true", help="run only what the last run skipped")


def pytest_configure(config: pytest.Config) -> None:
    """Remember what is skipped, where pytest may keep anything (not with `-p no:cacheprovider`)."""
    cache = getattr(config, "cache", None)
    if cache is not None:
        config.pluginmanager.register(Skipped(config, cache))
    elif config.getoption(_OPTION):
        raise pytest.UsageError(f"{_OPTION} needs the cache of pytest, which is switched off")


class Skipped:
    """Remembers what was skipped, in pytest's own cache; with the option, leaves all other tests out."""

    def __init__(self, config: pytest.Config, cache: pytest.Cache) -> None:
        self._cache = cache
        self._only: set[str] | None = set(cache.get(_KEY, [])) if config.getoption(_OPTION) else None
        self._found: set[str] = set()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that was left out as a whole."""
        self._note(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test."""
        self._note(report)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep what the last run skipped, where only that is asked for."""
        if self._only is None:
            return
        kept = [item for item in items if {item.nodeid, item.nodeid.partition("::")[0]} & self._only]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker found: of files left out for the same reason xdist itself tells one only."""
        self._found |= set(getattr(node, "workeroutput", {}).get(_KEY, ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep it for the next run."""
        told = getattr(session.config, "workeroutput", None)  # of a worker of xdist, by itself
        if told is None:
            self._cache.set(_KEY, sorted(self._found))
        else:
            told[_KEY] = sorted(self._found)

    def _note(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.skipped:
            self._found.add(report.nodeid)
