"""`monitor search`: new words, and examples, over what a scan has kept."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("pyarrow", reason="needs pyarrow (pip install 'sound-monitor[scan]')")

from monitor.archive.folder import PartFolder, ScanFolder
from monitor.archive.quantised import Quantised
from monitor.archive.records import Recording, Summary
from monitor.archive.tables import EmbeddingTable, Table, schema_of
from monitor.archive.vector_index import VectorIndex, read_vectors
from monitor.sources import demo_sounds
from monitor.units import unit_norm
from tests.archive.archives import monitor, write_archive

_DIM = 64


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    write_archive(folder / "recordings", count=3, seconds=10.0)
    done = monitor("scan", "recordings", "--out", "out", "--classes", "doorbell", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.timeout(900)
def test_a_word_that_was_not_listened_for_is_found_where_it_sounds(archive: Path) -> None:
    """The second recording of the archive begins with a dog, the first with a siren (see `scene`)."""
    found = {}
    for words in ("dog bark", "siren"):
        done = monitor("search", words, "--index", "out", "--top", 3, "--json", cwd=archive)
        assert done.returncode == 0, done.stderr
        found[words] = json.loads(done.stdout)
    best = {words: Path(hits[0]["path"]).name for words, hits in found.items()}
    assert best == {"dog bark": "take-01.flac", "siren": "take-00.wav"}
    for hits in found.values():
        scores = [hit["score"] for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= hit["score"] <= 1.0 and 0.0 <= hit["position_s"] <= 10.0 for hit in hits)


@pytest.mark.timeout(900)
def test_an_example_finds_its_like_and_a_table_can_be_had(archive: Path) -> None:
    bark = demo_sounds.dog_bark(np.random.default_rng(99))
    soundfile.write(archive / "bark.wav", 0.3 * bark, demo_sounds.SAMPLE_RATE)
    done = monitor("search", "--like", "bark.wav", "--index", "out", "--csv", "-", "--top", 2, cwd=archive)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    barks_at = {"take-00.wav": 9.0, "take-01.flac": 1.0}
    begins_s = barks_at[Path(rows[0]["path"]).name]
    assert float(rows[0]["position_s"]) - 1.0 <= begins_s < float(rows[0]["stop_s"])
    assert float(rows[0]["similarity"]) >= float(rows[1]["similarity"])


def test_what_cannot_be_searched_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for arguments in (
        ["siren", "--index", "nowhere"],
        ["--index", "."],
        ["siren", "--like", "x.wav", "--index", "."],
    ):
        done = monitor("search", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def _part(root: Path, number: int, vectors: np.ndarray, kind: str) -> None:
    quantised = Quantised(kind, _DIM)  # type: ignore[arg-type]
    place = PartFolder(root, number, "token")
    recording = Recording(f"/recording-{number}.wav", 1, 1)
    with place.made() as beside:
        table = EmbeddingTable(beside / "embeddings.parquet", quantised)
        for at, vector in enumerate(vectors):
            table.add(recording.id, 32000 * at, vector)
        table.close()
        files = Table(beside / "files.parquet", schema_of("files"))
        files.add({"file_id": recording.id, "path": recording.path, "status": "heard"})
        files.close()
        place.commit(beside, Summary())


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_the_index_finds_what_a_look_at_every_window_finds_and_grows_by_new_parts(
    tmp_path: Path, kind: str
) -> None:
    pytest.importorskip("faiss", reason="needs faiss (pip install 'sound-monitor[scan]')")
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((40, _DIM))
    vectors = [
        unit_norm(
            (centres[rng.integers(40, size=3000)] + rng.standard_normal((3000, _DIM))).astype(np.float32)
        )
        for _ in range(3)
    ]
    folder = ScanFolder(tmp_path)
    quantised = Quantised(kind, _DIM)  # type: ignore[arg-type]
    said: list[str] = []
    with folder.held():
        folder.begin("token")
        for number, part in enumerate(vectors):
            _part(tmp_path, number, part, kind)
            VectorIndex(folder, quantised).update(said.append)
    index = VectorIndex(folder, quantised)
    index.update(said.append)
    assert len(said) == 3  # nothing new the last time
    whole = np.concatenate([read_vectors(part, quantised) for part in folder.parts])
    for query in whole[::900]:
        rows, found = index.nearest(query, 10)
        exact = np.sort(whole @ query)[::-1][:10]
        assert rows[0].part == f"{(np.argmax(whole @ query)) // 3000:06d}"
        assert rows[0].start == 32000 * int(np.argmax(whole @ query) % 3000)
        assert np.mean(found @ query) > np.mean(exact) - 0.02


def test_what_is_packed_is_unpacked_within_half_a_step() -> None:
    vectors = unit_norm(np.random.default_rng(0).standard_normal((50, _DIM)).astype(np.float32))
    for kind in ("float16", "int8"):
        quantised = Quantised(kind, _DIM)
        packed, scales = quantised.pack(vectors)
        again = quantised.unpack(packed.tobytes(), scales)
        assert np.abs(again - vectors).max() < 0.003
        assert np.all((again * vectors).sum(axis=1) > 0.9999)
