"""How the last self-test of each source went, kept from run to run: one file per source.

Files are ``$XDG_STATE_HOME/monitor/self_tests/<source id>.json`` (``~/.local/state/monitor/…``), for their
owner only. What cannot be read is as if there was none; what cannot be written is lost.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from monitor.bus.codec import encode_json
from monitor.bus.messages import SelfTest
from monitor.files.paths import own_folder
from monitor.files.state_files import slug, write_private
from monitor.storage.kept_file import read_kept

_MOST_BYTES = 64 << 10
_DECODER: msgspec.json.Decoder[SelfTest] = msgspec.json.Decoder(SelfTest)


def last_self_test(source_id: str) -> SelfTest | None:
    """Return how it went, with the number 0 of an earlier run; None: there is none, or nobody can read it."""
    path = self_test_file(source_id)
    if path is None:
        return None
    found = read_kept(path, _MOST_BYTES, _DECODER, lambda _: True)
    return msgspec.structs.replace(found, number=0) if isinstance(found, SelfTest) else None


def keep_self_test(source_id: str, test: SelfTest) -> None:
    """Keep how the self-test of a source went; a disk that is full loses it."""
    path = self_test_file(source_id)
    if path is not None:
        with suppress(OSError):
            write_private(path, encode_json(test))


def self_test_file(source_id: str) -> Path | None:
    """Return where it is kept; None: there is no home folder."""
    state = own_folder("state")
    return None if state is None else state / "self_tests" / f"{slug(source_id)}.json"
