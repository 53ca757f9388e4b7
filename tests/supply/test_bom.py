"""The bill of materials: valid, with licences, with the models in the box as they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx_py", reason="needs cyclonedx-bom (pip install 'sound-monitor[supply]')")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.supply.test_lock import packages
from tools.maintain.write_bom import LOCK, ROOT, bill, models


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the packages of the lock file and no others."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in packages(LOCK):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found = metadata.distribution(name)
            own = next(file.parts[0] for file in found.files or () if file.parts[0].endswith(".dist-info"))
            (site / own).symlink_to(Path(str(found.locate_file(own))))
    return folder / "bin" / "python"


def test_the_bill_of_an_environment_is_valid_and_names_what_the_program_rests_on(python: Path) -> None:
    found = bill(python)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(found)) is None
    assert found["metadata"]["component"]["name"] == "sound-monitor"
    by_name = {one["name"].lower(): one for one in found["components"]}
    assert {"numpy", "onnxruntime", "pyzmq", "textual", "embedded/audio", "embedded/text"} <= set(by_name)
    assert by_name["numpy"]["purl"].startswith("pkg:pypi/numpy@")
    assert by_name["numpy"]["licenses"]
    assert str(ROOT) not in json.dumps(found)


def test_the_models_of_the_bill_are_the_files_that_are_shipped_with_their_licence() -> None:
    found = models(ROOT / "models" / "manifest.toml")
    assert len(found) == 4
    for one in found:
        content = (ROOT / one["properties"][0]["value"]).read_bytes()
        assert one["hashes"][0]["content"] == hashlib.sha256(content).hexdigest()
        assert one["licenses"] == [{"license": {"id": "CC-BY-NC-4.0"}}]


def test_a_bill_that_breaks_the_schema_is_noticed() -> None:
    broken = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "sound"}]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)) is not None
