"""Everything that goes wrong with a monitor in use, brought about on purpose.

    python -m tools.benchmark.faults                  # all of them, as a table in Markdown
    python -m tools.benchmark.faults muted unplugged  # some of them
    python -m tools.benchmark.faults --list

Is it seen, is what it costs counted, is all well again without a restart? Each fault meets a real `monitor
run` in a process of its own. What a user is told is read from its lines, what is lost from the health that it
publishes. `table.py` is the table, `worlds.py` where a fault happens; `tests/tools/test_faults.py` runs it.
"""
