"""Published models as the user may have them or not: no weights, no torch."""

from __future__ import annotations

from pathlib import Path

import pytest

import monitor
from monitor.encoders.published.catalogue import PUBLICATIONS, TOKENIZER, find_published
from monitor.errors import ModelAbsent


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", PUBLICATIONS)
def test_a_model_that_is_not_here_says_which_files_where_from_and_where_to(models: Path, name: str) -> None:
    with pytest.raises(ModelAbsent) as refused:
        monitor.load_encoder(name)
    says = str(refused.value)
    for file, address in PUBLICATIONS[name].files.items():
        assert f"{file} ({address})" in says
    assert str(models / name) in says
    assert not list(models.iterdir())  # nothing was fetched


def test_only_what_is_missing_is_asked_for(models: Path) -> None:
    (models / "wav2clip").mkdir()
    (models / "wav2clip" / "Wav2CLIP.pt").write_bytes(b"")
    with pytest.raises(ModelAbsent) as refused:
        find_published(str(models / "wav2clip"))
    assert "lacks model.safetensors (" in str(refused.value)
    assert "Wav2CLIP.pt (" not in str(refused.value)


def test_another_model_of_this_name_in_the_form_of_the_program_goes_before(models: Path) -> None:
    (models / "msclap").mkdir()
    (models / "msclap" / "model.toml").write_text("")
    assert find_published("msclap") is None
    assert find_published(str(models / "msclap")) is None
    assert find_published("embedded") is None
    assert find_published(str(models)) is None


def test_weights_are_told_from_the_published_file_where_its_hash_is_known(models: Path) -> None:
    for name in ("audioclip", "msclap"):
        folder = models / name
        folder.mkdir()
        for file in PUBLICATIONS[name].files:
            (folder / file).write_bytes(b"not the published one")
        found = find_published(name)
        assert found is not None
        assert found.is_as_published is (None if name == "msclap" else False)
        assert not found.is_pinned
        assert found.entry.vocabulary == PUBLICATIONS[name].tokens.vocabulary
        assert found.path(found.entry.tokenizer) == folder / TOKENIZER
