"""The student that learns to answer as the audio teacher does."""

from __future__ import annotations

import argparse
import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.encoders.tiny_models import text_tower
from tests.tools.load import load_tool
from tests.tools.student_world import RATE, make_world

torch: Any = load_tool("torch")
corpus, export_student, train_student = (
    load_tool(f"tools.train.{name}") for name in ("corpus", "export_student", "train_student")
)
made, scenes, sources = (load_tool(f"tools.train.student.{name}") for name in ("made", "scenes", "sources"))
graph, hints, listening, measure, naming, network, noise = (
    load_tool(f"tools.train.student.{name}")
    for name in ("graph", "hints", "listening", "measure", "naming", "network", "noise")
)
replay, shipped, soap, stages, start, study, view = (
    load_tool(f"tools.train.student.{name}")
    for name in ("replay", "shipped", "soap", "stages", "start", "study", "view")
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> argparse.Namespace:
    """Arguments of the command, for a world of fourteen clips."""
    folder = make_world(tmp_path_factory)
    return argparse.Namespace(
        data=folder,
        teacher=folder,
        work=folder / "work",
        minutes=math.inf,
        steps=8,
        apart_steps=2,
        chained_steps=2,
        view_steps=2,
        noise_steps=math.inf,
        shipped=None,
        view_s=3.0,
        note_every_s=math.inf,
        threads=1,
        seed=1,
    )


@pytest.fixture(scope="module")
def teacher(world: argparse.Namespace) -> Any:
    return listening.OpenTeacher(world.teacher)


@pytest.fixture(scope="module")
def begun(teacher: Any) -> tuple[Any, Any]:
    """A student with a start that fits twelve sounds, and what the teacher makes of them."""
    rng = np.random.default_rng(1)
    levels = np.logspace(-2, 0, 12, dtype=np.float32)[:, None]
    heard = teacher.hear(torch.from_numpy(np.stack([made.make(rng, RATE) for _ in range(12)]) * levels))
    torch.manual_seed(2)
    student = network.Student().to(memory_format=torch.channels_last)
    start.prepare(student, heard)
    return student, heard


def unit_rows(points: Any) -> Any:
    return torch.nn.functional.normalize(torch.from_numpy(np.asarray(points, np.float32)), dim=1)


def clip(source: str, group: str, fold: int) -> Any:
    return corpus.Clip(0, "", source, "", "", "event", group, fold, -20.0)


def test_nothing_is_learnt_from_a_held_source_a_held_recording_or_a_fold_to_report() -> None:
    held = next(f"g{at}" for at in range(99) if corpus.is_validation(f"g{at}"))
    free = next(f"g{at}" for at in range(99) if not corpus.is_validation(f"g{at}"))
    wanted = clip("esc50", free, 1)
    others = [
        clip("opensfx", free, 1),
        clip("esc50", held, 2),
        clip("esc50", free, 4),
        clip("esc50", free, 6),
    ]
    assert sources.learning_clips([wanted, *others]) == [wanted]


def test_no_clip_is_both_learnt_from_and_measured_on(world: argparse.Namespace) -> None:
    clips = corpus.read_index(world.data)
    learnt = {one.row for one in sources.learning_clips(clips)}
    for name, count in (("validation", 2), ("fold4", 2), ("fold6", 2)):
        measured = {one.row for one in sources.measuring_clips(clips, name)}
        assert len(measured) == count
        assert not measured & learnt


@pytest.mark.parametrize("maker", made.MAKERS, ids=lambda maker: str(maker.__name__))
def test_made_sounds_are_sounds(maker: Any) -> None:
    for seed in range(5):
        sound = maker(np.random.default_rng(seed), RATE)
        assert sound.shape == (RATE,)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() > 0


def test_the_low_sounder_is_a_square_wave_of_520_hz() -> None:
    levels = np.where(np.arange(15) % 2 == 0, 1 / (1 + np.arange(15.0)), 0)
    spectrum = np.abs(np.fft.rfft(made.tone(made.LOW_SOUNDER_HZ, levels, RATE)))
    assert np.argsort(spectrum)[-3:].tolist() == [2600, 1560, 520]


def test_t3_is_on_three_times_half_a_second_then_rests() -> None:
    pattern = [made.T3_ON_S] * 5 + [made.T3_REST_S]
    envelope = made.gate(pattern, np.random.default_rng(1), 8 * RATE)
    edges = np.diff((envelope > 0.5).astype(int))
    starts = np.flatnonzero(edges == 1) / RATE
    assert sorted({round(gap, 1) for gap in np.diff(starts)}) == [1.0, 2.0]


def test_the_same_seed_draws_the_same_scenes_within_full_scale(world: argparse.Namespace) -> None:
    sound = sources.load_sound(world.data, world.work)
    one, again, other = (scenes.Scenes(sound, seed).draw(6, RATE) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert float(one.abs().max()) <= 1


def test_soap_finds_the_floor_of_a_valley_that_lies_askew() -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(64, 8, generator=generator) @ torch.diag(torch.logspace(0, -2, 8))
    x = x @ torch.linalg.qr(torch.randn(8, 8, generator=generator))[0]
    y = x @ torch.randn(8, 4, generator=generator)
    left = {}
    for kind in (soap.Soap, torch.optim.Adam):
        weight = torch.zeros(4, 8, requires_grad=True)
        optimizer = kind([weight], lr=0.02)
        for _ in range(300):
            optimizer.zero_grad()
            loss = (x @ weight.T - y).square().mean()
            loss.backward()
            optimizer.step()
        left[kind] = loss.item()
    assert left[soap.Soap] < left[torch.optim.Adam] / 3


def test_the_open_teacher_answers_as_the_teacher(world: argparse.Namespace, teacher: Any) -> None:
    audio = torch.randn(3, RATE) * 0.1
    with torch.inference_mode():
        hidden, logits = load_tool("tools.train.teacher").Teacher(world.teacher)(audio)
    heard = teacher.hear(audio)
    torch.testing.assert_close(heard.hidden, hidden, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(heard.logits, logits, atol=1e-4, rtol=1e-4)


def test_maps_have_the_shapes_of_the_teachers(begun: tuple[Any, Any]) -> None:
    student, heard = begun
    shapes = [tuple(one.shape) for one in student.maps(heard.mel.clone())]
    assert shapes == [tuple(one.shape) for one in heard.maps]


def test_each_part_learns_from_the_teachers_map_before_it(begun: tuple[Any, Any]) -> None:
    student, heard = begun
    wanted = hints.Wanted(student, heard)
    optimizer = soap.Soap(study.groups(student), 1e-3)
    for group in optimizer.param_groups:
        group["lr"] = 0.1 * group["share"]
    errors = []
    again = replay.Replay(seed=1, capacity=20)
    again.keep(hints.deep_parts(wanted))
    for _ in range(25):
        each = torch.stack(hints.errors_apart(student, wanted, torch.ones(527), again))
        optimizer.zero_grad()
        each.sum().backward()
        optimizer.step()
        errors.append(each.detach())
    learnable = errors[0] > 0.02  # deep in a random teacher, maps hardly differ
    assert int(learnable.sum()) >= 8
    assert bool((torch.stack(errors[-5:]).mean(0) < errors[0])[learnable].all())


def test_a_replay_keeps_the_newest_windows_with_their_parts_together() -> None:
    ring = replay.Replay(seed=1, capacity=5)
    for at in range(4):
        values = torch.arange(3.0) + 3 * at
        ring.keep([values[:, None], 10 * values[:, None]])
    one, ten = ring.draw(range(2), 200)
    assert sorted(set(one.flatten().tolist())) == [7, 8, 9, 10, 11]
    assert torch.equal(10 * one, ten)


def test_the_folded_student_is_the_same_function(begun: tuple[Any, Any], teacher: Any) -> None:
    student, _ = begun
    audio = torch.randn(2, RATE) * 0.1
    with torch.inference_mode():
        hidden, logits = student(teacher.front(audio))
        found_hidden, found_logits = graph.StudentGraph(student)(audio)
    torch.testing.assert_close(found_hidden, student.hidden_scale.undo(hidden), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(found_logits, logits, atol=1e-3, rtol=1e-3)


def test_labels_teach_words_and_leave_a_name_without_one_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sounds of classes 0 and 1 raise logits 10 and 11, whose names are not theirs; 20 has no label."""
    monkeypatch.setattr(naming, "STEPS", 60)
    torch.manual_seed(4)
    names = torch.nn.functional.normalize(torch.randn(network.LOGITS, 32), dim=1)
    truth = torch.arange(400) % 2
    logits = torch.randn(400, network.LOGITS) - 3
    logits[torch.arange(400), 10 + truth] += 12
    notes = naming.Notes(torch.randn(400, network.HIDDEN), logits, truth, ["one", "two"])
    meant = torch.nn.functional.normalize(names[10:12] + names[[30, 31]], dim=1).numpy()
    taught = naming.teach(
        notes, names, lambda texts: np.stack([meant[int("two" in text)] for text in texts]), 1
    )
    with torch.inference_mode():
        points = taught(notes.hidden, notes.logits)
        unlabelled = notes.logits.mean(0)[None].clone()
        unlabelled[0, 20] += 12
        other = taught(torch.zeros(1, network.HIDDEN), unlabelled)
    assert bool(((points @ torch.from_numpy(meant).T).argmax(1) == truth).all())
    assert int((other @ names.T).argmax()) == 20


def test_notes_are_taken_once_for_a_student_and_can_leave_classes_out(tmp_path: Path) -> None:
    notes = naming.Notes(
        torch.arange(4.0)[:, None], torch.zeros(4, 2), torch.tensor([0, 1, 2, 1]), ["a", "b", "c"]
    )
    naming.kept_notes(tmp_path / "notes.pt", "one", lambda: notes)
    again = naming.kept_notes(tmp_path / "notes.pt", "one", lambda: pytest.fail("heard twice"))
    left = again.without({"a"})
    assert left.classes == ["b", "c"]
    assert left.hidden.flatten().tolist() == [1, 2, 3]
    assert left.truth.tolist() == [0, 1, 0]
    other = naming.Notes(torch.ones(1, 1), torch.zeros(1, 2), torch.tensor([0]), ["a"])
    assert naming.kept_notes(tmp_path / "notes.pt", "two", lambda: other) is other


def test_labels_move_evidence_no_further_than_the_bound_and_only_of_names_near_their_words() -> None:
    names = torch.eye(network.LOGITS)  # of which labels have words for 0 and 3
    reach = naming.reach(names, names[[0, 3]])
    taught = naming.Taught(names, torch.zeros(network.LOGITS), reach, 1.0)
    hidden, logits = torch.zeros(1, network.HIDDEN), torch.zeros(1, network.LOGITS)
    with torch.no_grad():
        taught.offset[:] = -1000.0
        taught.offset[3] = 1000.0
        point = taught.teachable(hidden, logits)[0]
    low, unmoved, high = torch.sigmoid(
        torch.tensor([-naming.BOUND, 0, naming.BOUND]) - naming.OFFSET * naming.POWER
    )
    torch.testing.assert_close(point[3] / point[0], high / low)
    torch.testing.assert_close(point[3] / point[5], high / unmoved)


def test_marks_know_perfect_from_mean() -> None:
    wanted = torch.randn(50, 7)
    assert measure.explained(wanted, wanted) == 1
    assert abs(measure.explained(wanted.mean(0).expand(50, 7), wanted)) < 1e-5
    assert measure.correlation(3 * wanted + 1, wanted) > 0.999


def ratio_db(scene: Any, heard: Any) -> float:
    return float(10 * torch.log10(scene.square().mean() / (heard - scene).square().mean()))


def test_the_clean_scenes_stay_and_the_others_get_a_background_within_the_ratios(
    world: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "ECHOED", 0.0)
    sound = sources.load_sound(world.data, world.work)
    scene = scenes.Scenes(sound, 1).draw(12, RATE) * 0.05  # far from full scale
    heard = noise.Noise(sound, 1).add(scene, 4)
    assert torch.equal(heard[:4], scene[:4])
    ratios = [ratio_db(*pair) for pair in zip(scene[4:], heard[4:], strict=True)]
    assert min(ratios) > -0.1
    assert max(ratios) < 20.1
    assert max(ratios) - min(ratios) > 3


def test_noise_never_exceeds_full_scale_and_the_same_seed_draws_it_again(world: argparse.Namespace) -> None:
    sound = sources.load_sound(world.data, world.work)
    scene = scenes.Scenes(sound, 1).draw(8, RATE)
    scene /= scene.abs().amax(1, keepdim=True)
    one, again, other = (noise.Noise(sound, seed).add(scene, 0) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert float(one.abs().max()) <= 1


def test_an_echo_moves_no_sound_forward_and_keeps_its_power() -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1
    wet = noise.echo(click, scenes.room(np.random.default_rng(1), RATE), float(np.mean(click**2)))
    assert np.abs(wet[: RATE // 2]).max() < 1e-4 * np.abs(wet).max()
    assert int(np.abs(wet).argmax()) == RATE // 2
    np.testing.assert_allclose(np.mean(wet**2), np.mean(click**2), rtol=1e-3)


def test_a_window_is_cut_where_it_is_loud_and_the_longer_view_counts_as_far_as_it_is_heard() -> None:
    short, steady = torch.zeros(5 * RATE), torch.randn(5 * RATE)
    short[2 * RATE : 3 * RATE] = torch.randn(RATE)
    generator = torch.Generator().manual_seed(1)
    windows, weights = view.cut(torch.stack([short, steady] * 50), 2 * RATE, generator)
    assert windows.shape == (100, 2 * RATE)
    assert bool((weights[1::2] > 0.45).all())
    assert bool((weights <= view.SHARE).all())
    whole = windows[::2].square().sum(1) > 0.999 * short.square().sum()
    assert bool((weights[::2][whole] < 0.01).all())  # nothing is added to what the window holds
    assert float(whole.float().mean()) > 0.5  # of any place, a third


def test_in_noise_early_maps_learn_from_clean_windows_only(begun: tuple[Any, Any]) -> None:
    student, heard = begun
    wanted = hints.Wanted(student, heard)
    wanted.clean = 4
    before, noisy_before = hints.errors_chained(student, wanted, torch.ones(527))
    wanted.mel = wanted.mel.clone()
    wanted.mel[4:] += torch.randn_like(wanted.mel[4:])
    after, noisy_after = hints.errors_chained(student, wanted, torch.ones(527))
    assert len(after) == len(hints.PARTS)
    assert len(noisy_after) == len(hints.NOISY_PARTS) == len(study.NOISY_WEIGHTS)
    torch.testing.assert_close(torch.stack(before), torch.stack(after))
    assert all(one > other for one, other in zip(noisy_after[:5], noisy_before[:5], strict=True))


def test_lines_with_new_columns_leave_gaps_in_the_old_ones(tmp_path: Path) -> None:
    study.append(tmp_path / "curve.csv", {"step": 1, "old": 2})
    study.append(tmp_path / "curve.csv", {"step": 2, "new": 3})
    assert (tmp_path / "curve.csv").read_text().split() == ["step,new,old", "1,,2", "2,3,"]


def test_exams_in_noise_and_of_a_longer_view_ask_for_other_things_than_the_window(
    world: argparse.Namespace, teacher: Any
) -> None:
    exams = {exam.name: exam for exam in measure.load_exams(world.data, teacher, world.work)}
    plain, wide, noisy = (exams[name] for name in ("validation", "validation_wide", "validation_0db"))
    assert torch.equal(plain.hidden, noisy.hidden)
    assert len(wide.mel) == 1  # of two clips, one is shorter than the longer view
    assert not any(torch.equal(wide.hidden[0], one) for one in plain.hidden)
    assert not torch.equal(plain.mel, noisy.mel)


def test_a_run_that_is_stopped_goes_on_from_where_it_was(
    world: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "SHORT", (8, 2 * RATE))
    monkeypatch.setattr(study, "LONG", (4, 5 * RATE))
    first = train_student.train(world)
    assert first.total == 8
    assert first.stage is stages.NOISE
    second = study.Study(world.work, first.teacher, world.seed)
    assert (second.total, second.step, second.stage) == (first.total, first.step, first.stage)
    for one, other in zip(first.student.parameters(), second.student.parameters(), strict=True):
        assert torch.equal(one, other)
    assert (world.work / "curve.csv").read_text().count("\n") == 5


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")  # what torch's exporter says about torch itself
def test_a_shipped_graph_goes_on_as_the_student_it_was(
    begun: tuple[Any, Any], teacher: Any, tmp_path: Path
) -> None:
    student = copy.deepcopy(begun[0])
    for excite in (block.excite for block in student.blocks if block.excite is not None):
        torch.nn.init.normal_(excite.bias)  # at the start it is nothing, and a graph keeps no zeros
    graph.export(graph.StudentGraph(student), tmp_path / "audio.onnx", 2 * RATE)
    other, sound = network.Student().eval(), torch.randn(12, RATE) * torch.logspace(-2, 0, 12)[:, None]
    start.prepare(other, teacher.hear(sound))  # other scales
    shipped.unfold(other, shipped.shipped_weights(tmp_path / "audio.onnx"))
    mel = teacher.front(torch.randn(2, RATE) * 0.1)
    with torch.inference_mode():
        hidden, logits = student(mel)
        own_hidden, own_logits = other(mel)
        wanted, found = student.hidden_scale.undo(hidden), other.hidden_scale.undo(own_hidden)
    torch.testing.assert_close(found, wanted, atol=0.02, rtol=0.02)
    torch.testing.assert_close(own_logits, logits, atol=0.02, rtol=0.02)


def test_another_graph_is_no_student_to_go_on_from(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_bytes(text_tower())
    with pytest.raises(SystemExit, match="is no student of tools/train/export_student"):
        shipped.shipped_weights(tmp_path / "text.onnx")


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")  # what torch's exporter says about torch itself
def test_the_last_stage_ends_after_its_steps_and_a_new_folder_begins_with_a_shipped_graph(
    world: argparse.Namespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(study, "SHORT", (4, 2 * RATE))
    monkeypatch.setattr(study, "LONG", (2, 5 * RATE))
    given = {**vars(world), "work": tmp_path, "steps": math.inf, "noise_steps": 1}
    steps = {"apart_steps": 1, "chained_steps": 1, "view_steps": 0}
    args = argparse.Namespace(**{**given, **steps})
    first = train_student.train(args)
    assert (first.stage, first.step, first.total) == (stages.NOISE, 1, 3)
    graph.export(graph.StudentGraph(first.average), tmp_path / "audio.onnx", 2 * RATE)
    args.shipped = tmp_path / "audio.onnx"
    assert train_student.train(args).total == 3  # it has a student, and is done
    args.work = tmp_path / "new"
    again = train_student.train(args)
    assert (again.stage, again.total) == (stages.NOISE, 1)
