"""The bill of materials: valid, with licences, with the models in the box as they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx_py", reason="needs cyclonedx-bom (pip install 'sound-monitor[supply]')")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.supply.test_lock import packages
from tools.maintain.write_bom import LOCK, ROOT, bill, locked, models


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


def test_the_packages_of_a_lock_file_are_installed_without_the_program_and_others_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uv", reason="needs uv (pip install 'sound-monitor[supply]')")
    wheel, own = tmp_path / "ear-1.0-py3-none-any.whl", "ear-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("ear.py", "")
        archive.writestr(f"{own}/METADATA", "Metadata-Version: 2.1\nName: ear\nVersion: 1.0\nLicense: MIT\n")
        archive.writestr(f"{own}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{own}/RECORD", "")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    sha256, lock = hashlib.sha256(wheel.read_bytes()).hexdigest(), tmp_path / "some.lock"
    lock.write_text(f"ear==1.0 \\\n    --hash=sha256:{sha256}\n")
    by_name = {one["name"]: one for one in bill(locked(tmp_path / "sound", lock))["components"]}
    assert by_name["ear"]["licenses"] == [{"license": {"acknowledgement": "declared", "id": "MIT"}}]
    assert not {"pip", "sound-monitor", "numpy"} & set(by_name)
    lock.write_text(f"ear==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(subprocess.CalledProcessError):
        locked(tmp_path / "other", lock)


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
