"""What a process and its children ask of the system, by strace: who is spoken to, which files are made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.terminal import on_terminal

_OPENING = "socket,connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2"
_LINKS = "link,linkat,symlink,symlinkat,mknod,mknodat"
CALLS = f"{_OPENING},{_LINKS}"
"""With which a process reaches for somebody, or makes a file."""
_INTERNET = re.compile(r'sa_family=AF_INET6?.*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')
_OPENED = re.compile(
    r'open(?:at)?\((?:[^,"]*?<(?P<folder>[^>]*)>[^,]*, |AT_FDCWD[^,]*, )?"(?P<path>[^"]*)", (?P<how>[A-Z_|]+)'
)
_MADE = re.compile(
    r'(?:mkdir|creat|rename|link|symlink|mknod)(?:at2?)?\((?:[^"]*?<(?P<folder>[^>]*)>, )?"(?P<path>[^"]*)"'
    r'(?:, (?:[^"]*?<(?P<folder2>[^>]*)>, )?"(?P<path2>[^"]*)")?'
)
_RESOLVER = ("/etc/resolv.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/hosts")
_WRITES = {"O_WRONLY", "O_RDWR", "O_CREAT"}
_LOOPBACK = re.compile(r"127\.|::1$|0\.0\.0\.0$|::$")
"""A datagram socket "connected" to nowhere is how a library asks for its own addresses; none is sent."""


def missing() -> str:
    """Say why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "needs strace (apt-get install strace)"
    probe = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "strace may not trace here"


@dataclass(frozen=True)
class Trace:
    """What was seen of a process and its children."""

    returncode: int
    output: str
    calls: tuple[str, ...]

    @property
    def foreign(self) -> list[str]:
        """Calls that reach for another machine, or look up the name of one."""
        return [call for call in self.calls if _is_foreign(call)]

    def written(self, cwd: Path) -> set[Path]:
        """Return the files and folders made, or opened for writing."""
        return {Path(os.path.normpath(cwd / path)) for call in self.calls for path in _paths(call)}


def traced(
    arguments: list[str], environment: dict[str, str], folder: Path, *, terminal: bool = False
) -> Trace:
    """Run this Python with `arguments` in `folder` until it ends, on a pseudo-terminal if so asked."""
    log = folder.parent / f"{folder.name}.strace"
    command = [
        "strace",
        "-f",
        "-qq",
        "-y",
        "-s",
        "400",
        "-e",
        f"trace={CALLS}",
        "-o",
        str(log),
        sys.executable,
        *arguments,
    ]
    output, returncode = (_on_terminal if terminal else _piped)(command, environment, folder)
    calls = tuple(whole_calls(log.read_text("utf-8", "replace").splitlines()))
    return Trace(returncode, output, calls)


def _piped(command: list[str], environment: dict[str, str], folder: Path) -> tuple[str, int]:
    done = subprocess.run(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110, check=False,
    )  # fmt: skip
    return done.stdout.decode("utf-8", "replace"), done.returncode


def _on_terminal(command: list[str], environment: dict[str, str], folder: Path) -> tuple[str, int]:
    returncode, drawn = on_terminal(command, folder, environment, limit_s=110)
    return drawn, returncode


def whole_calls(lines: list[str]) -> Iterator[str]:
    """Yield each call on one line; strace cuts those during which another thread made one."""
    begun: dict[str, str] = {}
    for line in lines:
        pid, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[pid] = call.removesuffix("<unfinished ...>")
        elif call.startswith("<..."):
            yield begun.pop(pid, "") + call.partition("resumed>")[2]
        else:
            yield call
    yield from begun.values()


def _is_foreign(call: str) -> bool:
    if any(f'"{path}"' in call for path in _RESOLVER):
        return True
    if not call.startswith(("connect", "sendto", "sendmsg", "sendmmsg")):
        return False
    return any(not _LOOPBACK.match(v4 or v6) for v4, v6 in _INTERNET.findall(call))


def _paths(call: str) -> Iterator[str]:
    if re.search(r"= -1 E", call):
        return
    if opened := _OPENED.match(call):
        if _WRITES & set(opened["how"].split("|")):
            yield str(Path(opened["folder"] or "", opened["path"]))
    elif made := _MADE.match(call):
        yield str(Path(made["folder"] or "", made["path"]))
        if made["path2"] is not None:
            yield str(Path(made["folder2"] or "", made["path2"]))
