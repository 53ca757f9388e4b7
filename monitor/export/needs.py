"""The libraries of the extra `export`."""

from __future__ import annotations

from importlib.util import find_spec

from monitor.errors import ModelError
from monitor.extras import install

MAKERS = ("torch", "onnx", "onnxscript")
"""What a network is read and written with."""
LIBRARIES = (*MAKERS, "transformers", "safetensors")


def require_libraries(names: tuple[str, ...] = LIBRARIES) -> None:
    """Check that what an export needs is installed.

    Raises
    ------
    ModelError
        Something is missing; the sentence says how to install it.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"A checkpoint is converted with libraries that are not installed ({', '.join(missing)}); "
            f"run: {install(extra='export')}"
        )
