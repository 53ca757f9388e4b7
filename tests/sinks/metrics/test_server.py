from __future__ import annotations

import http.client
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip(
    "prometheus_client", reason="needs prometheus_client (pip install 'sound-monitor[metrics]')"
)

from monitor.cli.main import main
from monitor.config.settings import Config, MetricsConfig
from monitor.errors import ConfigError
from monitor.sinks.metrics.server import MetricsSink, metrics_address, open_metrics
from monitor.start import child_environment, python_module
from tests.examples import health
from tests.local_server import free_port


@pytest.fixture
def sink() -> Iterator[MetricsSink]:
    sink = MetricsSink("127.0.0.1", 0)
    yield sink
    sink.close()
    sink.close()


def asked(port: int, host: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/metrics", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_prometheus_is_answered_with_the_run_and_its_memory(sink: MetricsSink) -> None:
    sink.emit(health())
    status, text = asked(sink.port, f"127.0.0.1:{sink.port}")
    assert status == 200
    assert 'monitor_state{source="mic0",state="running"} 1.0' in text
    assert "process_resident_memory_bytes" in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "localhost:1"])
def test_names_of_this_machine_are_answered(sink: MetricsSink, host: str) -> None:
    assert asked(sink.port, host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "192.168.1.5", "localhost.evil.example", ""]
)
def test_a_web_page_whose_name_was_made_to_lead_here_is_refused(sink: MetricsSink, host: str) -> None:
    status, text = asked(sink.port, host)
    assert status == 403
    assert "monitor_" not in text


@pytest.mark.parametrize(
    "bind", ["0.0.0.0:9477", "192.168.1.5:1", "9477", "127.0.0.1:99999", "[::]:1", "a:1", " "]
)
def test_an_address_that_others_could_reach_is_refused(bind: str) -> None:
    with pytest.raises(ConfigError, match="of this machine only"):
        metrics_address(bind)


def test_where_it_is_asked() -> None:
    assert metrics_address("[::1]:9477") == ("::1", 9477)
    assert metrics_address("localhost:9477") == ("127.0.0.1", 9477)
    assert open_metrics(Config(), None) is None


def test_a_port_that_is_taken_is_said_in_one_sentence(sink: MetricsSink) -> None:
    config = Config(metrics=MetricsConfig(bind=f"127.0.0.1:{sink.port}"))
    with pytest.raises(ConfigError, match=r"cannot be served at .* choose another \[metrics\] bind"):
        open_metrics(config, None)


def test_a_run_with_an_address_of_the_network_does_not_begin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_METRICS_BIND", "0.0.0.0:9477")
    assert main(["run", "--source", "demo", "--headless", "--bind", "none"]) == 2
    assert "of this machine only" in capsys.readouterr().err


def test_a_real_run_is_scraped(tmp_path: Path) -> None:
    port = free_port()
    command = python_module("monitor", "run", "--source", "demo", "--headless", "--json", "--bind", "none")
    environment = {**child_environment(), "HOME": str(tmp_path), "MONITOR_METRICS_BIND": f"127.0.0.1:{port}"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout is not None
            assert any(b'"type":"offset"' in line for line in run.stdout)
            status, text = asked(port, "localhost")
        finally:
            run.kill()
    assert status == 200
    assert re.search(
        r'^monitor_events_total{class="\w+",source="demo",urgent="\w+"} [1-9]', text, re.MULTILINE
    )
