"""Models that are made on the user's machine, of a checkpoint that is pinned."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from monitor.cli.main import main
from monitor.errors import ModelError, ModelUnreachable
from monitor.extras import install
from monitor.install.download import RetryPolicy
from monitor.install.fetching import InstallOptions
from monitor.install.installer import Convert, install_checkpoint
from monitor.models.catalogue import CheckpointEntry, RemoteFile, list_catalogue, release_address
from monitor.models.store import find_model, model_names
from tests.encoders import tiny_models
from tests.encoders.tiny_models import tiny_model
from tests.install.hub import Hub, closes_after, status
from tests.install.watching import Watch

OPTIONS = InstallOptions("mine", retry=RetryPolicy(wait=lambda _: None))
CONTENT = bytes(range(256)) * 40
SHA256 = tiny_models.sha256(CONTENT)
ADDRESS = "/lab/tagger/releases/download/v1/tagger.pt"
NO_EXPORT = [name for name in ("torch", "onnx", "onnxscript") if find_spec(name) is None]


@pytest.fixture
def offer(hub: Hub) -> CheckpointEntry:
    """A checkpoint of a release, which the server has."""
    hub.files[ADDRESS] = CONTENT
    return CheckpointEntry(
        repository="lab/tagger",
        release="v1",
        checkpoint=RemoteFile("tagger.pt", SHA256, bytes=len(CONTENT)),
        sample_rate=1600,
        window_len=160,
        dim=8,
        licence="none",
    )


def converter() -> Convert:
    """Return what makes a tiny model and says of which checkpoint, as a real one does."""

    def convert(checkpoint: Path, folder: Path) -> None:
        source = f"of {tiny_models.sha256(checkpoint.read_bytes())}"
        tiny_model(source=source).write(folder)

    return convert


def not_asked() -> Convert:
    raise AssertionError("asked for a converter")


def test_a_checkpoint_is_fetched_converted_and_gone(hub: Hub, models: Path, offer: CheckpointEntry) -> None:
    watch = Watch()
    report = install_checkpoint(offer, converter, OPTIONS, watch)
    assert hub.requests == [(ADDRESS, "")]
    assert "converting tagger.pt" in watch.said
    assert report.entry == find_model("mine").entry
    assert SHA256 in report.entry.source
    assert {path.name for path in models.iterdir()} == {"mine", ".lock"}
    assert {path.name for path in (models / "mine").iterdir()} == {
        "audio.onnx", "text.onnx", "tokenizer.json", "model.toml",
    }  # fmt: skip


def test_what_is_there_needs_no_library_and_no_network(hub: Hub, offer: CheckpointEntry) -> None:
    install_checkpoint(offer, converter, OPTIONS, Watch())
    assert install_checkpoint(offer, not_asked, OPTIONS, Watch()).unchanged
    assert len(hub.requests) == 1


def test_what_is_damaged_is_made_again(models: Path, offer: CheckpointEntry) -> None:
    install_checkpoint(offer, converter, OPTIONS, Watch())
    (models / "mine" / "audio.onnx").write_bytes(b"damaged")
    assert not install_checkpoint(offer, converter, OPTIONS, Watch()).unchanged
    find_model("mine").verify()


def test_another_model_of_the_name_stays_unless_forced(
    hub: Hub, models: Path, offer: CheckpointEntry
) -> None:
    tiny_model().write(models / "mine")
    with pytest.raises(ModelError, match="Another model is installed as 'mine'"):
        install_checkpoint(offer, not_asked, OPTIONS, Watch())
    assert hub.requests == []
    install_checkpoint(offer, converter, replace(OPTIONS, force=True), Watch())
    assert SHA256 in find_model("mine").entry.source


def test_nothing_is_fetched_where_a_library_is_missing(hub: Hub, offer: CheckpointEntry) -> None:
    def missing() -> Convert:
        raise ModelError("needs torch")

    with pytest.raises(ModelError, match="needs torch"):
        install_checkpoint(offer, missing, OPTIONS, Watch())
    assert (hub.requests, model_names()) == ([], [])


def test_after_a_conversion_that_failed_the_checkpoint_is_still_there(
    hub: Hub, offer: CheckpointEntry
) -> None:
    def fails(checkpoint: Path, folder: Path) -> None:
        raise ModelError("too little memory")

    with pytest.raises(ModelError, match="too little memory"):
        install_checkpoint(offer, lambda: fails, OPTIONS, Watch())
    hub.always = status(503)
    install_checkpoint(offer, converter, replace(OPTIONS, offline=True), Watch())
    assert model_names() == ["mine"]


def test_another_file_than_the_pinned_one_is_refused(hub: Hub, offer: CheckpointEntry) -> None:
    hub.files[ADDRESS] = bytes(len(CONTENT))
    with pytest.raises(ModelError, match="has sha256"):
        install_checkpoint(offer, converter, OPTIONS, Watch())
    assert model_names() == []


def test_offline_it_says_what_to_bring_and_goes_on_with_it(
    hub: Hub, models: Path, offer: CheckpointEntry
) -> None:
    offline = replace(OPTIONS, offline=True)
    with pytest.raises(ModelUnreachable, match=rf"by hand: {hub.address}{ADDRESS}; put the files into"):
        install_checkpoint(offer, converter, offline, Watch())
    (models / "mine.partial" / "tagger.pt").write_bytes(CONTENT)
    install_checkpoint(offer, converter, offline, Watch())
    assert (hub.requests, model_names()) == ([], ["mine"])


def test_a_fetch_that_broke_off_goes_on(hub: Hub, offer: CheckpointEntry) -> None:
    hub.script = [closes_after(4000)]
    install_checkpoint(offer, converter, OPTIONS, Watch())
    assert hub.ranges == ["", "bytes=4000-"]


def test_releases_are_githubs_and_a_mirror_of_the_hub_alone_is_none_of_theirs(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    assert release_address() == "https://github.com"
    monkeypatch.setenv("MONITOR_MIRROR", "https://mirror.example/")
    assert release_address() == "https://mirror.example"


def test_the_catalogue_pins_the_tagger(models: Path) -> None:
    mn04 = list_catalogue()["mn04"]
    assert isinstance(mn04, CheckpointEntry)
    assert mn04.remote_path == "fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt"
    assert (len(mn04.checkpoint.sha256), mn04.size) == (64, 4_066_513)


@pytest.mark.skipif(not NO_EXPORT, reason="torch and onnx are installed, so that nothing is missing")
def test_without_the_extra_the_command_says_what_is_missing(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "install", "mn04"]) == 2
    err = capsys.readouterr().err
    assert err.endswith(f"run: {install(extra='export')}\n")
    assert (err.count("\n"), hub.requests) == (1, [])


def test_the_list_offers_it(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    lines = {line["name"]: line for line in msgspec.json.decode(capsys.readouterr().out)}
    assert lines["mn04"]["state"] == "installable"
    assert "the extra `export`" in lines["mn04"]["note"]
