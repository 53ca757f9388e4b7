"""Which sources there are: what a user writes -> what makes it. A new one is its module and a line here."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Literal

import msgspec

from monitor.errors import ConfigError
from monitor.sources.network_address import without_secrets

if TYPE_CHECKING:  # the command line asks this module before anything heavy is loaded
    from monitor.sources import Source
    from monitor.sources.options import SourceOptions


class Scheme(msgspec.Struct, frozen=True):
    """One kind of source, named by what comes before the colon."""

    factory: str
    """``module:function``, loaded when asked for: ``(address: str, options: SourceOptions) -> Source``."""
    valid: str
    """How it is written, for a person."""
    address: Literal["none", "may", "must", "url"] = "none"
    """Whether something follows the colon; `url`: the whole is the address, with all before the colon."""
    ahead: bool = True
    """Whether `--fast` can read it before its time."""
    grows: bool = False
    """Whether `--follow` can read it as it grows."""


_NETWORK = "monitor.sources.network:open_network"
_STREAMS = ("rtsp", "rtsps", "http", "https")

SCHEMES: dict[str, Scheme] = {
    "mic": Scheme(
        "monitor.sources.microphone:open_microphone", "mic:INDEX|NAME|ID", address="may", ahead=False
    ),
    "file": Scheme("monitor.sources.file:open_file", "file:PATH", address="must", grows=True),
    "-": Scheme("monitor.sources.stdin:open_stdin", "- (standard input)"),
    "demo": Scheme("monitor.sources.demo:open_demo", "demo"),
    **{kind: Scheme(_NETWORK, f"{kind}://…", address="url", ahead=False) for kind in _STREAMS},
}
"""By what a user writes before the colon; a bare path is a file."""


def scheme_of(spec: str) -> Scheme:
    """Return the kind of source that `spec` names.

    Raises
    ------
    ConfigError
        It names none.
    """
    return SCHEMES[_parse(spec)[0]]


def make_source(spec: str, options: SourceOptions) -> Source:
    """Return the source `spec` names: `SCHEME:ADDRESS`, a scheme that needs no address, or a file's path.

    Raises
    ------
    ConfigError
        `spec` is none of these.
    SourceError
        What it names cannot be a source.
    """
    scheme, address = _parse(spec)
    source: Source = resolve_name(SCHEMES[scheme].factory)(address, options)
    return source


def _parse(spec: str) -> tuple[str, str]:
    """Return the scheme of `spec` and its address."""
    kind, _, address = spec.partition(":")
    if (scheme := SCHEMES.get(kind.lower())) and scheme.address == "url":
        return kind.lower(), f"{kind.lower()}:{address}"
    takes = SCHEMES[kind].address if kind in SCHEMES else None
    if takes == "may" or (takes == "must" and address) or (takes == "none" and spec == kind):
        return kind, address
    if _is_path(spec):
        return "file", spec
    valid = ", ".join(scheme.valid for scheme in SCHEMES.values())
    raise ConfigError(f"There is no source {without_secrets(spec)!r}; valid: {valid}.")


def _is_path(spec: str) -> bool:
    """Return whether `spec` is written like a path, or names something there is."""
    if not spec or "://" in spec:
        return False
    return "/" in spec or (":" not in spec and bool(Path(spec).suffix)) or Path(spec).exists()
