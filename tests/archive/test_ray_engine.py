"""The engine `ray`: the same tables as by `local`, also on several machines."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow (pip install 'sound-monitor[scan]')")

from tests.archive.archives import CLASSES, environment, monitor, part_rows, rows, write_archive

pytestmark = [
    pytest.mark.timeout(1200),  # Ray begins half a dozen processes of its own
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray (pip install 'sound-monitor[ray]')"),
]
_SCAN = ("scan", "recordings", "--classes", CLASSES, "--json", "--scores", "--workers", "2")
_TABLES = ("files", "events", "errors")
_CLUSTER = """
import sys
from monitor.archive.ray_engine import load_ray
ray = load_ray()
from ray.cluster_utils import Cluster
from monitor.cli.main import main
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
cluster.add_node(num_cpus=1)
import os
os.environ["RAY_ADDRESS"] = cluster.address
code = main(sys.argv[1:])
cluster.shutdown()
sys.exit(code)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four recordings, one of them broken, scanned by the engine `local`."""
    folder = tmp_path_factory.mktemp("ray")
    write_archive(folder / "recordings", count=3, seconds=6.0)
    (folder / "recordings" / "broken.flac").write_bytes(b"fLaC and no more")
    done = monitor(*_SCAN, "--out", "local", cwd=folder)
    assert done.returncode == 1, done.stderr
    return folder


def _tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    whole = {name: rows(out, name) for name in _TABLES}
    return whole | {name: part_rows(out, name) for name in ("embeddings", "scores")}


def test_several_machines_give_the_same_tables(archive: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _CLUSTER, *_SCAN, "--out", "cluster", "--engine", "ray"],
        cwd=archive, env={**environment(archive), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False, timeout=1000,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert _tables(archive / "cluster") == _tables(archive / "local")
