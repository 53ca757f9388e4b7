from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.errors import ModelError
from monitor.export.needs import require_libraries


def test_a_missing_library_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(ModelError, match=r"not installed \(no_such_library\).*-m pip install .*\[export\]"):
        require_libraries(("sys", "no_such_library"))


def test_the_command_loads_no_heavy_library_before_it_is_used() -> None:
    code = (
        "import sys, monitor.export.exporter; "
        "print(sorted({'torch', 'transformers', 'onnx', 'onnxruntime', 'safetensors'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
