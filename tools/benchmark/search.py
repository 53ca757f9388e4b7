"""What an index over made embeddings costs: `python -m tools.benchmark.search [WINDOWS] [QUERIES]`.

    python -m tools.benchmark.search 300000 50 --graph      # inverted lists beside a graph (HNSW), one thread

Embeddings are unit vectors of 256 dimensions round 2,000 centres; queries lie a little off one of them, as
words lie apart from sound. Recall is that of the index's 2,000 nearest among the 20 nearest of all.
"""

from __future__ import annotations

import argparse
import math
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.archive.folder import PartFolder, ScanFolder
from monitor.archive.quantised import Quantised
from monitor.archive.records import Summary
from monitor.archive.tables import EmbeddingTable
from monitor.archive.vector_index import FEWEST, LOOKED_IN, VectorIndex, read_vectors
from monitor.units import unit_norm

_DIM, _CENTRES, _PART = 256, 2000, 100_000
_TOP, _NEAREST = 20, 2000


def main() -> None:
    """Make parts, index them, search."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("windows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("queries", type=int, nargs="?", default=50)
    parser.add_argument("--graph", action="store_true", help="compare inverted lists with a graph")
    arguments = parser.parse_args()
    count, queries = arguments.windows, arguments.queries
    rng = np.random.default_rng(0)
    centres = unit_norm(rng.standard_normal((_CENTRES, _DIM), np.float32))
    if arguments.graph:
        _compare(_around(centres, count, rng), _around(centres, queries, rng))
        return
    with tempfile.TemporaryDirectory() as place:
        folder, quantised = ScanFolder(Path(place)), Quantised("float16", _DIM)
        with folder.held():
            folder.begin("token")
            for number in range(count // _PART):
                _part(folder.root, number, _around(centres, _PART, rng), quantised)
        begun, cpu = time.monotonic(), time.process_time()
        index = VectorIndex(folder, quantised)
        index.update(print)
        print(f"index: {time.monotonic() - begun:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
        print(f"on the disk: {(folder.root / 'index' / 'vectors.faiss').stat().st_size / 1e6:.0f} MB")
        print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")
        _search(folder, index, quantised, _around(centres, queries, rng))


def _compare(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> None:
    """Make an index of inverted lists and a graph of the same eight-bit embeddings; tell what each costs."""
    import faiss

    faiss.omp_set_num_threads(1)
    best = np.argpartition(-(queries @ vectors.T), _TOP, axis=1)[:, :_TOP]
    lists = round(math.sqrt(len(vectors)))
    for kind in (f"IVF{lists}", "HNSW32"):
        index = faiss.index_factory(_DIM, f"{kind},SQ8", faiss.METRIC_INNER_PRODUCT)
        begun = time.process_time()
        index.train(vectors)
        index.add(vectors)
        made_s = time.process_time() - begun
        looked = ("efSearch", _NEAREST) if kind == "HNSW32" else ("nprobe", max(FEWEST, lists * LOOKED_IN))
        faiss.ParameterSpace().set_index_parameter(index, *looked)
        begun = time.process_time()
        _, found = index.search(queries, _NEAREST)
        query_ms = 1e3 * (time.process_time() - begun) / len(queries)
        recall = np.mean([np.isin(near, ids).mean() for near, ids in zip(best, found, strict=True)])
        print(f"{kind}: made in {made_s:.1f} s of CPU, a query {query_ms:.1f} ms, recall {recall:.3f}")


def _around(centres: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    noise = unit_norm(rng.standard_normal((count, _DIM), np.float32))
    return unit_norm(centres[rng.integers(len(centres), size=count)] + noise)


def _part(root: Path, number: int, vectors: NDArray[np.float32], quantised: Quantised) -> None:
    place = PartFolder(root, number, "token")
    with place.made() as beside:
        table = EmbeddingTable(beside / "embeddings.parquet", quantised)
        for at, vector in enumerate(vectors):
            table.add(f"{number:016x}", 32000 * at, vector)
        table.close()
        place.commit(beside, Summary())


def _search(
    folder: ScanFolder, index: VectorIndex, quantised: Quantised, queries: NDArray[np.float32]
) -> None:
    index.nearest(queries[0], _NEAREST)
    begun = time.process_time()
    found = [{(row.part, row.start) for row in index.nearest(query, _NEAREST)[0]} for query in queries]
    print(f"a query: {1e3 * (time.process_time() - begun) / len(queries):.0f} ms of CPU")
    begun = time.process_time()
    best: list[list[tuple[float, str, int]]] = [[] for _ in queries]
    for part in folder.parts:
        cosines = read_vectors(part, quantised) @ queries.T
        for at, column in enumerate(cosines.T):
            top = np.argpartition(-column, _TOP)[:_TOP]
            best[at] = sorted(
                [*best[at], *((float(column[one]), part.name, 32000 * int(one)) for one in top)]
            )
            best[at] = best[at][-_TOP:]
    print(f"exact, all queries at once: {time.process_time() - begun:.1f} s of CPU")
    shares = [
        np.mean([(name, start) in near for _, name, start in nearest])
        for near, nearest in zip(found, best, strict=True)
    ]
    print(f"recall of the {_TOP} nearest: {np.mean(shares):.3f} (n = {len(queries)} queries)")


if __name__ == "__main__":
    main()
