"""Files over HTTP: servers that stall, truncate and lie."""

from __future__ import annotations

import resource
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import ModelError, ModelUnreachable
from monitor.install.download import RetryPolicy, fetch
from monitor.install.partial_file import Download, is_whole
from monitor.models.catalogue import is_safe
from tests.encoders.tiny_models import sha256
from tests.install.hub import (
    Hub,
    begins_elsewhere,
    closes_after,
    drips,
    ignores_range,
    never_answers,
    running_hub,
    sends,
    stalls_after,
    status,
)
from tests.install.watching import Watch

CONTENT = bytes(range(256)) * 40
"""10,240 bytes."""
SOON_S = 0.2
"""Seconds after which a server counts as stalled, where a test waits for it."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        hub.files["/file"] = CONTENT
        yield hub


@pytest.fixture
def item(hub: Hub, tmp_path: Path) -> Download:
    return Download(f"{hub.address}/file", tmp_path / "file.onnx", len(CONTENT), sha256(CONTENT))


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def policy(waits: list[float]) -> RetryPolicy:
    """Bears as much as usual, and waits for nothing."""
    return RetryPolicy(progress=1000, wait=waits.append)


def test_a_file_is_fetched_and_its_progress_told(item: Download) -> None:
    watch = Watch()
    fetch(item, watch)
    assert item.path.read_bytes() == CONTENT
    assert is_whole(item)
    assert watch.steps[-1] == ("file.onnx", len(CONTENT), len(CONTENT))


def test_a_connection_that_closes_early_is_taken_up_where_it_stopped(
    hub: Hub, item: Download, policy: RetryPolicy, waits: list[float]
) -> None:
    hub.script += [closes_after(4000), closes_after(3000)]
    fetch(item, Watch(), policy)
    assert item.path.read_bytes() == CONTENT
    assert hub.ranges == ["", "bytes=4000-", "bytes=7000-"]
    assert waits == [1.0, 1.0]


def test_what_an_earlier_run_fetched_is_not_fetched_again(hub: Hub, item: Download) -> None:
    item.path.write_bytes(CONTENT[:6000])
    fetch(item, Watch())
    assert item.path.read_bytes() == CONTENT
    assert hub.ranges == ["bytes=6000-"]


@pytest.mark.parametrize(
    "answer", [stalls_after(5000), never_answers, drips], ids=["after a part", "at once", "nearly"]
)
def test_a_server_that_stalls_is_left_after_a_while(hub: Hub, item: Download, answer: object) -> None:
    hub.script.append(answer)  # type: ignore[arg-type]
    watch = Watch()
    fetch(item, watch, RetryPolicy(timeout_s=SOON_S, wait=lambda _: None))
    assert item.path.read_bytes() == CONTENT
    assert len(hub.requests) == 2
    assert f"{SOON_S:g} s" in watch.said[0]


def test_a_server_that_ignores_ranges_begins_anew(hub: Hub, item: Download, policy: RetryPolicy) -> None:
    hub.script += [closes_after(4000), ignores_range]
    fetch(item, Watch(), policy)
    assert item.path.read_bytes() == CONTENT


def test_a_server_that_sends_another_part_is_not_believed(
    hub: Hub, item: Download, policy: RetryPolicy
) -> None:
    item.path.write_bytes(CONTENT[:4000])
    hub.script.append(begins_elsewhere)
    fetch(item, Watch(), policy)
    assert item.path.read_bytes() == CONTENT
    assert hub.ranges == ["bytes=4000-", ""]


def test_a_server_that_refuses_to_go_on_is_asked_for_all(
    hub: Hub, item: Download, policy: RetryPolicy
) -> None:
    item.path.write_bytes(CONTENT[:4000])
    hub.script.append(status(416))
    fetch(item, Watch(), policy)
    assert item.path.read_bytes() == CONTENT


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=4))
def test_wherever_a_server_cuts_the_file_is_whole_in_the_end(
    hub: Hub, item: Download, cuts: list[int]
) -> None:
    item.path.unlink(missing_ok=True)
    hub.script[:] = [closes_after(length) for length in cuts]
    fetch(item, Watch(), RetryPolicy(wait=lambda _: None))
    assert item.path.read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_not_kept(hub: Hub, item: Download) -> None:
    hub.files["/file"] = CONTENT[::-1]
    with pytest.raises(ModelError, match=f"the pinned file has {sha256(CONTENT)[:12]}"):
        fetch(item, Watch())
    assert not item.path.exists()


@pytest.mark.parametrize("length", [4000, len(CONTENT), 20_000], ids=["beginning", "whole", "too long"])
def test_a_beginning_of_another_file_is_thrown_away_once(hub: Hub, item: Download, length: int) -> None:
    item.path.write_bytes(b"x" * length)
    fetch(item, Watch())
    assert item.path.read_bytes() == CONTENT


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_told_at_once(hub: Hub, item: Download, waits: list[float], code: int) -> None:
    hub.always = status(code)
    with pytest.raises(ModelUnreachable, match=f"/file: the server answers {code} "):
        fetch(item, Watch(), RetryPolicy(wait=waits.append))
    assert len(hub.requests) == 1
    assert waits == []


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    hub: Hub, item: Download, policy: RetryPolicy, waits: list[float]
) -> None:
    hub.script += [status(500), status(503, retry_after=7), status(429, retry_after=86400)]
    fetch(item, Watch(), policy)
    assert waits == [1.0, 7.0, 30.0]


def test_a_server_that_stays_broken_is_given_up(
    hub: Hub, item: Download, policy: RetryPolicy, waits: list[float]
) -> None:
    hub.always = status(500)
    with pytest.raises(ModelUnreachable, match=r"500 .*, 5 times in a row"):
        fetch(item, Watch(), policy)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_a_server_that_gives_a_little_each_time_is_given_up(
    hub: Hub, item: Download, policy: RetryPolicy
) -> None:
    hub.always = closes_after(10)
    with pytest.raises(ModelUnreachable, match="5 times in a row"):
        fetch(item, Watch(), policy)
    assert item.path.read_bytes() == CONTENT[:50]


def test_redirects_are_followed_with_the_range(hub: Hub, item: Download) -> None:
    item.path.write_bytes(CONTENT[:6000])
    hub.files["/storage"] = CONTENT
    hub.script.append(status(302, location="/storage"))
    fetch(item, Watch())
    assert item.path.read_bytes() == CONTENT
    assert hub.requests[1] == ("/storage", "bytes=6000-")


@pytest.mark.parametrize("target", ["http://192.0.2.1/file", "ftp://127.0.0.1/file"])
def test_a_redirect_to_an_unsafe_address_is_refused(hub: Hub, item: Download, target: str) -> None:
    hub.script.append(status(302, location=target))
    with pytest.raises(ModelError, match=f"redirects to {target}, which is neither https"):
        fetch(item, Watch())


def test_a_redirect_without_end_is_refused(hub: Hub, item: Download) -> None:
    hub.always = status(302, location="/file")
    with pytest.raises(ModelUnreachable, match="302"):
        fetch(item, Watch())


@pytest.mark.parametrize("claimed", [100, 20_000], ids=["less", "more"])
def test_a_file_of_another_length_is_refused_before_it_is_read(
    hub: Hub, item: Download, claimed: int
) -> None:
    hub.script.append(sends(b"<html>sign in" * 1000, content_length=claimed))
    with pytest.raises(ModelError, match=f"offers {claimed} bytes, the pinned file has {len(CONTENT)}"):
        fetch(item, Watch())
    assert not item.path.exists()


def test_a_server_that_sends_more_than_the_file_is_refused(hub: Hub, item: Download) -> None:
    hub.script.append(sends(CONTENT + b"and more"))
    with pytest.raises(ModelError, match="sends more than the 10240 bytes"):
        fetch(item, Watch())
    assert not item.path.exists()


def test_what_was_fetched_before_an_interruption_is_kept(hub: Hub, item: Download) -> None:
    hub.script.append(stalls_after(5000))
    with pytest.raises(KeyboardInterrupt):
        fetch(item, Watch(interrupt_at=5000))
    assert item.path.read_bytes() == CONTENT[:5000]


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """A disk that takes no file longer than `size` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_told_and_what_was_written_is_kept(hub: Hub, item: Download) -> None:
    item.path.write_bytes(CONTENT[:2000])
    with files_at_most(4000), pytest.raises(ModelError, match=r"bytes are still to come\. Make room"):
        fetch(item, Watch())
    assert CONTENT.startswith(item.path.read_bytes())
    assert item.path.stat().st_size >= 2000
    fetch(item, Watch())
    assert item.path.read_bytes() == CONTENT


def test_no_server_is_told_at_once_and_the_beginning_is_kept(tmp_path: Path, waits: list[float]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    item = Download(f"http://127.0.0.1:{port}/file", tmp_path / "file", len(CONTENT), sha256(CONTENT))
    with pytest.raises(ModelUnreachable, match="no connection"):
        fetch(item, Watch(), RetryPolicy(wait=waits.append))
    assert waits == []
    item.path.write_bytes(CONTENT[:10])
    with pytest.raises(ModelUnreachable, match="no connection"):
        fetch(item, Watch(), RetryPolicy(wait=waits.append))
    assert item.path.read_bytes() == CONTENT[:10]


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate of this test")
    pem = tmp_path / "server.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*command, "-keyout", pem, "-out", tmp_path / "cert"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", pem)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        item = Download(f"https://localhost:{server.server_port}/file", tmp_path / "file", 10, "")
        with pytest.raises(ModelUnreachable, match="certificate cannot be trusted"):
            fetch(item, Watch())
        thread.join()


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://huggingface.co/x", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:8000/x", True),
        ("http://huggingface.co/x", False),
        ("http://localhost.example.org/x", False),
        ("file:///etc/passwd", False),
        ("ftp://127.0.0.1/x", False),
        ("https:///x", False),
        ("", False),
    ],
)
def test_only_https_and_this_machine_are_safe(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


def test_nothing_is_fetched_from_an_unsafe_address(tmp_path: Path) -> None:
    item = Download("http://192.0.2.1/file", tmp_path / "file", 10, "")
    with pytest.raises(ModelError, match="neither https nor on this machine"):
        fetch(item, Watch())
