from __future__ import annotations

import subprocess
import sys


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = "sounddevice, soundfile, onnxruntime, zmq, textual, torch"
    code = f"import sys, monitor; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
