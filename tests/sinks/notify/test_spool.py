from __future__ import annotations

import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sinks.notify.letters import Kind, Message
from monitor.sinks.notify.spool import Spool
from monitor.text import clean
from tests.examples import any_text
from tests.sinks.notify.channels import message
from tests.sinks.notify.hours import Hours

NOW = Hours()()

SHOWN = any_text.map(clean)
"""Text as everything that comes in is made."""

KILLED = """
import os, sys
from pathlib import Path
from monitor.sinks.notify.spool import Spool
from tests.sinks.notify.channels import message
from tests.sinks.notify.hours import Hours
spool = Spool(Path(sys.argv[1]), "phone")
for number in range(1_000_000):
    spool.add(f"{number:020d}", message(Hours()(), str(number)))
    os.write(1, b"%d\\n" % number)
"""


def as_text(payload: object) -> str:
    return msgspec.json.encode(payload).decode()


def left(folder: Path, name: str = "phone") -> list[str]:
    spool = Spool(folder, name)
    found = [one.title for _, one in spool.found()]
    spool.close()
    return found


def test_what_was_kept_before_a_kill_is_there_afterwards_and_nothing_is_half(tmp_path: Path) -> None:
    kept = 0
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
            assert process.stdout is not None
            for _ in range(20):
                kept = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            kept = max([kept, *map(int, process.stdout.read().split())])
        titles = left(tmp_path)
        assert titles[: kept + 1] == [str(number) for number in range(kept + 1)]
        assert len(titles) <= kept + 2  # one may have been written and not been said


def test_only_its_owner_can_read_what_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "phone")
    spool.add("1", message(NOW))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "phone").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "phone").stat().st_mode) == 0o700


def test_two_programs_do_not_tell_the_same_and_the_next_takes_over_what_both_left(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, "phone"), Spool(tmp_path, "phone")
    first.add("1", message(NOW, "first"))
    second.add("2", message(NOW, "second"))
    assert second.found() == []
    first.close()
    second.close()
    assert left(tmp_path) == ["first", "second"]
    assert left(tmp_path) == ["first", "second"]  # nobody has told them yet


def test_targets_have_a_place_each_whatever_they_are_called(tmp_path: Path) -> None:
    for name in ("phone", "../phone", "Größe/1", ""):
        spool = Spool(tmp_path / "notify", name)
        spool.add("1", message(NOW, name))
        spool.close()
        assert left(tmp_path / "notify", name) == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["notify"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"kind":"event"}'])
def test_a_file_that_is_no_message_is_removed_and_nobody_is_told_of_it(
    tmp_path: Path, content: bytes
) -> None:
    Spool(tmp_path, "phone").close()
    (tmp_path / "phone" / "1.message").write_bytes(content)
    assert left(tmp_path) == []
    assert [path.name for path in (tmp_path / "phone").iterdir()] == ["lock"]


def test_a_link_in_its_place_is_not_written_through(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "phone")
    (tmp_path / "precious").write_text("as it was", "utf-8")
    (tmp_path / "phone" / "1.partial").symlink_to(tmp_path / "precious")
    spool.add("1", message(NOW))
    assert (tmp_path / "precious").read_text("utf-8") == "as it was"
    assert spool.trouble is not None


@given(
    st.builds(
        Message,
        kind=st.sampled_from(get_args(Kind)),
        created=st.integers(0, 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
        title=SHOWN, text=SHOWN, payload=st.dictionaries(SHOWN, SHOWN).map(as_text),
        urgent=st.booleans(), times=st.integers(0, 9), ids=st.lists(SHOWN, max_size=3).map(tuple),
    )
)  # fmt: skip
def test_what_is_kept_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, one: Message) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, "phone")
    spool.add("1", one)
    spool.close()
    assert Spool(folder, "phone").found() == [("1", one)]


def test_no_text_that_waited_steers_a_terminal_whoever_wrote_it(tmp_path: Path) -> None:
    evil, shown = "\x1b]52;c;aGk=\x07 \u202eabc", "\ufffd]52;c;aGk=\ufffd \ufffdabc"
    (folder := tmp_path / "phone").mkdir()
    kept = Message("event", NOW.time, evil, evil, as_text({evil: [evil]}), ids=(evil,))
    (folder / "1.message").write_bytes(msgspec.json.encode(kept))
    broken = msgspec.structs.replace(kept, payload=evil)
    (folder / "2.message").write_bytes(msgspec.json.encode(broken))
    (_, first), (_, second) = Spool(tmp_path, "phone").found()
    assert (first.title, first.text, first.ids) == (shown, shown, (shown,))
    assert msgspec.json.decode(first.payload) == {shown: [shown]}
    assert second.payload == shown


def test_half_a_file_that_somebody_was_killed_over_does_not_stay(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "phone")
    spool.add("1", message(NOW))
    spool.close()
    half = tmp_path / "phone" / "2.partial"
    half.write_bytes(b"{")
    assert left(tmp_path)
    assert not half.exists()
