"""New words over an archive that is heard already: which windows are most like them, and how sure that is.

The score is that of a live monitor in no background: odds against other sounds, normalised by the model's
cohort, so that .5 is what ordinary sound reaches once an hour. By example there are no words to compete with:
the cosine alone is normalised, by the same cohort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.archive.folder import ScanFolder
from monitor.archive.manifest import Manifest, read_manifest
from monitor.archive.merging import Current
from monitor.archive.quantised import Quantised
from monitor.archive.vector_index import Row, VectorIndex, read_blocks
from monitor.config.settings import Config
from monitor.config.tuning import UNTUNED, fixed, with_tuning
from monitor.encoders import Encoder
from monitor.errors import ArchiveError
from monitor.pipeline.scorers import Scorers
from monitor.records import ClassPrompt, Cohort
from monitor.scoring.cohort import fit_tails
from monitor.scoring.scorer import NOTHING_TAUGHT

_CANDIDATES = 50
"""So many of the nearest windows are scored for each place that is shown."""
_FEWEST_CANDIDATES = 2000


class Hit(msgspec.Struct, frozen=True):
    """A place in a recording."""

    path: str
    position_s: float
    """Where the window begins that fits best."""
    stop_s: float
    score: float
    """As of an event, [0, 1]."""
    similarity: float
    """Cosine of the embedding with what was searched for."""
    file_id: str


class Query(Protocol):
    """What is searched for."""

    @property
    def vector(self) -> NDArray[np.float32]:
        """float32 (dim,), unit norm: what is near this comes into question."""

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores, float64 (n,), of float32 (n, dim)."""


class Words:
    """What is searched for by its name."""

    def __init__(self, wording: ClassPrompt, encoder: Encoder, config: Config) -> None:
        config = with_tuning(config, encoder.info.tuning)
        scorers = Scorers(encoder, [wording], config)
        self._scorer = scorers.make(NOTHING_TAUGHT)
        self.vector = np.ascontiguousarray(scorers.class_cosines(np.eye(encoder.dim, dtype=np.float32))[:, 0])

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores, float64 (n,), of float32 (n, dim)."""
        return _sigmoid(self._scorer.log_odds(vectors)[:, 0])


class Example:
    """What is searched for by a recording of it."""

    def __init__(self, vector: NDArray[np.float32], cohort: Cohort | None, config: Config) -> None:
        self.vector = vector
        self._temperature = fixed(config.scorer.temperature, UNTUNED.temperature)
        odds = None if cohort is None else (cohort.vectors @ vector)[:, np.newaxis] / self._temperature
        self._tails = (
            None if odds is None or cohort is None else fit_tails(odds.astype(np.float64), None, cohort)
        )

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores, float64 (n,), of float32 (n, dim); the cosines where there is no cohort."""
        cosines = (vectors @ self.vector).astype(np.float64)
        if self._tails is None:
            return np.clip(cosines, 0.0, 1.0)
        return _sigmoid(self._tails.score_odds((cosines / self._temperature)[:, np.newaxis])[:, 0])


class _Found(NamedTuple):
    """Windows that come into question."""

    rows: Sequence[Row]
    scores: NDArray[np.float64]
    cosines: NDArray[np.float32]


class Archive:
    """What a scan has kept, open for searching."""

    def __init__(self, root: Path) -> None:
        """Open the folder of a scan.

        Raises
        ------
        ArchiveError
            It is none, or no embeddings were kept.
        """
        manifest = read_manifest(root)
        if manifest is None:
            raise ArchiveError(f"{root} is no folder of a scan; make one with: monitor scan DIR --out {root}")
        if manifest.keep == "none":
            raise ArchiveError(f"{root} was scanned with --keep none; scan again with --keep float16.")
        self.manifest: Manifest = manifest
        self._folder = ScanFolder(root)
        self._quantised = Quantised("int8" if manifest.keep == "int8" else "float16", manifest.dim)
        self._current = Current(self._folder)

    def fits(self, encoder: Encoder) -> None:
        """Refuse a model that did not make these embeddings.

        Raises
        ------
        ArchiveError
            It is another one.
        """
        info, ours = encoder.info, self.manifest
        if (info.identity, info.adapter, info.window_len) != (ours.identity, ours.adapter, ours.window_len):
            raise ArchiveError(
                f"{self._folder.root} was heard by {ours.identity}, adapter {ours.adapter or 'none'}; "
                f"the model here is {info.identity}, adapter {info.adapter or 'none'}; see --adapter."
            )

    @property
    def windows(self) -> int:
        """How many windows there are."""
        from monitor.archive.arrow import load_arrow

        files = [part / "embeddings.parquet" for part in self._folder.parts]
        parquet = load_arrow("parquet")
        return sum(int(parquet.read_metadata(file).num_rows) for file in files if file.exists())

    def search(self, query: Query, top: int, say: Callable[[str], None], *, exact: bool) -> list[Hit]:
        """Return the `top` places that are most like what is searched for, best first.

        Parameters
        ----------
        exact
            Score every window, instead of those that the index finds near.
        """
        count = max(_FEWEST_CANDIDATES, _CANDIDATES * top)
        found = self._all(query, count) if exact else self._near(query, count, say)
        return self._hits(found, top)

    def _near(self, query: Query, count: int, say: Callable[[str], None]) -> _Found:
        index = VectorIndex(self._folder, self._quantised)
        index.update(say)
        rows, vectors = index.nearest(query.vector, count)
        return _Found(rows, query.score(vectors), vectors @ query.vector)

    def _all(self, query: Query, count: int) -> _Found:
        """Score every window; keep the best."""
        best = _Found([], np.zeros(0), np.zeros(0, np.float32))
        for part in self._folder.parts:
            if (part / "embeddings.parquet").exists():
                for batch, vectors in read_blocks(part, self._quantised):
                    best = _best([best, *_scored(part.name, batch, vectors, query, count)], count)
        return best

    def _hits(self, found: _Found, top: int) -> list[Hit]:
        """Return places that are a window apart; of what was heard again only the newest counts."""
        manifest, hits = self.manifest, list[Hit]()
        taken: dict[str, list[int]] = {}
        counts = self._current.counts
        for at in np.lexsort((-found.cosines, -found.scores)):
            row = found.rows[at]
            others = taken.setdefault(row.file_id, [])
            if not counts(row.part, row.file_id) or any(
                abs(row.start - one) < manifest.window_len for one in others
            ):
                continue
            others.append(row.start)
            rate = manifest.sample_rate
            hits.append(
                Hit(
                    path=self._current.paths[row.file_id],
                    position_s=round(max(0, row.start) / rate, 3),
                    stop_s=round((row.start + manifest.window_len) / rate, 3),
                    score=round(float(found.scores[at]), 4),
                    similarity=round(float(found.cosines[at]), 4),
                    file_id=row.file_id,
                )
            )
            if len(hits) == top:
                break
        return hits


def _scored(
    part: str, batch: object, vectors: NDArray[np.float32], query: Query, count: int
) -> Iterator[_Found]:
    """Yield the best windows of a piece of a part."""
    scores, cosines = query.score(vectors), vectors @ query.vector
    best = np.lexsort((-cosines, -scores))[:count]
    taken = batch.select(["file_id", "start"]).take(best).to_pylist()  # type: ignore[attr-defined]
    rows = [Row(part, one["file_id"], one["start"]) for one in taken]
    yield _Found(rows, scores[best], cosines[best])


def _best(found: Sequence[_Found], count: int) -> _Found:
    rows = [row for one in found for row in one.rows]
    scores = np.concatenate([one.scores for one in found])
    cosines = np.concatenate([one.cosines for one in found])
    kept = np.lexsort((-cosines, -scores))[:count]
    return _Found([rows[at] for at in kept], scores[kept], cosines[kept])


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0))))
