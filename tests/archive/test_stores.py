"""Recordings on an S3 server: heard as those on the disk are, and no secret is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow (pip install 'sound-monitor[scan]')")
pytest.importorskip("moto.server", reason="needs an S3 server (pip install moto flask flask-cors)")

from monitor.archive.stores import why
from tests.archive.archives import CLASSES, monitor, rows, write_archive

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the server's own
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
_SECRET = "not-to-be-seen"  # noqa: S105 - of a server on this machine
_KEYS = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": _SECRET, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder of recordings, the same ones in a bucket, and how its server is reached."""
    from moto.server import ThreadedMotoServer
    from pyarrow import fs

    folder = tmp_path_factory.mktemp("stored")
    recordings = write_archive(folder / "recordings", count=3, seconds=6.0)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    s3 = fs.S3FileSystem(
        access_key="reader", secret_key=_SECRET, endpoint_override=f"{host}:{port}", scheme="http",
        region="us-east-1", allow_bucket_creation=True,
    )  # fmt: skip
    s3.create_dir("sounds")
    for path in recordings:
        with s3.open_output_stream(f"sounds/2026/{path.name}") as stream:
            stream.write(path.read_bytes())
    with s3.open_output_stream("sounds/2026/notes.txt") as stream:
        stream.write(b"passed over")
    yield folder, {**_KEYS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    running.stop()


def test_recordings_on_a_server_are_heard_as_those_on_the_disk(
    archive: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, reached = archive
    tmp_path.joinpath("copies").mkdir()
    told = monitor(
        "scan", "s3://sounds/2026", "--out", "far", "--classes", CLASSES, cwd=folder,
        TMPDIR=str(tmp_path / "copies"), **reached,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert _SECRET not in told.stdout + told.stderr
    here = monitor("scan", "recordings", "--out", "near", "--classes", CLASSES, cwd=folder)
    assert here.returncode == 0, here.stderr
    far = [{**row, "path": Path(row["path"]).name, "file_id": ""} for row in rows(folder / "far", "events")]
    near = [{**row, "path": Path(row["path"]).name, "file_id": ""} for row in rows(folder / "near", "events")]
    assert far == near != []
    assert {row["path"] for row in rows(folder / "far", "files")} == {
        f"s3://sounds/2026/{path.name}" for path in (folder / "recordings").iterdir()
    }
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_bucket_that_is_not_there_is_told_in_a_sentence(archive: tuple[Path, dict[str, str]]) -> None:
    folder, reached = archive
    done = monitor("scan", "s3://nowhere/2026", "--out", "none", "--classes", CLASSES, cwd=folder, **reached)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert _SECRET not in done.stderr


def test_no_secret_of_an_address_is_in_what_a_server_says() -> None:
    said = why(OSError("cannot reach http://reader:not-to-be-seen@127.0.0.1/ at all.\nmore"))
    assert said == "cannot reach http://127.0.0.1/ at all"
