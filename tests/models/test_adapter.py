"""An adapter changes what it should, can be undone, and is refused where it does not belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.models.adapter import (
    IN_USE,
    Adapter,
    adapters_folder,
    find_adapter,
    pack_adapter,
    unpack_adapter,
)
from monitor.units import unit_norm

MODEL, DIM = "fake-0", 5


def adapter(seed: int = 0, model: str = MODEL, size: float = 0.3) -> Adapter:
    rng = np.random.default_rng(seed)
    down, up = (rng.normal(0.0, size, shape).astype(np.float32) for shape in ((DIM, 2), (2, DIM)))
    return Adapter(model, down, up)


def vectors(count: int = 7) -> NDArray[np.float32]:
    return unit_norm(np.random.default_rng(9).normal(size=(count, DIM)).astype(np.float32))


@given(st.integers(0, 200))
def test_what_it_does_can_be_undone(seed: int) -> None:
    one = adapter(seed, size=0.2)
    mapped = one.apply(vectors())
    np.testing.assert_allclose(np.linalg.norm(mapped, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(one.undo(mapped), vectors(), atol=1e-5)


def test_it_is_read_back_as_it_was_written() -> None:
    one = adapter()
    again = unpack_adapter(pack_adapter(one), "it")
    assert (again.model, again.fingerprint, again.identity) == (one.model, one.fingerprint, one.identity)
    assert pack_adapter(again) == pack_adapter(one)


def test_another_map_is_another_model() -> None:
    assert adapter(1).identity != adapter(2).identity


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_what_is_no_adapter_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^it is no adapter: .*`monitor adapt`\.$"):
        unpack_adapter(content, "it")


@pytest.mark.parametrize("part", ["down", "up"])
def test_parts_that_are_no_map_are_refused(part: str) -> None:
    one = adapter()
    wrong = {"down": one.down, "up": one.up, part: np.full((3, 3), np.nan, np.float32)}
    with pytest.raises(ModelError, match="no map of finite numbers"):
        unpack_adapter(pack_adapter(Adapter(MODEL, wrong["down"], wrong["up"])), "it")


def test_the_one_in_use_is_found_unless_none_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert find_adapter("auto", MODEL, DIM) is None
    folder = adapters_folder(MODEL)
    assert folder is not None
    folder.mkdir(parents=True)
    (folder / IN_USE).write_bytes(pack_adapter(adapter()))
    found = find_adapter("auto", MODEL, DIM)
    assert found is not None
    assert found.fingerprint == adapter().fingerprint
    assert find_adapter("none", MODEL, DIM) is None


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(pack_adapter(adapter(model="other-1")))
    with pytest.raises(ModelError, match="belongs to the model other-1, and fake-0 listens"):
        find_adapter(str(path), MODEL, DIM)
    with pytest.raises(ModelError, match=r"Cannot read the adapter .*; valid: auto, none, or a file"):
        find_adapter(str(tmp_path / "missing.npz"), MODEL, DIM)
