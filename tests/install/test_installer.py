"""Installing: from a hub that fails in every way, or from a folder; the model before stays until the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from monitor.config.settings import ModelConfig
from monitor.encoders import load
from monitor.errors import ConfigError, ModelError, ModelUnreachable
from monitor.install.download import RetryPolicy
from monitor.install.fetching import InstallOptions
from monitor.install.installer import install_folder, install_remote, is_offline, remove
from monitor.install.model_directory import ModelDirectory
from monitor.models.catalogue import CatalogueEntry, RemoteFile, hub_address, list_catalogue
from monitor.models.manifest import ModelEntry, ModelFile
from monitor.models.store import find_model, model_names, write_entry
from tests.encoders import tiny_models
from tests.encoders.tiny_models import TinyModel, tiny_model
from tests.install.hub import Hub, closes_after, status
from tests.install.watching import Watch

OPTIONS = InstallOptions("mine", retry=RetryPolicy(wait=lambda _: None))


def offer(hub: Hub, model: TinyModel, revision: str = "r1") -> CatalogueEntry:
    """Put the files of `model` on the hub and return what a catalogue says of it."""
    files = {"audio": "onnx/audio.onnx", "text": "onnx/text.onnx", "tokenizer": "tokenizer.json"}
    fields = {name: getattr(model.entry, name) for name in ModelEntry.__struct_fields__}
    for part, path in files.items():
        content = getattr(model, part)
        hub.files[f"/lab/tiny/resolve/{revision}/{path}"] = content
        fields[part] = RemoteFile(path, tiny_models.sha256(content), bytes=len(content))
    return CatalogueEntry(repository="lab/tiny", revision=revision, **fields)


def is_usable(name: str = "mine") -> bool:
    encoder = load(ModelConfig(name=name))
    sound = np.random.default_rng(0).standard_normal((1, encoder.window_len)).astype(np.float32)
    return encoder.embed_text(["siren"]).shape == encoder.embed_audio(sound).shape == (1, encoder.dim)


def test_a_model_of_the_catalogue_is_installed_and_used(hub: Hub, models: Path) -> None:
    report = install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert is_usable()
    assert find_model("mine").entry == report.entry == tiny_model().entry
    assert {path.name for path in (models / "mine").iterdir()} == {
        "audio.onnx", "text.onnx", "tokenizer.json", "model.toml",
    }  # fmt: skip
    assert {path.name for path in models.iterdir()} == {"mine", ".lock"}
    assert report.self_test is not None
    assert not report.unchanged


def test_front_end_and_mask_are_read_off_the_graphs(hub: Hub) -> None:
    model = tiny_model(
        audio=tiny_models.log_mel_tower(),
        text=tiny_models.text_tower(mask=False),
        sample_rate=48_000,
        window_len=480_000,
        input_len=480_000,
    )
    entry = install_remote(offer(hub, model), OPTIONS, Watch()).entry
    assert (entry.front_end, entry.text_mask) == ("log_mel", False)
    assert is_usable()


def test_another_model_leaves_nothing_of_the_one_before(hub: Hub, models: Path) -> None:
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    (models / "mine" / "cohort.npz").write_bytes(b"of the model before")
    install_remote(offer(hub, tiny_model(seed=1), "r2"), replace(OPTIONS, force=True), Watch())
    assert {path.name for path in (models / "mine").iterdir()} == {
        "audio.onnx", "text.onnx", "tokenizer.json", "model.toml",
    }  # fmt: skip


def test_an_interrupted_install_leaves_the_old_model_and_goes_on_later(hub: Hub, models: Path) -> None:
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    new = offer(hub, tiny_model(seed=1), "r2")
    with pytest.raises(KeyboardInterrupt):
        install_remote(new, replace(OPTIONS, force=True), Watch(interrupt_at=new.audio.bytes))
    assert is_usable()
    assert find_model("mine").entry.source == "a test, seed 0"
    assert model_names() == ["mine"]
    hub.requests.clear()
    install_remote(new, replace(OPTIONS, force=True), Watch())
    assert find_model("mine").entry.source == "a test, seed 1"
    assert not any("audio" in path for path, _ in hub.requests)


@pytest.mark.parametrize("defect", ["wrong bytes", "gone", "broken"])
def test_a_failed_install_leaves_the_old_model(hub: Hub, models: Path, defect: str) -> None:
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    new = offer(hub, tiny_model(seed=1), "r2")
    if defect == "wrong bytes":
        hub.files["/lab/tiny/resolve/r2/onnx/text.onnx"] = bytes(new.text.bytes)
    else:
        hub.always = status(404) if defect == "gone" else closes_after(10)
    with pytest.raises(ModelError):
        install_remote(new, replace(OPTIONS, force=True), Watch())
    assert is_usable()
    assert find_model("mine").entry.source == "a test, seed 0"


def test_offline_it_says_what_to_fetch_and_takes_what_is_brought(hub: Hub, models: Path) -> None:
    model = tiny_model()
    entry = offer(hub, model)
    offline = replace(OPTIONS, offline=True)
    with pytest.raises(ModelUnreachable) as refusal:
        install_remote(entry, offline, Watch())
    sentence = str(refusal.value)
    assert f"{hub.address}/lab/tiny/resolve/r1/onnx/audio.onnx" in sentence
    assert f"put the files into {models / 'mine.partial'}" in sentence
    (models / "mine.partial" / "audio.onnx").write_bytes(model.audio)
    (models / "mine.partial" / "text.onnx").write_bytes(model.text[:-1])
    with pytest.raises(ModelUnreachable, match=r"text\.onnx, [^,]*tokenizer\.json; put") as refusal:
        install_remote(entry, offline, Watch())
    assert "audio.onnx" not in str(refusal.value)
    (models / "mine.partial" / "text.onnx").write_bytes(model.text)
    (models / "mine.partial" / "tokenizer.json").write_bytes(model.tokenizer)
    install_remote(entry, offline, Watch())
    assert is_usable()
    assert hub.requests == []


def test_an_unreachable_hub_gives_the_same_advice(hub: Hub, models: Path) -> None:
    hub.always = status(404)
    with pytest.raises(ModelUnreachable, match=r"404 Not Found\. .* fetch by hand: .*mine\.partial"):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE"])
def test_the_environment_forbids_the_network(
    models: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert not is_offline()
    monkeypatch.setenv(name, "0")
    assert not is_offline()
    monkeypatch.setenv(name, "1")
    assert is_offline()


def test_what_is_installed_and_whole_is_left_alone(hub: Hub) -> None:
    entry = offer(hub, tiny_model())
    install_remote(entry, OPTIONS, Watch())
    hub.requests.clear()
    assert install_remote(entry, OPTIONS, Watch()).unchanged
    assert hub.requests == []


def test_a_damaged_model_is_repaired_by_the_damaged_file_alone(hub: Hub, models: Path) -> None:
    entry = offer(hub, tiny_model())
    install_remote(entry, OPTIONS, Watch())
    (models / "mine" / "text.onnx").write_bytes(b"damaged")
    hub.requests.clear()
    assert not install_remote(entry, OPTIONS, Watch()).unchanged
    assert hub.requests == [("/lab/tiny/resolve/r1/onnx/text.onnx", "")]
    assert is_usable()


def test_another_model_of_the_name_is_replaced_by_force_only(hub: Hub) -> None:
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    new = offer(hub, tiny_model(seed=1), "r2")
    with pytest.raises(ModelError, match=r"installed as 'mine' \(a test, seed 0\); --force replaces it"):
        install_remote(new, OPTIONS, Watch())
    install_remote(new, replace(OPTIONS, name="other"), Watch())
    assert model_names() == ["mine", "other"]
    install_remote(new, replace(OPTIONS, force=True), Watch())
    assert find_model("mine").entry.source == "a test, seed 1"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "mine.partial", "mine.old", "x" * 65])
def test_names_that_are_none_are_refused(hub: Hub, name: str) -> None:
    with pytest.raises(ModelError, match="cannot be called"):
        install_remote(offer(hub, tiny_model()), replace(OPTIONS, name=name), Watch())


def test_the_name_of_a_model_of_the_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MONITOR_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    tiny_model().write(tmp_path / "exported")
    with pytest.raises(ModelError, match="'embedded' comes with the program; --name gives"):
        install_folder(tmp_path / "exported", InstallOptions("embedded"), Watch())
    with pytest.raises(ModelError, match="comes with the program and cannot be removed"):
        remove("embedded")


def test_two_installs_at_once_are_refused(hub: Hub, models: Path) -> None:
    with ModelDirectory("other").locked(), pytest.raises(ModelError, match="Another install is at work in"):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (tiny_model(tokenizer=tiny_models.words(("x",))), "different texts the same tokens"),
        (tiny_model(vocabulary=50265), "tokenizer knows [0-9]+ tokens, the model 50265"),
        (tiny_model(golden={"dog": [7]}), "into"),
        (tiny_model(audio=tiny_models.text_tower()), "the audio graph takes input_ids int64"),
        (tiny_model(text=tiny_models.waveform_tower()), "the text graph takes audio float"),
        (tiny_model(audio=tiny_models.waveform_tower(length=99)), r"takes audio float \(any, 99\); valid"),
        (tiny_model(audio=tiny_models.waveform_tower(dim=5)), r"gives embedding float \(any, 5\); valid"),
        (tiny_model(audio=b"not a graph"), "cannot be read as ONNX"),
        (tiny_model(tokenizer=b"{}"), "tokenizer"),
    ],
    ids=[
        "lost words",
        "vocabulary",
        "golden ids",
        "audio",
        "text",
        "length",
        "dim",
        "no graph",
        "no tokenizer",
    ],
)
def test_a_model_with_a_defect_is_not_installed(
    tmp_path: Path, models: Path, model: TinyModel, sentence: str
) -> None:
    model.write(tmp_path / "exported")
    with pytest.raises(ModelError, match=sentence):
        install_folder(tmp_path / "exported", OPTIONS, Watch())
    assert model_names() == []


def test_a_folder_is_installed_and_may_go(tmp_path: Path, models: Path) -> None:
    model = tiny_model(prompts=("the sound of {}", "{} nearby")).write(tmp_path / "exported")
    install_folder(model.folder, OPTIONS, Watch())
    for path in model.folder.iterdir():
        path.unlink()
    assert find_model("mine").entry == model.entry
    assert is_usable()


def test_a_folder_without_a_model_is_refused(tmp_path: Path, models: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.toml: No such file"):
        install_folder(tmp_path, OPTIONS, Watch())


def test_a_folder_whose_files_lie_outside_is_refused(tmp_path: Path, models: Path) -> None:
    model = tiny_model().write(tmp_path / "exported")
    entry = msgspec.structs.replace(model.entry, audio=ModelFile("../secret", model.entry.audio.sha256))
    write_entry(entry, model.folder)
    with pytest.raises(ModelError, match=r"'\.\./secret' is outside the model's folder"):
        install_folder(model.folder, OPTIONS, Watch())


def test_a_model_that_was_being_replaced_when_the_power_failed_is_still_there(hub: Hub, models: Path) -> None:
    entry = offer(hub, tiny_model())
    install_remote(entry, OPTIONS, Watch())
    (models / "mine").rename(models / "mine.old")
    assert model_names() == ["mine"]
    assert is_usable()
    install_remote(entry, replace(OPTIONS, force=True), Watch())
    assert {path.name for path in models.iterdir()} == {"mine", ".lock"}


def test_files_of_an_older_try_do_not_move_in(hub: Hub, models: Path) -> None:
    stale = models / "mine.partial" / "onnx" / "stale.onnx"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"stale")
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert not list((models / "mine").rglob("stale*"))


def test_a_disk_without_room_is_told_before_anything_is_fetched(hub: Hub) -> None:
    entry = offer(hub, tiny_model())
    huge = msgspec.structs.replace(entry, audio=msgspec.structs.replace(entry.audio, bytes=10**18))
    with pytest.raises(ModelError, match="MB free, 1000000000000 MB are still to come; make room"):
        install_remote(huge, OPTIONS, Watch())
    assert hub.requests == []


def test_a_folder_that_cannot_be_written_is_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="Cannot write"):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())


def test_an_installed_model_is_removed_with_what_was_fetched_of_it(hub: Hub, models: Path) -> None:
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    (models / "mine.partial").mkdir()
    assert remove("mine") == models / "mine"
    assert model_names() == []
    assert {path.name for path in models.iterdir()} == {".lock"}
    with pytest.raises(ModelError, match="No model 'mine' is installed"):
        remove("mine")


@pytest.mark.parametrize("name", ["../x", "/", "", "mine.partial"])
def test_what_cannot_be_a_name_is_not_removed(models: Path, name: str) -> None:
    with pytest.raises(ModelError, match=f"No model '{name}' is installed in "):
        remove(name)


def test_a_file_where_the_model_is_to_be_is_left_alone(hub: Hub, models: Path) -> None:
    models.mkdir()
    (models / "mine").write_text("a letter", "utf-8")
    with pytest.raises(ModelError, match="mine is a file and no model; move it away"):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert (models / "mine").read_text("utf-8") == "a letter"
    assert hub.requests == []


def test_a_linked_model_is_removed_and_what_it_links_to_is_not(tmp_path: Path, models: Path) -> None:
    model = tiny_model().write(tmp_path / "exported")
    models.mkdir()
    (models / "mine").symlink_to(model.folder)
    assert is_usable()
    remove("mine")
    assert model_names() == []
    assert (model.folder / "model.toml").exists()


def test_mirrors_replace_the_hub_if_they_are_safe(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub_address() == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/hf/")
    assert hub_address() == "https://mirror.example/hf"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8000")
    assert hub_address() == "http://127.0.0.1:8000"
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    with pytest.raises(ConfigError, match=r"HF_ENDPOINT is 'http://mirror\.example'; valid: https://"):
        hub_address()


def test_the_catalogue_pins_every_file_of_clap(models: Path) -> None:
    catalogue = list_catalogue()
    assert set(catalogue) == {"clap", "clap-int8", "mn04"}
    for model in (catalogue["clap"], catalogue["clap-int8"]):
        assert isinstance(model, CatalogueEntry)
        for file in model.remote_files:
            assert model.url(file, hub_address()).startswith(
                f"https://huggingface.co/{model.repository}/resolve/{model.revision}/"
            )
            assert (len(file.sha256), len(model.revision)) == (64, 40)
            assert file.bytes > 1_000_000
        assert (model.vocabulary, model.max_tokens, model.dim) == (50265, 77, 512)
        assert (model.sample_rate, model.window_len, model.input_len) == (48_000, 480_000, 480_000)
        assert all((ids[0], ids[-1]) == (0, 2) for ids in model.golden.values())


@pytest.mark.parametrize("text", ["[models", "[models.clap]\naudio = 3"])
def test_a_damaged_catalogue_is_refused(models: Path, text: str) -> None:
    models.mkdir()
    (models / "catalogue.toml").write_text(text, "utf-8")
    with pytest.raises(ModelError, match="not valid"):
        list_catalogue()
