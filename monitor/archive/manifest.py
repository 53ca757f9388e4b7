"""`scan.json`: what a folder was scanned with. A run that asks for something else is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from monitor.archive.records import Order
from monitor.archive.tables import VERSION
from monitor.encoders import EncoderInfo
from monitor.errors import ArchiveError
from monitor.files.state_files import write_private

FILE = "scan.json"


class Manifest(msgspec.Struct, frozen=True):
    """What the tables of a folder rest on."""

    version: int
    """Of the tables."""
    model: str
    """As it is called."""
    identity: str
    """Changes when the weights change; embeddings of two identities cannot be compared."""
    adapter: str
    sample_rate: int
    """Hz of `start`, `stop`, `onset_sample` and `offset_sample`."""
    window_len: int
    """Samples."""
    hop_s: float
    dim: int
    classes: dict[str, str]
    """Name -> words."""
    keep: str
    scores: bool
    settings: str
    """Hash of all settings that scores and events depend on."""


_DECODER = msgspec.json.Decoder(Manifest)


def manifest_of(order: Order, info: EncoderInfo) -> Manifest:
    """Return what the tables of a scan rest on."""
    return Manifest(
        version=VERSION,
        model=info.name,
        identity=info.identity,
        adapter=info.adapter,
        sample_rate=info.sample_rate,
        window_len=info.window_len,
        hop_s=order.config.window.hop_s,
        dim=info.dim,
        classes={one.name: one.wording for one in order.classes},
        keep=order.config.scan.keep,
        scores=order.scores,
        settings=_settings(order),
    )


def read_manifest(root: Path) -> Manifest | None:
    """Return the manifest of a folder; None: nothing was scanned into it.

    Raises
    ------
    ArchiveError
        It is of another version, or no manifest.
    """
    try:
        content = (root / FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArchiveError(f"{root / FILE} cannot be read: {error.strerror}.") from None
    try:
        found = _DECODER.decode(content)
    except msgspec.MsgspecError as error:
        raise ArchiveError(
            f"{root / FILE} is not what a scan writes ({error}); take another folder."
        ) from None
    if found.version != VERSION:
        raise ArchiveError(f"{root} holds tables of version {found.version}; valid: {VERSION}; scan again.")
    return found


def agree(root: Path, wanted: Manifest) -> None:
    """Write the manifest of a new scan; of one that goes on see that it asks for the same.

    Raises
    ------
    ArchiveError
        It asks for something else.
    """
    there = read_manifest(root)
    if there is None:
        write_private(root / FILE, msgspec.json.format(msgspec.json.encode(wanted)) + b"\n")
        return
    if there != wanted:
        raise ArchiveError(
            f"{root} was scanned with {', '.join(_differences(there, wanted))}; name another --out, or ask "
            "for the same; new words need no new scan: `monitor search`."
        )


def _differences(there: Manifest, wanted: Manifest) -> list[str]:
    """Return how a scan was asked for that goes on with another command, in the words of its options."""
    found = [
        f"{option} {before} (now {_said(wanted, name)})"
        for option, name in (("--classes", "classes"), ("--hop", "hop_s"), ("--keep", "keep"))
        if (before := _said(there, name)) != _said(wanted, name)
    ]
    if there.scores != wanted.scores:
        found.append("--scores" if there.scores else "no --scores")
    if there.identity != wanted.identity:
        found.append(f"the model {there.identity} (now {wanted.identity})")
    return found or ["other settings (--false-alarms, --urgent, the words of a class, or the configuration)"]


def _said(manifest: Manifest, name: str) -> str:
    value = getattr(manifest, name)
    return (
        ",".join(value)
        if isinstance(value, dict)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _settings(order: Order) -> str:
    config = order.config
    parts = (
        config.capture, config.window, config.level, config.prompts, config.background, config.drift,
        config.scorer, config.detector, config.calibration, order.classes,
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]
