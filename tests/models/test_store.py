from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import ModelError
from monitor.models.manifest import ModelFile
from monitor.models.store import StoredModel, find_model, list_models, model_names, read_folder
from tests.encoders.tiny_models import tiny_model


def store(tmp_path: Path, name: str, content: bytes) -> tuple[StoredModel, ModelFile]:
    (tmp_path / name).write_bytes(content)
    model = find_model("embedded")
    return StoredModel("mine", model.entry, tmp_path), ModelFile(name, hashlib.sha256(content).hexdigest())


def delimited(field: int, content: bytes) -> bytes:
    """One length-delimited protobuf field (content below 128 bytes)."""
    return bytes([field << 3 | 2, len(content)]) + content


def test_every_file_of_the_manifest_is_there_and_unaltered() -> None:
    for model in list_models():
        for part in model.parts:
            assert model.read(part)


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="There is no model 'nope'; known: embedded"):
        find_model("nope")


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    model, part = store(tmp_path, "audio.onnx", b"weights")
    (tmp_path / "audio.onnx").write_bytes(b"weighty")
    with pytest.raises(ModelError, match="was altered"):
        model.read(part)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    model, part = store(tmp_path, "audio.onnx", b"weights")
    (tmp_path / "audio.onnx").unlink()
    with pytest.raises(ModelError, match=r"audio\.onnx: No such file"):
        model.read(part)


@pytest.mark.parametrize("inside_a_node", [False, True], ids=["initializer", "constant in a node"])
def test_weights_in_another_file_are_refused(tmp_path: Path, inside_a_node: bool) -> None:
    tensor = delimited(13, delimited(1, b"location") + delimited(2, b"../secret"))
    graph = delimited(1, delimited(5, delimited(5, tensor))) if inside_a_node else delimited(5, tensor)
    model, part = store(tmp_path, "audio.onnx", bytes([8, 9]) + delimited(7, graph))
    with pytest.raises(ModelError, match="weights in other files"):
        model.read(part)


def test_weights_inside_the_file_are_accepted(tmp_path: Path) -> None:
    tensor = delimited(8, b"name") + delimited(9, b"\x0d\x6a raw bytes that look like anything \x6a\x02")
    model, part = store(tmp_path, "audio.onnx", bytes([8, 9]) + delimited(7, delimited(5, tensor)))
    assert model.read(part)


@pytest.mark.parametrize(
    "text",
    ["[models", "[models.embedded]\naudio = 3", "nothing = 1"],
    ids=["not toml", "wrong type", "no models"],
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "manifest.toml").write_text(text, "utf-8")
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="not valid"):
        list_models()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, empty, beside the models of the program."""
    monkeypatch.delenv("MONITOR_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "monitor" / "models"


def test_installed_models_are_found_beside_those_of_the_program(models: Path) -> None:
    tiny = tiny_model().write(models / "mine")
    assert [model.name for model in list_models()] == ["embedded", "mine"]
    assert find_model("mine") == tiny


def test_a_model_is_found_by_the_path_of_its_folder(models: Path, tmp_path: Path) -> None:
    tiny = tiny_model().write(tmp_path / "exported")
    assert find_model(str(tmp_path / "exported")) == tiny
    with pytest.raises(ModelError, match=r"nowhere/model\.toml: No such file .*models export` makes"):
        find_model(str(tmp_path / "nowhere"))


def test_one_folder_may_replace_all_others(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model().write(models / "mine")
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path / "elsewhere"))
    assert list_models() == []
    with pytest.raises(ModelError, match=r"known: none in .*elsewhere;"):
        find_model("mine")
    tiny_model().write(tmp_path / "elsewhere" / "theirs")
    assert [model.name for model in list_models()] == ["theirs"]


def test_a_damaged_model_does_not_harm_the_others(models: Path) -> None:
    (models / "broken").mkdir(parents=True)
    (models / "broken" / "model.toml").write_text("audio = 3", "utf-8")
    assert find_model("embedded").entry.dim > 0
    assert model_names() == ["embedded", "broken"]
    with pytest.raises(ModelError, match=r"broken/model\.toml is not valid"):
        find_model("broken")


def test_what_is_half_installed_is_no_model(models: Path) -> None:
    tiny_model().write(models / "mine.partial")
    assert model_names() == ["embedded"]
    with pytest.raises(ModelError, match=r"There is no model 'mine\.partial'"):
        find_model("mine.partial")


def test_a_model_of_the_catalogue_is_offered_where_it_is_missing(models: Path) -> None:
    with pytest.raises(
        ModelError, match="There is no model 'clap'; `monitor models install clap` fetches it"
    ):
        find_model("clap")


@pytest.mark.parametrize(
    ("key", "value"), [("window_len", "0"), ("prompt", '"no place"'), ("hop_s", "0"), ("front_end", '"fft"')]
)
def test_an_entry_that_cannot_work_is_refused(models: Path, key: str, value: str) -> None:
    path = tiny_model().write(models / "mine").folder / "model.toml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith(key)]
    path.write_text("\n".join([*lines, f"{key} = {value}"]), "utf-8")
    with pytest.raises(ModelError, match=f"not valid: .*{key}"):
        find_model("mine")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    licence=TEXTS,
    golden=st.dictionaries(TEXTS, st.lists(st.integers(0, 2**40))),
    prompts=st.lists(TEXTS.map("{{}} {}".format)),
    mask=st.booleans(),
    hop_s=st.floats(1e-9, 1e9),
)
def test_an_entry_is_read_as_it_was_written(
    tmp_path: Path,
    licence: str,
    golden: dict[str, list[int]],
    prompts: list[str],
    mask: bool,
    hop_s: float,
) -> None:
    model = tiny_model(
        licence=licence, golden=golden, prompts=tuple(prompts), text_mask=mask, hop_s=hop_s
    ).write(tmp_path)
    assert read_folder(tmp_path, model.name) == model
