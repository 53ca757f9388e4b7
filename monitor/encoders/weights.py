"""Files of weights: read as tensors, never as code."""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from monitor.errors import ModelError

_DAMAGED = (
    *(RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(OSError, MemoryError, struct.error, zipfile.BadZipFile),
)
"""What torch raises about files that are none of its own."""


def load_pickle(path: Path) -> Mapping[str, Any]:
    """Return what a pickle of torch holds, if it is tensors and plain values only.

    Raises
    ------
    ModelError
        It holds anything else, or is damaged or no such file.
    """
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_plain_numbers()):
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path.name} holds more than weights, or is damaged, and is not read ({reason(error)}); fetch "
            "the published file again, or use the folder with model.safetensors."
        ) from None
    except _DAMAGED as error:
        raise ModelError(
            f"{path.name} is not a checkpoint of torch, or is damaged ({reason(error)}); fetch it again."
        ) from None
    if not isinstance(content, Mapping):
        raise ModelError(f"{path.name} holds a {type(content).__name__}; valid: named tensors.")
    return content


def _plain_numbers() -> list[Any]:
    """Return the types of NumPy numbers, which training scripts leave beside the weights."""
    make = np.float64(0).__reduce__()[0]
    kinds = ("float64", "float32", "int64", "int32", "bool")
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [*((make, name) for name in names), np.dtype, *(type(np.dtype(kind)) for kind in kinds)]


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file.

    Raises
    ------
    ModelError
        It cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path.name} cannot be read ({reason(error)}); fetch it again.") from None


def tensors_of(content: Any) -> dict[str, Tensor]:
    """Return the named tensors of a mapping, those of fractions as float32."""
    found = content.items() if isinstance(content, Mapping) else ()
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in found
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def named_tensors(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of a pickle's content, or of its `state_dict` where it has one."""
    return tensors_of(content.get("state_dict", content))


def reason(error: BaseException) -> str:
    """Return the line of an error that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "Unsupported" in line or "size mismatch" in line]
    return (named or lines or [type(error).__name__])[0].rstrip(".")[:200]
