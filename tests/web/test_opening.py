from __future__ import annotations

import socket
import stat
import sys
from pathlib import Path

import pytest

from monitor.errors import ConfigError, PublishError
from monitor.web.certificate import made_here
from monitor.web.opening import WebOptions, open_web


@pytest.fixture(autouse=True)
def _own(own_state: Path) -> None:
    pass


def test_a_page_for_this_computer_only_needs_no_certificate() -> None:
    opened = open_web(WebOptions(address="127.0.0.1:0"))
    opened.socket.close()
    assert opened.certificate is None
    assert opened.urls == [f"http://127.0.0.1:{opened.address.port}/"]


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PublishError, match=rf"port {port}: Address already in use.*Name another port"):
            open_web(WebOptions(address=f"127.0.0.1:{port}"))


def test_an_address_that_is_not_this_computers_is_refused() -> None:
    pytest.importorskip("cryptography", reason="makes the certificate")
    with pytest.raises(PublishError, match=r"198\.51\.100\.1"):
        open_web(WebOptions(address="198.51.100.1:0"))


def test_without_the_package_that_makes_a_certificate_a_public_page_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ConfigError, match=r"needs TLS: give --certificate FILE and --key FILE.*\[web\]"):
        open_web(WebOptions(address="0.0.0.0:0"))


def test_a_certificate_needs_its_key_and_both_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belong together"):
        open_web(WebOptions(address="127.0.0.1:0", certificate=tmp_path))
    with pytest.raises(ConfigError, match="are no certificate and its key"):
        open_web(WebOptions(address="0.0.0.0:0", certificate=Path(__file__), key=Path(__file__)))
    with pytest.raises(ConfigError, match="cannot be read"):
        open_web(WebOptions(address="0.0.0.0:0", certificate=tmp_path / "a", key=tmp_path / "b"))


@pytest.mark.parametrize("name", ["", "a b", "x/y", "-a", "é"])
def test_a_name_that_no_computer_has_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a computer"):
        open_web(WebOptions(address="127.0.0.1:0", names=(name,)))


def test_a_certificate_is_made_once_and_again_for_other_names(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="makes the certificate")
    found = made_here(tmp_path, ["pi", "10.0.0.3"])
    first = found.chain.read_bytes()
    assert stat.S_IMODE(found.key.stat().st_mode) == 0o600
    assert made_here(tmp_path, ["10.0.0.3"]).chain.read_bytes() == first
    assert made_here(tmp_path, ["pi", "10.0.0.4"]).chain.read_bytes() != first


def test_nothing_can_be_signed_with_what_a_phone_is_told_to_trust(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="makes the certificate")
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    found = made_here(tmp_path, ["pi"])
    assert found.authority is not None
    authority = x509.load_pem_x509_certificate(found.authority.read_bytes())
    certificate = x509.load_pem_x509_certificate(found.chain.read_bytes())
    kept = serialization.load_pem_private_key(found.key.read_bytes(), None)
    certificate.verify_directly_issued_by(authority)
    assert kept.public_key() == certificate.public_key()
    assert kept.public_key() != authority.public_key()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["authority.pem", "certificate.pem", "key.pem"]
