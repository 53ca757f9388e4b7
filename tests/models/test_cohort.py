"""The cohort of a model as a file."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ModelError
from monitor.models.cohort import MOST_BYTES, own_cohort_file, pack, read_own_cohort, unpack
from monitor.records import Cohort
from monitor.units import unit_norm

DIM = 16


def cohort(n: int = 300) -> Cohort:
    vectors = np.random.default_rng(0).standard_normal((n, DIM)).astype(np.float32)
    kinds = ("rain", "müller's door")
    return Cohort(unit_norm(vectors), kinds, np.arange(n) % 3 - 1, 123.5)


def test_a_cohort_is_read_as_it_was_written() -> None:
    before = cohort()
    after = unpack(pack(before), DIM, "it")
    assert after.kinds == before.kinds
    assert after.kind_of.tolist() == before.kind_of.tolist()
    assert after.sounds_per_hour == before.sounds_per_hour
    assert np.sum(after.vectors * before.vectors, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert np.linalg.norm(after.vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_same_cohort_gives_the_same_bytes_so_that_it_can_be_pinned() -> None:
    assert pack(cohort()) == pack(cohort())


def test_three_thousand_sounds_of_256_numbers_take_at_most_a_megabyte() -> None:
    vectors = unit_norm(np.random.default_rng(0).standard_normal((3000, 256)).astype(np.float32))
    assert len(pack(Cohort(vectors, ("a",), np.zeros(3000, np.intp), 1.0))) <= 1_000_000 < MOST_BYTES


def altered(**arrays: object) -> bytes:
    whole = {
        "vectors": np.ones((300, DIM), np.int8),
        "kinds": np.array(["a"]),
        "kind_of": np.zeros(300, np.int16),
        "sounds_per_hour": np.array(10.0),
    } | arrays
    content = io.BytesIO()
    np.savez(content, **{name: value for name, value in whole.items() if value is not None})  # type: ignore[arg-type]
    return content.getvalue()


class Sly:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, ("never",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and no more",
        pickle.dumps([1]),
        pack(cohort())[:-100],
        pack(cohort(20)),
        altered(vectors=np.ones((300, DIM + 1), np.int8)),
        altered(vectors=np.ones((300, DIM), np.float32)),
        altered(vectors=np.array([Sly()] * 300, object)),
        altered(kind_of=np.full(300, 1, np.int16)),
        altered(kind_of=np.full(300, -2, np.int16)),
        altered(kind_of=np.zeros(299, np.int16)),
        altered(sounds_per_hour=np.array(0.0)),
        altered(sounds_per_hour=np.array(np.nan)),
        altered(sounds_per_hour=np.array([1.0, 2.0])),
        altered(kinds=None),
    ],
)
def test_what_is_no_cohort_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^it is no cohort.*monitor models cohort"):
        unpack(content, DIM, "it")


def test_one_made_here_is_found_by_the_model_it_was_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert read_own_cohort("some-model-0", DIM) is None
    path = own_cohort_file("some-model-0")
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(pack(cohort()))
    found = read_own_cohort("some-model-0", DIM)
    assert found is not None
    assert len(found.vectors) == 300
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="no cohort"):
        read_own_cohort("some-model-0", DIM)
