"""Keys for whoever reads a monitor, or tells it what to do, from another machine: CURVE (libzmq, RFC 26).

Each machine has one pair of keys, made once. A monitor lets in whom its user allowed, by name and public key,
to listen only or to control too; whoever connects must know the key of the monitor, so that no other is taken
for it. All is kept in ``$XDG_DATA_HOME/monitor/keys`` (``~/.local/share/monitor/keys``), for its owner only:
``own.json``, ``guests.json``, ``servers.json``. The guests are read whenever somebody connects.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import msgspec

from monitor.bus.addresses import for_this_machine
from monitor.bus.codec import decode_with, encode_json
from monitor.errors import PublishError, WireError
from monitor.files.paths import own_folder
from monitor.files.reading import read_stored
from monitor.files.state_files import write_private
from monitor.text import sanitise

May = Literal["listen", "control"]
_KEY = re.compile(r"[a-z2-7]{51}[aq]")
"""The 32 bytes of a key as text: base 32 (RFC 4648) in small letters, which no shell misreads."""
_MOST_BYTES = 1 << 20
_MAKE_ONE = "make a pair with: monitor keys new"


class KeyPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of one machine, as text; the secret one is not shown."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


class Guest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody whom the user lets in."""

    name: str
    key: str
    """The public one, as text."""
    may: May = "listen"
    """`listen`: what is published. `control`: ask, pause, mute, acknowledge too."""


class _Guests(msgspec.Struct, frozen=True):
    guests: list[Guest] = []


class _Servers(msgspec.Struct, frozen=True):
    keys: dict[str, str] = {}
    """Address of a monitor -> its public key."""


_OWN = msgspec.json.Decoder(KeyPair)
_GUESTS = msgspec.json.Decoder(_Guests)
_SERVERS = msgspec.json.Decoder(_Servers)
_Kept = TypeVar("_Kept")


class Keys:
    """The keys that are kept in one folder.

    Raises
    ------
    PublishError
        By all of its methods: a file is damaged, or cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def own(self) -> KeyPair | None:
        """Return the pair of this machine; None: there is none yet."""
        return self._read("own.json", _OWN)

    def make_own(self, *, force: bool = False) -> KeyPair:
        """Make a pair for this machine; with `force` in place of the one that is there."""
        if not force and self.own() is not None:
            raise PublishError(
                "This machine has a pair of keys already; --force makes another, which all who know the old "
                "one must then be given."
            )
        import zmq
        from zmq.utils import z85

        pair = KeyPair(*(as_text(z85.decode(key)) for key in zmq.curve_keypair()))
        self._write("own.json", pair)
        return pair

    def guests(self) -> list[Guest]:
        """Return who is let in, by name."""
        kept = self._read("guests.json", _GUESTS)
        return [] if kept is None else sorted(kept.guests, key=lambda guest: guest.name)

    def allow(self, guest: Guest) -> None:
        """Let `guest` in, in place of whoever has that name or that key."""
        check_key(guest.key)
        others = [one for one in self.guests() if one.name != guest.name and one.key != guest.key]
        self._write("guests.json", _Guests([*others, guest]))

    def revoke(self, name: str) -> Guest:
        """Let the guest of that name in no more; return who it was."""
        guests = self.guests()
        found = next((guest for guest in guests if guest.name == name), None)
        if found is None:
            known = ", ".join(guest.name for guest in guests) or "nobody"
            raise PublishError(f"Nobody called {sanitise(name)!r} is let in; let in: {known}.")
        self._write("guests.json", _Guests([guest for guest in guests if guest != found]))
        return found

    def stamp(self) -> object:
        """Return what changes when `guests` do."""
        try:
            return (self._folder / "guests.json").stat().st_mtime_ns
        except OSError:
            return None

    def guest_of(self, key: str) -> Guest | None:
        """Return who has `key` and is let in."""
        return next((guest for guest in self.guests() if guest.key == key), None)

    def trust(self, address: str, key: str) -> None:
        """Take `key` for that of the monitor at `address`."""
        check_key(key)
        self._write("servers.json", _Servers({**self.servers(), address: key}))

    def servers(self) -> dict[str, str]:
        """Return the public keys of monitors that are known, by address."""
        kept = self._read("servers.json", _SERVERS)
        return {} if kept is None else kept.keys

    def _read(self, name: str, decoder: msgspec.json.Decoder[_Kept]) -> _Kept | None:
        path = self._folder / name
        try:
            return decode_with(decoder, read_stored(path, _MOST_BYTES))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PublishError(f"The keys in {path} cannot be read: {error.strerror}.") from None
        except WireError:
            raise PublishError(
                f"The keys in {path} are damaged; remove the file and make them again."
            ) from None

    def _write(self, name: str, kept: msgspec.Struct) -> None:
        try:
            write_private(self._folder / name, encode_json(kept))
        except OSError as error:
            raise PublishError(f"The keys cannot be kept in {self._folder}: {error.strerror}.") from None


def kept_keys() -> Keys:
    """Return the keys of this user.

    Raises
    ------
    PublishError
        There is no home folder.
    """
    folder = own_folder("data")
    if folder is None:
        raise PublishError("There is no home folder for keys; set XDG_DATA_HOME.")
    return Keys(folder / "keys")


def own_pair(keys: Keys) -> KeyPair:
    """Return the pair of this machine.

    Raises
    ------
    PublishError
        There is none.
    """
    pair = keys.own()
    if pair is None:
        raise PublishError(f"Other machines are reached with keys, and this one has none; {_MAKE_ONE}.")
    return pair


class Lock(NamedTuple):
    """What opens the door of a monitor that is read with keys."""

    server: str
    """The monitor's public key, as text."""
    own: KeyPair


def lock_of(endpoint: str) -> Lock | None:
    """Return what opens the monitor at `endpoint`, checked; None: it is of this machine and has no lock.

    Raises
    ------
    PublishError
        Its key is not known here, or this machine has no keys.
    """
    own_machine = for_this_machine(endpoint)
    if own_machine and own_folder("data") is None:
        return None
    keys = kept_keys()
    server = keys.servers().get(endpoint)
    if server is None and not own_machine:
        raise PublishError(
            f"No key of a monitor at {endpoint} is known; take it from `monitor keys list` on that machine: "
            f"monitor keys trust {endpoint} KEY."
        )
    return None if server is None else Lock(server, own_pair(keys))


def check_key(key: str) -> str:
    """Return `key`, a public key as text.

    Raises
    ------
    PublishError
        It is none.
    """
    if not _KEY.fullmatch(key):
        raise PublishError(
            f"{sanitise(key, 60)!r} is not a public key; valid: the 52 characters that `monitor keys new` "
            "prints on the other machine."
        )
    return key


def as_text(key: bytes) -> str:
    """Return the 32 bytes of a key as text."""
    return base64.b32encode(key).decode().rstrip("=").lower()


def as_bytes(key: str) -> bytes:
    """Return a key as libzmq takes it, of text that `check_key` let through.

    Raises
    ------
    PublishError
        It did not.
    """
    return base64.b32decode(check_key(key).upper() + "====")
