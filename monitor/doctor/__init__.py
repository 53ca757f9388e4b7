"""What works on this machine, what does not, and what to do: a table of checks, each a function of its own.

`findings.py` says what a check is given and what it returns, `checks.py` which there are.
"""
