"""The nearest of millions of embeddings in milliseconds: an index of faiss beside the parts of a scan.

Inverted lists (Jegou, Douze and Schmid, 2011) with eight bits a number, mapped from the disk and not loaded
(docs/eval/scan.md has what a million windows take). It grows by new parts; where there is four times as much
as it was trained on it is made again. The only file that knows faiss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.archive.folder import ScanFolder
from monitor.archive.merging import read_part
from monitor.archive.quantised import Quantised
from monitor.errors import ArchiveError
from monitor.extras import install

_PER_LIST = 40
"""Windows that each list is trained on; faiss asks for 39."""
_MOST_LISTS = 8192
_GROWS = 4
LOOKED_IN = 0.05
"""Share of the lists that a search looks into, and at least `FEWEST`: words lie apart from sound."""
FEWEST = 32


class Row(msgspec.Struct, frozen=True):
    """A window in the index."""

    part: str
    file_id: str
    start: int


class Indexed(msgspec.Struct):
    """What is in an index, kept beside it."""

    parts: list[str]
    counts: list[int]
    """Windows of each part, in the order of the parts."""
    trained: int
    """Windows that there were when its lists were chosen."""


_FACTS = msgspec.json.Decoder(Indexed)


def has_faiss() -> bool:
    """Tell whether faiss is installed."""
    from importlib.util import find_spec

    return find_spec("faiss") is not None


class VectorIndex:
    """The embeddings of a scan, ready to be searched."""

    def __init__(self, folder: ScanFolder, quantised: Quantised) -> None:
        self._folder = folder
        self._quantised = quantised
        self._root = folder.root / "index"
        self._file = self._root / "vectors.faiss"
        self._facts = self._root / "index.json"
        self._indexed = self._read()
        self._index: Any = None

    def update(self, say: Callable[[str], None]) -> None:
        """Take in the parts that are not in it yet.

        Raises
        ------
        ArchiveError
            A part cannot be read, or the index cannot be written.
        """
        faiss = _faiss()
        parts = [part for part in self._folder.parts if (part / "embeddings.parquet").exists()]
        new = [part for part in parts if part.name not in self._indexed.parts]
        if not new:
            return
        counts = [_count(part) for part in new]
        total = sum(counts) + sum(self._indexed.counts)
        say(f"indexing {sum(counts):,} new windows of {total:,}, once")
        gone = any(name not in {part.name for part in parts} for name in self._indexed.parts)
        if not self._file.exists() or gone or total > _GROWS * self._indexed.trained:
            new, counts = parts, [_count(part) for part in parts]
            index = self._trained(faiss, new, total)
            self._indexed = Indexed([], [], total)
        else:
            index = faiss.read_index(str(self._file))
        for part, count in zip(new, counts, strict=True):
            index.add(read_vectors(part, self._quantised))
            self._indexed.parts.append(part.name)
            self._indexed.counts.append(count)
        self._write(faiss, index)

    def nearest(self, query: NDArray[np.float32], most: int) -> tuple[list[Row], NDArray[np.float32]]:
        """Return the windows nearest to `query`, float32 (dim,), and their embeddings, float32 (n, dim).

        The embeddings are those of the index, eight bits a number.
        """
        if self._index is None:
            faiss = _faiss()
            self._index = faiss.read_index(str(self._file), faiss.IO_FLAG_MMAP)
        lists = self._index.nlist
        self._index.nprobe = min(lists, max(FEWEST, math.ceil(LOOKED_IN * lists)))
        _, ids, vectors = self._index.search_and_reconstruct(query[np.newaxis], most)
        found = ids[0] >= 0
        kept = vectors[0][found]
        lengths = np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-12)
        return self._rows(ids[0][found]), np.asarray(kept / lengths, np.float32)

    def _rows(self, ids: NDArray[np.int64]) -> list[Row]:
        """Return what windows they are: files and starts are read from their parts."""
        ends = np.cumsum(self._indexed.counts)
        which = np.searchsorted(ends, ids, side="right")
        rows: list[Row | None] = [None] * len(ids)
        for at in np.unique(which):
            name = self._indexed.parts[at]
            table = read_part(self._folder.root / "parts" / name, "embeddings", ["file_id", "start"])
            places = np.flatnonzero(which == at)
            inside = table.take(ids[places] - (ends[at] - self._indexed.counts[at])).to_pylist()
            for place, row in zip(places, inside, strict=True):
                rows[place] = Row(name, row["file_id"], row["start"])
        return [row for row in rows if row is not None]

    def _trained(self, faiss: Any, parts: list[Path], total: int) -> Any:
        """Return an empty index whose lists fit a sample of what there is."""
        lists = int(max(1, min(_MOST_LISTS, math.sqrt(total), total / _PER_LIST)))
        index = faiss.index_factory(self._quantised.dim, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.cp.min_points_per_centroid = 1
        rng = np.random.default_rng(0)
        share = min(1.0, lists * _PER_LIST / total)
        sample = []
        for part in parts:
            vectors = read_vectors(part, self._quantised)
            sample.append(vectors[rng.random(len(vectors)) < share] if share < 1.0 else vectors)
        index.train(np.concatenate(sample))
        return index

    def _read(self) -> Indexed:
        try:
            return _FACTS.decode(self._facts.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return Indexed([], [], 0)

    def _write(self, faiss: Any, index: Any) -> None:
        """Replace the index; what is in it is said last, so half of one is never believed."""
        beside = self._file.with_suffix(".partial")
        try:
            self._root.mkdir(exist_ok=True)
            self._facts.unlink(missing_ok=True)
            faiss.write_index(index, str(beside))
            beside.replace(self._file)
            self._facts.write_bytes(msgspec.json.encode(self._indexed))
        except (OSError, RuntimeError) as error:
            raise ArchiveError(
                f"The index cannot be written into {self._root} ({error}); make room, or add --exact."
            ) from None


def read_vectors(part: Path, quantised: Quantised) -> NDArray[np.float32]:
    """Return the embeddings of a part, float32 (n, dim), unit norm."""
    parts = [vectors for _, vectors in read_blocks(part, quantised, ["embedding", "scale"])]
    return np.concatenate(parts) if parts else np.zeros((0, quantised.dim), np.float32)


def read_blocks(
    part: Path, quantised: Quantised, columns: list[str] | None = None
) -> Iterator[tuple[Any, NDArray[np.float32]]]:
    """Yield a part's table of embeddings piece by piece, with them as float32 (n, dim), unit norm."""
    table = read_part(part, "embeddings", columns)
    for batch in table.to_batches():
        packed = batch.column("embedding")
        width = quantised.dim * quantised.dtype.itemsize
        content = memoryview(packed.buffers()[1])[
            packed.offset * width : (packed.offset + len(packed)) * width
        ]
        scales = batch.column("scale").to_numpy()
        yield batch, quantised.unpack(content, scales)


def _count(part: Path) -> int:
    from monitor.archive.arrow import load_arrow

    return int(load_arrow("parquet").read_metadata(part / "embeddings.parquet").num_rows)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise ArchiveError(
            f"The index needs faiss; add --exact, or install it with: {install(extra='scan')}"
        ) from None
    return faiss
