from __future__ import annotations

import os
import subprocess
import sys

from monitor.bench.processes import Usage, family, usage


def test_what_is_used_is_that_of_all_threads_and_grows_with_work() -> None:
    before = usage([os.getpid()])
    sum(number * number for number in range(400_000))
    after = usage([os.getpid()])
    assert after.since(before).cpu_s > 0.001
    assert after.wakeups >= before.wakeups
    assert after.resident_mib > 10.0


def test_a_process_that_was_started_belongs_to_the_family_until_it_ends() -> None:
    command = [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        assert child.pid in family(os.getpid())
        assert usage([child.pid]).cpu_s > 0.0
    assert child.pid not in family(os.getpid())
    assert usage([child.pid]) == Usage(0.0, 0, 0.0)
