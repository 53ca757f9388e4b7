"""The student that goes on learning from both audio teachers."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool
from tests.tools.student_world import make_world

torch: Any = load_tool("torch")
export_student, joint_space, train_both, yamnet = (
    load_tool(f"tools.train.{name}") for name in ("export_student", "joint_space", "train_both", "yamnet")
)
evidence = load_tool("monitor.export.evidence")
both, hints, labelled, listening, naming_exam, network, pool, sources, start, study = (
    load_tool(f"tools.train.student.{name}")
    for name in (
        *("both", "hints", "labelled", "listening", "naming_exam", "network", "pool", "sources"),
        *("start", "study"),
    )
)


class Second:
    """A second teacher that knows one class, whose evidence is how loud a sound is."""

    def __init__(self, *_: object) -> None:
        pass

    def hear(self, samples: Any) -> Any:
        found = np.full(yamnet.CLASSES, -9.0, np.float32)
        found[3] = 10 * np.log10(np.mean(np.square(samples)) + 1e-9)
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> argparse.Namespace:
    """Arguments of the command, a student that has just begun, and a list of AudioSet's classes."""
    folder = make_world(tmp_path_factory)
    labels = [f"Sound {at}" for at in range(network.LOGITS)]
    with (folder / "class_labels_indices.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "mid", "display_name"])
        writer.writerows((at, "", label) for at, label in enumerate(labels))
    (folder / yamnet.LABELS).write_text("\n".join(labels[6:]), "utf-8")
    work = folder / "work"
    heard = listening.OpenTeacher(folder).hear(torch.randn(12, 32_000) * torch.logspace(-2, 0, 12)[:, None])
    student = network.Student()
    start.prepare(student, heard)
    torch.save({"average": student.state_dict()}, work / study.STATE)
    return argparse.Namespace(
        data=folder,
        teacher=folder,
        second=folder,
        models=Path("models"),
        work=work,
        pool=64,
        both_steps=4,
        note_every_s=0.0,
        seed=1,
        leave_out=["siren"],
    )


def scenes_of(n: int, first: int = 0) -> dict[str, Any]:
    """Make scenes whose numbers say which they are."""
    rows = np.arange(first, first + n)[:, None]
    return {name: np.repeat(rows, kind.width, axis=1) for name, kind in pool.KINDS.items()}


def test_a_pool_gives_back_what_was_added_while_another_process_adds_to_it(tmp_path: Path) -> None:
    writer, reader = pool.Pool(tmp_path), pool.Pool(tmp_path)
    writer.add(scenes_of(3))
    assert len(reader) == 3
    assert reader.draw(np.array([2]))["hidden"].unique().tolist() == [2.0]
    writer.add(scenes_of(2, 3))
    drawn = reader.draw(np.array([4, 1]))
    for name, kind in pool.KINDS.items():
        assert drawn[name].shape == (2, kind.width)
        wanted = torch.tensor([4.0, 1.0]) / (32767 if name == "audio" else 1)
        torch.testing.assert_close(drawn[name][:, 0], wanted)


def test_a_scene_that_was_not_written_whole_is_none(tmp_path: Path) -> None:
    made = pool.Pool(tmp_path)
    made.add(scenes_of(2))
    with (tmp_path / "audio.bin").open("ab") as file:
        file.write(bytes(pool.KINDS["audio"].size + 7))  # a scene and a bit, before the teachers' answers
    assert len(made) == 2
    made.mend()
    made.add(scenes_of(1, 2))
    assert pool.Pool(tmp_path).draw(np.array([2]))["audio"].unique().tolist() == [pytest.approx(2 / 32767)]


def test_the_goal_is_the_mean_evidence_of_both_where_both_know_a_class() -> None:
    typical = torch.full((network.LOGITS,), -6.0)
    columns = torch.arange(6, network.LOGITS)
    goals = both.Goals(typical, torch.full((yamnet.CLASSES,), -9.0), columns)
    first, second = torch.full((1, network.LOGITS), -6.0), torch.full((1, yamnet.CLASSES), -9.0)
    torch.testing.assert_close(goals.logits(first, second), first)  # nothing that is not ordinary
    second[0, 0] += 9.0
    goal = goals.logits(first, second)
    assert float(goal[0, 6]) == pytest.approx(-6.0 + 9.0 * both.SECOND_SHARE)
    first[0, 2] = 4.0  # a class that the second does not know
    assert float(goals.logits(first, second)[0, 2]) == 4.0


def test_labels_stand_where_the_list_of_classes_has_them(world: argparse.Namespace) -> None:
    classes = joint_space.audioset_names(world.teacher)
    assert yamnet.columns(["Sound 9", "Sound 2"], classes).tolist() == [9, 2]
    assert yamnet.labels_of(world.second)[0] == "Sound 6"
    with pytest.raises(SystemExit, match="no class 'Sound 999'"):
        yamnet.columns(["Sound 999"], classes)


def test_the_pool_is_filled_the_student_learns_from_it_and_goes_on_where_it_was(
    world: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_both, "Yamnet", Second)
    monkeypatch.setattr(
        train_both, "naming_exam", lambda *_: argparse.Namespace(measure=lambda *_: {"clean": 0.5})
    )
    monkeypatch.setattr(both, "BATCH", 8)
    train_both.fill(world)
    assert len(pool.Pool(world.work / "pool")) == 64
    begin = export_student.load_student(world.work / study.STATE)
    first = train_both.learn(world)
    assert first.done
    assert first.rate() == 0.0
    learnt = export_student.last_student(world.work)
    for name, value in learnt.named_parameters():
        early = name.startswith(("stem.", *(f"blocks.{at}." for at in range(hints.ALONE))))
        assert torch.equal(value, begin.get_parameter(name)) == early, name
    world.both_steps = 6
    second = train_both.learn(world)
    assert second.step == 6
    assert both.left_out_of(world.work) == {"siren"}
    with pytest.raises(SystemExit, match="go on so"):
        train_both.learn(argparse.Namespace(**{**vars(world), "leave_out": []}))
    lines = (world.work / both.CURVE).read_text().splitlines()
    assert lines[0].startswith("step,windows,scenes,minutes,rate,clean,hidden_clean,hidden_noisy")
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1", "2", "3", "4", "5", "6"]


def test_half_of_the_pool_is_one_labelled_sound_each(
    world: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = sources.load_sound(world.data, world.work)
    scenes = labelled.LabelledScenes(sound, 3)
    audio, labels = scenes.draw_labelled(40, 32_000)
    assert audio.shape == (40, 32_000)
    assert float(audio.abs().max()) <= 1
    drawn = {scenes.classes[at] for at in labels}
    recorded = {clip.canonical for clip in sound.clips if not clip.canonical.startswith("unlabelled")}
    assert drawn & recorded
    monkeypatch.setattr(labelled, "SIGNALS", 1.0)
    made = {scenes.classes[at] for at in scenes.draw_labelled(12, 32_000)[1]}
    assert made <= {name for one in labelled.signals.SIGNALS for name in one.names}
    first = listening.OpenTeacher(world.teacher)
    long = torch.nn.functional.pad(audio[:3], (0, 128_000))
    heard = pool.Teachers(first, Second()).hear(long, torch.Generator().manual_seed(1), labels[:3])
    assert heard["label"].tolist() == [[int(at)] for at in labels[:3]]
    plain = pool.Teachers(first, Second()).hear(long, torch.Generator().manual_seed(1))
    assert plain["label"].tolist() == [[pool.UNLABELLED]] * 3


def test_classes_that_are_left_out_teach_the_network_nothing() -> None:
    classes = ["cow", "dog_bark", "siren"]
    assert both.places_of(classes).tolist() == [0, 1, 2, -1]
    places = both.places_of(classes, {"cow"})
    assert places.tolist() == [-1, 0, 1, -1]
    assert int(places[pool.UNLABELLED]) == -1


def test_labels_move_what_the_network_hears(
    world: argparse.Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(both, "BATCH", 4)
    goals = both.Goals(torch.zeros(network.LOGITS), torch.zeros(yamnet.CLASSES), torch.arange(yamnet.CLASSES))
    names = torch.nn.functional.normalize(torch.randn(network.LOGITS, 8), dim=1)
    place = evidence.Evidence(names, torch.zeros(network.LOGITS))
    found = []
    for label in (0, pool.UNLABELLED):
        scenes = scenes_of(8) | {
            "audio": np.full((8, sources.RATE * 2), 300),
            "label": np.full((8, 1), label),
        }
        work = tmp_path / str(label)
        pool.Pool(work / "pool").add(scenes)
        begin = export_student.load_student(world.work / study.STATE).train()
        learning = both.BothStudy(work, begin, place, goals, ["dog_bark", "siren"], 9)
        quiet = argparse.Namespace(add=lambda audio, _: audio)
        for _ in range(2):
            learning.learn(quiet, listening.OpenTeacher(world.teacher))
        found.append(learning)
    told, untold = found
    assert told.told > 0
    assert untold.told == 0
    assert torch.count_nonzero(told.classifier.weight)
    assert not torch.count_nonzero(untold.classifier.weight)
    assert not torch.equal(told.student.hidden.weight, untold.student.hidden.weight)


def test_an_exam_of_names_asks_for_held_out_events_in_noise(world: argparse.Namespace) -> None:
    words = np.eye(3, dtype=np.float32)
    with (world.data / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    events = [dict(rows[9], canonical=name) for name in ("hen", "hen", "cow", "cow", "once")]
    data = world.data / "exam"
    data.mkdir()
    for row in rows:
        (data / row["path"]).symlink_to(world.data / row["path"])
    with (data / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([*rows, *events])
    asked: list[str] = []

    def embed(texts: list[str]) -> Any:
        asked.extend(texts)
        return words[: len(texts)]

    exam = naming_exam.naming_exam(data, listening.OpenTeacher(world.teacher), embed)
    assert asked == ["the sound of a cow", "the sound of a hen"]
    assert exam.truth.tolist() == [1, 1, 0, 0]
    assert set(exam.mels) == {"clean", "10_db", "0_db"}
    assert not torch.equal(exam.mels["clean"], exam.mels["0_db"])
    student = export_student.load_student(world.work / study.STATE)
    always_hen = lambda logits: torch.tensor([0.0, 1.0, 0.0]).expand(len(logits), 3)  # noqa: E731
    found = naming_exam.NamingExam(exam.mels, exam.truth, torch.from_numpy(words[:2])).measure(
        student, always_hen
    )
    assert found == {"clean": 0.5, "10_db": 0.5, "0_db": 0.5}
