"""Tests of the monitor, which mirror its folders."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program has it, before numpy is imported
