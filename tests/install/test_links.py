"""Nothing is written, moved or deleted through a link, and no mirror's token is printed."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from monitor.errors import ModelError
from monitor.files.folder_files import read_below
from monitor.install.installer import install_folder, install_remote, remove
from monitor.models.catalogue import RemoteFile
from monitor.models.manifest import ModelFile
from monitor.models.store import find_model, model_names
from tests.encoders.tiny_models import tiny_model
from tests.install.hub import Hub, Request, honest, status
from tests.install.test_installer import OPTIONS, is_usable, offer
from tests.install.watching import Watch

LETTER = "a letter to nobody"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with things of the user in it."""
    folder = tmp_path / "home"
    (folder / "papers").mkdir(parents=True)
    for path in ("letter.txt", "papers/letter.txt", "audio.onnx", "model.toml"):
        (folder / path).write_text(LETTER, "utf-8")
    return folder


def assert_untouched(home: Path) -> None:
    found = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert found == {"letter.txt", "papers/letter.txt", "audio.onnx", "model.toml"}
    assert all(path.read_text("utf-8") == LETTER for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("ends", [".partial", ".old", ""])
def test_a_linked_folder_loses_nothing_to_an_install(hub: Hub, models: Path, home: Path, ends: str) -> None:
    models.mkdir()
    (models / f"mine{ends}").symlink_to(home)
    entry = offer(hub, tiny_model())
    if ends == ".partial":
        with pytest.raises(ModelError, match=r"mine\.partial is a link.*delete the link"):
            install_remote(entry, OPTIONS, Watch())
        (models / "mine.partial").unlink()
    install_remote(entry, replace(OPTIONS, force=True), Watch())
    assert_untouched(home)
    assert is_usable()
    assert not (models / "mine").is_symlink()


@pytest.mark.parametrize("ends", [".partial", ".old", ""])
def test_a_linked_folder_loses_nothing_to_a_removal(models: Path, home: Path, ends: str) -> None:
    models.mkdir()
    (models / f"mine{ends}").symlink_to(home)
    remove("mine")
    assert_untouched(home)
    assert not list(models.glob("mine*"))


def test_a_linked_store_is_refused_with_what_to_set(hub: Hub, models: Path, home: Path) -> None:
    models.symlink_to(home)
    with pytest.raises(ModelError, match=r"is a link.*set MONITOR_MODELS to the folder it leads to"):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    (home / "mine").mkdir()
    with pytest.raises(ModelError, match="is a link"):
        remove("mine")
    assert_untouched(home)


def lock_as_link(lock: Path, home: Path) -> None:
    lock.symlink_to(home / "new.txt")


def lock_as_pipe(lock: Path, home: Path) -> None:
    os.mkfifo(lock)


def lock_as_folder(lock: Path, home: Path) -> None:
    lock.symlink_to(home)


@pytest.mark.parametrize("make", [lock_as_link, lock_as_pipe, lock_as_folder])
def test_a_lock_that_is_no_plain_file_is_refused(hub: Hub, models: Path, home: Path, make: object) -> None:
    models.mkdir()
    assert callable(make)
    make(models / ".lock", home)
    with pytest.raises(ModelError, match=r"Cannot write .*\.lock: "):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert_untouched(home)


@pytest.mark.parametrize("make", [os.symlink, os.link], ids=["link", "hard link"])
def test_a_file_that_is_being_fetched_writes_into_no_other(
    hub: Hub, models: Path, home: Path, make: object
) -> None:
    (models / "mine.partial").mkdir(parents=True)
    assert callable(make)
    make(home / "audio.onnx", models / "mine.partial" / "audio.onnx")
    with pytest.raises(ModelError, match=r"Cannot write .*audio\.onnx: it is .*link.*delete it"):
        install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert_untouched(home)
    (models / "mine.partial" / "audio.onnx").unlink()
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert is_usable()


def test_a_whole_file_brought_as_a_hard_link_is_copied(hub: Hub, models: Path, tmp_path: Path) -> None:
    model = tiny_model()
    (models / "mine.partial").mkdir(parents=True)
    (tmp_path / "downloaded").write_bytes(model.audio)
    (models / "mine.partial" / "audio.onnx").hardlink_to(tmp_path / "downloaded")
    install_remote(offer(hub, model), OPTIONS, Watch())
    (tmp_path / "downloaded").write_bytes(b"changed")
    find_model("mine").verify()


@pytest.mark.parametrize("name", ["..", "../audio.onnx", "/audio.onnx", "a/../../b", "", ".", "a\\b", "a\0b"])
def test_a_file_of_a_model_lies_in_its_folder(models: Path, tmp_path: Path, name: str) -> None:
    model = tiny_model().write(tmp_path / "exported")
    entry = msgspec.structs.replace(model.entry, audio=ModelFile(name, model.entry.audio.sha256))
    with pytest.raises(ModelError, match="is outside the model's folder"):
        msgspec.structs.replace(model, entry=entry).verify()


@pytest.mark.parametrize("name", ["..", "onnx/.."])
def test_a_file_of_the_catalogue_lies_in_its_folder(hub: Hub, models: Path, name: str) -> None:
    entry = offer(hub, tiny_model())
    bad = msgspec.structs.replace(entry, audio=RemoteFile(name, entry.audio.sha256, bytes=entry.audio.bytes))
    with pytest.raises(ModelError):
        install_remote(bad, OPTIONS, Watch())
    assert model_names() == []


@pytest.mark.parametrize("part", ["audio.onnx", "tokenizer.json", "model.toml"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_plain_file_is_no_part_of_a_model(
    models: Path, tmp_path: Path, part: str, kind: str
) -> None:
    folder = tiny_model().write(tmp_path / "exported").folder
    (folder / part).rename(tmp_path / "moved")
    if kind == "link":
        (folder / part).symlink_to(tmp_path / "moved")
    elif kind == "pipe":
        os.mkfifo(folder / part)
    else:
        (folder / part).mkdir()
    with pytest.raises(ModelError, match=r"it is a link|not a plain file|Is a directory"):
        install_folder(folder, OPTIONS, Watch())


def test_a_part_below_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "onnx").symlink_to(tmp_path)
    (tmp_path / "secret").write_text(LETTER, "utf-8")
    with pytest.raises(OSError, match="it is a link"):
        read_below(tmp_path / "model", "onnx/secret")


def test_the_folder_of_an_installed_model_is_like_any_other(hub: Hub, models: Path) -> None:
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    (models / "other").mkdir()
    modes = {stat.S_IMODE((models / name).stat().st_mode) for name in ("mine", "other")}
    assert len(modes) == 1


SECRET = "hunter2hunter2"  # noqa: S105 - of nobody
AUTHORIZED = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()


@pytest.mark.parametrize("form", ["http://user:{secret}@{host}", "http://{host}/?token={secret}"])
@pytest.mark.parametrize("trouble", [None, 404, 503, 403])
def test_a_mirror_gets_its_token_and_nobody_else_sees_it(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch, form: str, trouble: int | None
) -> None:
    seen: list[str] = []

    def answer(request: Request) -> None:
        seen.append(f"{request.headers.get('Authorization', '')} {request.path}")
        request.path = request.path.partition("?")[0]
        honest(request) if trouble is None else status(trouble)(request)

    hub.always = answer
    entry = offer(hub, tiny_model())
    host = hub.address.removeprefix("http://")
    monkeypatch.setenv("HF_ENDPOINT", form.format(secret=SECRET, host=host))
    watch = Watch()
    if trouble is None:
        install_remote(entry, OPTIONS, watch)
        assert is_usable()
    else:
        with pytest.raises(ModelError) as refusal:
            install_remote(entry, OPTIONS, watch)
        assert SECRET not in str(refusal.value)
        assert host in str(refusal.value)
    assert all(AUTHORIZED in one or f"token={SECRET}" in one for one in seen)
    assert SECRET not in repr(watch.said)


def test_a_password_does_not_go_where_the_mirror_redirects_to(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    def answer(request: Request) -> None:
        seen.append(request.headers.get("Authorization"))
        if request.path.startswith("/elsewhere"):
            request.path = request.path.removeprefix("/elsewhere")
            honest(request)
        else:
            request.head(302, location=f"{hub.address}/elsewhere{request.path}", content_length=0)

    hub.always = answer
    monkeypatch.setenv("HF_ENDPOINT", hub.address.replace("http://", f"http://user:{SECRET}@"))
    install_remote(offer(hub, tiny_model()), OPTIONS, Watch())
    assert seen == [AUTHORIZED, None] * 3


@pytest.mark.parametrize("debug", ["0", "1"])
@pytest.mark.parametrize("verb", [["install", "clap"], ["list"], ["list", "--json"], ["verify"]])
def test_the_program_never_prints_a_token(tmp_path: Path, verb: list[str], debug: str) -> None:
    environment = {
        **os.environ,
        "MONITOR_MODELS": str(tmp_path / "models"),
        "HF_ENDPOINT": f"http://user:{SECRET}@127.0.0.1:1/{SECRET}?token={SECRET}",
        "MONITOR_DEBUG": debug,
    }
    command = [sys.executable, "-m", "monitor", "models", *verb]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 1, 2}
    assert SECRET not in done.stdout + done.stderr
    if verb[0] == "install":
        assert "127.0.0.1:1" in done.stdout + done.stderr
