"""All that a process and its children hand to the system, byte for byte, by strace."""

from __future__ import annotations

import codecs
import contextlib
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.tracing import CALLS, Trace, whole_calls

_WRITES = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg"
_KERNEL = "sendfile,splice,vmsplice,tee,copy_file_range,io_uring_setup,process_vm_writev"
"""Ways to hand bytes over that no trace shows; the program uses none."""
_MEMORY = "mmap,memfd_create,shmget,pipe,pipe2,socketpair,unlink,unlinkat"
_SENT = re.compile(r"(?:p?writev?(?:64|2)?|send(?:to|m?msg))\(\d+<(?P<to>.*?)>(?:\(deleted\))?, (?P<what>.*)")
_STRING = r'"((?:[^"\\]|\\.)*)"'
_FIRST = re.compile(_STRING)
_PARTS = re.compile("iov_base=" + _STRING)
_OURS = re.compile(r"<((?:pipe|UNIX)[^<]*?\])>")
_MAPPED = re.compile(r"mmap\(.*PROT_WRITE.*MAP_SHARED.*, \d+<(.*?)>(?:\(deleted\))?, ")
_LONGEST_LEN = 8 << 20


@dataclass
class Payloads:
    """What was handed over, once the process has ended."""

    trace: Trace
    sent: dict[str, bytes] = field(default_factory=dict)
    """By the path, socket or pipe it went to; what the family tells itself is `inner`."""
    inner: dict[str, bytes] = field(default_factory=dict)
    """The same, for pipes and socket pairs that a process of the family made: memory, which ends with it."""

    @property
    def mapped(self) -> set[str]:
        """Files whose memory the family could change without a call."""
        found = (_MAPPED.match(call) for call in self.trace.calls)
        return {match[1] for match in found if match}

    @property
    def unseen(self) -> list[str]:
        """Calls that hand bytes over and do not show them."""
        return [call for call in self.trace.calls if call.startswith(tuple(_KERNEL.split(",")))]


class Running:
    """A process that is being traced."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def end(self, given: bytes | None = None, limit_s: float = 150.0) -> Payloads:
        """Give it bytes on its standard input, where that is a pipe, and wait for its end."""
        output = self.process.communicate(given, timeout=limit_s)[0].decode("utf-8", "replace")
        calls = tuple(whole_calls(self._log.read_text("utf-8", "replace").splitlines()))
        return _sorted(Trace(self.process.returncode, output, calls))


@contextlib.contextmanager
def recorded(
    arguments: Sequence[str], environment: dict[str, str], folder: Path, stdin: int = subprocess.DEVNULL
) -> Iterator[Running]:
    """Run this Python with `arguments` in `folder`, every byte that leaves it written down."""
    log = folder.parent / f"{folder.name}.strace"
    command = ["strace", "-f", "-qq", "-yy", "-s", str(_LONGEST_LEN), "-e", "signal=none", "-o", str(log)]
    command += ["-e", f"trace={CALLS},{_WRITES},{_KERNEL},{_MEMORY}", sys.executable, *arguments]
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield Running(process, log)
        finally:
            process.kill()


def _sorted(trace: Trace) -> Payloads:
    made = (call for call in trace.calls if call.startswith(("pipe", "socketpair")))
    ours = {end for call in made for end in _OURS.findall(call)}
    parts: dict[str, list[bytes]] = defaultdict(list)
    for call in trace.calls:
        if match := _SENT.match(call):
            parts[match["to"]] += _contents(call, match["what"])
    whole = {to: b"".join(content) for to, content in parts.items()}
    return Payloads(
        trace,
        sent={to: content for to, content in whole.items() if to not in ours},
        inner={to: content for to, content in whole.items() if to in ours},
    )


def _contents(call: str, what: str) -> list[bytes]:
    if call.startswith(("write(", "pwrite64(", "sendto(")):
        found = _FIRST.match(what)
        return [_bytes(found[1])] if found else []
    return [_bytes(part) for part in _PARTS.findall(what)]


def _bytes(text: str) -> bytes:
    """Return what strace wrote in the way of C."""
    return codecs.escape_decode(text.encode("latin-1", "replace"))[0]
