"""A certificate for the page that is made here, where the user has none.

An authority is made for it, signs it, and its key is thrown away: whoever lets a phone trust that authority
trusts this one certificate, for nobody can sign another. It is kept for as long as its names fit.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.errors import ConfigError
from monitor.extras import install
from monitor.files.state_files import write_private

if TYPE_CHECKING:
    from cryptography import x509

LASTS = timedelta(days=800)
"""Phones refuse a certificate that is good for longer than 825 days."""
_RENEWED_BEFORE = timedelta(days=30)
_SET_BACK = timedelta(days=1)
"""Before now: the clock of a phone may be behind."""
MISSING = (
    "A page that other computers reach needs TLS: give --certificate FILE and --key FILE, "
    f"or let one be made here: {install(extra='web')}"
)


class Certificate(msgspec.Struct, frozen=True):
    """Where a certificate and its key are."""

    chain: Path
    key: Path
    authority: Path | None = None
    """What a phone has to trust; None: the user has seen to that."""


def made_here(folder: Path, names: Sequence[str]) -> Certificate:
    """Return a certificate for `names` (numeric addresses too), made unless `folder` has one that fits.

    Raises
    ------
    ConfigError
        The package that makes it is missing, or it cannot be written.
    """
    found = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    try:
        from cryptography import x509
    except ImportError:
        raise ConfigError(MISSING) from None
    try:
        if not _fits(found, names, x509):
            _make(found, names)
    except OSError as error:
        raise ConfigError(
            f"The certificate of the web page cannot be kept in {folder}: {error.strerror}; "
            "make some space there, or give --certificate FILE and --key FILE."
        ) from None
    return found


def _fits(found: Certificate, names: Sequence[str], x509: Any) -> bool:
    """Tell whether a certificate that is kept is good for `names` for some time."""
    with suppress(ValueError, FileNotFoundError):
        kept = x509.load_pem_x509_certificate(found.chain.read_bytes())
        alternative = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {str(name.value) for name in alternative}
        lasts = kept.not_valid_after_utc - datetime.now(UTC) > _RENEWED_BEFORE
        return lasts and known >= set(names) and found.key.exists() and found.authority is not None
    return False


def _make(place: Certificate, names: Sequence[str]) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = serialization.Encoding.PEM
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed(None, names, authority_key, authority_key)
    certificate = _signed(authority, names, key, authority_key)
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(place.key, secret)
    if place.authority is not None:
        write_private(place.authority, authority.public_bytes(pem))
    write_private(place.chain, certificate.public_bytes(pem) + authority.public_bytes(pem))


def _signed(
    authority: x509.Certificate | None, names: Sequence[str], key: Any, signing: Any
) -> x509.Certificate:
    """Return a certificate of `key`, signed by `signing`; an authority of its own where there is no other."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    own = f"monitor on {names[0]}"[:60] if authority else f"monitor on {names[0]}, authority"[:60]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, own)])
    now = datetime.now(UTC)
    is_authority = authority is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SET_BACK)
        .not_valid_after(now + LASTS)
        .add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True
        )
        .add_extension(_usage(x509, is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(x509, name) for name in names]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signing, hashes.SHA256())


def _usage(x509: Any, *, is_authority: bool) -> Any:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(x509: Any, name: str) -> Any:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
