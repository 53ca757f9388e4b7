"""What the network for rooms learns from, and where it is put."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.encoders.store import ModelFile, StoredModel, read_folder
from monitor.evaluation.clips import Clip
from monitor.units import unit_norm
from tests.encoders.tiny_models import DIM, room_network, sha256, tiny_model
from tests.fakes import RATE, FakeEncoder, noise, tone
from tests.tools.load import load_tool

rooms = load_tool("rooms")
train_room = load_tool("train_room")
torch = pytest.importorskip("torch")

LENGTH = 100


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def room(group: str, word: str, *, is_background: bool = True, count: int = 4) -> Any:
    windows = np.stack([tone(word, 1.0) + noise(1.0, seed=seed) for seed in range(count)])
    points = FakeEncoder().embed_audio(windows)
    return rooms.Room(group, is_background, windows.astype(np.float16), points)


def test_a_recording_is_cut_into_windows_less_what_is_silent() -> None:
    samples = np.concatenate([noise(1.0), np.zeros(RATE, np.float32), noise(1.5, seed=1)])
    parts = rooms.split(samples, RATE)
    assert len(parts) == 2
    assert (parts[1] == noise(1.5, seed=1)[:RATE]).all()


def test_a_short_recording_is_repeated_to_one_window() -> None:
    (part,) = rooms.split(noise(0.75), RATE)
    assert (part[: RATE * 3 // 4] == noise(0.75)).all()
    assert (part[RATE * 3 // 4 :] == noise(0.75)[: RATE // 4]).all()


@pytest.mark.parametrize("length", [30, 99, 100, 101, 1000])
def test_a_cut_is_a_window_that_is_not_much_fainter_than_the_loudest(length: int) -> None:
    samples = random(1).standard_normal(length).astype(np.float32)
    samples[: length // 2] *= 1e-3
    for seed in range(20):
        window = rooms.cut(samples, LENGTH, random(seed))
        assert window.shape == (LENGTH,)
        assert np.square(window).mean() > 0.05 * np.square(samples[-LENGTH:]).sum() / LENGTH


def test_a_short_sound_is_whole_wherever_it_is_put() -> None:
    samples = random(1).standard_normal(31).astype(np.float32)
    windows = [rooms.cut(samples, LENGTH, random(seed)) for seed in range(20)]
    for window in windows:
        start = int(np.flatnonzero(window)[0])
        assert (window[start : start + 31] == samples).all()
    assert len({int(np.flatnonzero(window)[0]) for window in windows}) > 5


def test_half_of_the_sounds_are_drawn_with_every_label_alike() -> None:
    clips = [Clip(f"{number}.wav", "dog", "event", 1, str(number)) for number in range(99)]
    clips.append(Clip("rare.wav", "siren", "event", 1, "rare"))
    drawn = rooms.draw_sounds(clips, 4000, random())
    assert len(drawn) == 4000 // rooms.MIXTURES_PER_SOUND
    assert [clip.path for clip in drawn] == sorted(clip.path for clip in drawn)
    assert sum(clip.label == "siren" for clip in drawn) / len(drawn) == pytest.approx(0.25, abs=0.05)


def test_what_tells_of_a_room_is_never_the_window_in_the_mixture() -> None:
    points = np.eye(4, dtype=np.float32)
    own = rooms.Room("r", True, np.zeros((4, 1), np.float16), points)
    for seed in range(50):
        mean = own.without(2, random(seed))
        assert mean[2] == 0.0
        assert mean.sum() == pytest.approx(1.0)


def test_a_lesson_is_a_mixture_its_room_and_the_clean_sound() -> None:
    encoder = FakeEncoder()
    found = rooms.teach(encoder, tone("high", 1.0), [room("a", "low"), room("b", "low")], random())
    low, _, high, _ = np.eye(4, dtype=bool)
    count = rooms.MIXTURES_PER_SOUND
    assert found.heard.shape == found.rooms.shape == found.clean.shape == (count, 4)
    assert (found.clean @ high > 0.99).all()
    assert (found.rooms @ low > 0.99).all()
    assert (found.heard[:, low.argmax()] > 0.01).all()


def test_lessons_are_the_same_for_the_same_seed() -> None:
    encoder, own = FakeEncoder(), [room("a", "low"), room("b", "middle", is_background=False)]
    first, again = (rooms.teach(encoder, tone("high", 1.0), own, random(3)) for _ in range(2))
    other = rooms.teach(encoder, tone("high", 1.0), own, random(4))
    assert (first.heard == again.heard).all()
    assert not np.array_equal(first.heard, other.heard)


def test_a_point_projected_off_its_room_has_no_share_in_it() -> None:
    points, means = random().standard_normal((2, 5, DIM)).astype(np.float32)
    found = rooms.project_off(points, means)
    assert (found * means).sum(axis=1) == pytest.approx(0.0, abs=1e-5)
    assert rooms.project_off(points, np.zeros_like(means)) == pytest.approx(points)


def unit(count: int, seed: int) -> NDArray[np.float32]:
    rows = random(seed).standard_normal((count, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_a_network_that_has_learnt_nothing_takes_off_the_direction_of_the_room() -> None:
    clear = train_room.as_function(train_room.RoomNetwork(DIM))
    sounds, means = unit(5, 0), 0.8 * unit(5, 1)
    assert clear(sounds, means) == pytest.approx(unit_norm(rooms.project_off(sounds, means)), abs=1e-6)
    assert clear(sounds, np.zeros_like(sounds)) == pytest.approx(sounds, abs=1e-6)


def test_some_rooms_are_wrong_and_some_unknown() -> None:
    torch.manual_seed(0)
    means = torch.arange(1.0, 10_001.0)[:, None].repeat(1, 2)
    given = train_room.mislead(means)[:, 0]
    assert float((given == 0).float().mean()) == pytest.approx(train_room.UNKNOWN_SHARE, abs=0.02)
    assert float((given == means[:, 0]).float().mean()) == pytest.approx(0.7, abs=0.02)


def test_nothing_is_missed_by_the_clean_point_itself() -> None:
    clean, words = torch.from_numpy(unit(6, 0)), torch.from_numpy(unit(3, 1))
    assert float(train_room.miss(clean, clean, words)) == pytest.approx(0.0, abs=1e-6)
    assert float(train_room.miss(clean.roll(1, 0), clean, words)) > 0.1


def trial(count: int) -> Any:
    shape = (len(rooms.TRIAL_SNRS_DB), count, DIM)
    heard = unit(shape[0] * count, 4).reshape(shape)
    truth = np.zeros(count, np.int64)
    return rooms.Trial(heard, unit(count, 5), unit(3, 6), truth, groups=count)


@pytest.mark.filterwarnings("ignore")
def test_a_network_learns_and_its_graph_gives_what_it_gives(tmp_path: Path) -> None:
    """A room that was added to the sound is told to be taken away again."""
    clean, means = unit(2000, 7), unit(2000, 8)
    lessons = rooms.Lessons(
        train_room.functional.normalize(torch.from_numpy(clean + means)).numpy(), means, clean
    )
    network = train_room.train(lessons, unit(20, 9), trial(7), epochs=40)
    clear = train_room.export_room(network, tmp_path / "room.onnx", trial(7))
    cleared = clear(lessons.heard, means)
    assert (cleared * clean).sum(axis=1).mean() > (lessons.heard * clean).sum(axis=1).mean() + 0.1
    model = tiny_model(room=(tmp_path / "room.onnx").read_bytes()).write(tmp_path / "model")
    from monitor import load_encoder

    assert load_encoder(str(model.folder)).clear(lessons.heard, means) == pytest.approx(cleared, abs=1e-5)


def test_the_network_of_an_installed_model_is_pinned_in_its_entry(tmp_path: Path) -> None:
    (tmp_path / "new.onnx").write_bytes(room_network())
    model = tiny_model().write(tmp_path / "own")
    train_room.install(tmp_path / "new.onnx", model)
    found = read_folder(model.folder)
    found.verify()
    assert found.entry.room == ModelFile("room.onnx", sha256(room_network()))
    assert msgspec.structs.replace(found.entry, room=None) == model.entry


def test_the_network_of_a_model_of_a_manifest_is_pinned_there(tmp_path: Path) -> None:
    own = tiny_model().write(tmp_path / "own")
    text = "".join(
        f'[models.{name}]\ntokenizer = {{ file = "own/t", sha256 = "t" }}\nprompt = "{name}"\n\n'
        for name in ("first", "own", "last")
    )
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(text)
    (own.folder / "model.toml").unlink()
    entry = msgspec.structs.replace(own.entry, audio=ModelFile("own/audio.onnx", ""))
    (tmp_path / "new.onnx").write_bytes(room_network())
    for _ in range(2):  # the second time in place of the first
        train_room.install(tmp_path / "new.onnx", StoredModel("own", entry, tmp_path))
    found = tomllib.loads(manifest.read_text())["models"]
    assert found["own"].pop("room")["file"] == "own/room.onnx"
    assert found == tomllib.loads(text)["models"]
    assert manifest.read_text().replace("room = ", "").count("\n") == text.count("\n") + 1
    assert (tmp_path / "own" / "room.onnx").read_bytes() == room_network()
