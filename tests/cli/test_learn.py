"""`monitor learn`, from examples to a run that hears what no word of the model says."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from monitor.cli.learn import spelled_out
from monitor.cli.learn_before import way_with
from monitor.cli.main import main
from monitor.sources import demo_sounds
from tests.fakes import INTERRUPTIBLE
from tests.learning import chimes
from tests.learning.sounds import taught as taught_by_three
from tests.vmic import SAMPLE_RATE, VirtualMicrophones

NAME = "glumbrix"
"""What no model knows the word of."""
RUN = ["run", "--headless", "--json", "--fast", "--bind", "none"]


class Lesson(NamedTuple):
    """A chime that was taught once for all tests."""

    street: str
    """A recording with the chime at 6 s and at 13 s."""
    data: Path
    report: dict[str, Any]
    given: str
    """What was taught as a file, with its sound."""


def printed(*arguments: str) -> str:
    """Return what a command prints that succeeds."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(arguments) == 0
    return out.getvalue()


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    folder = tmp_path_factory.mktemp("chime")
    given = str(folder / "chime.sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        takes = chimes.takes_file(folder)
        teach = (
            "learn",
            NAME,
            "--json",
            "--keep-audio",
            "--force",
            "--source",
            takes,
        )  # whatever the trial says
        report = json.loads(printed(*teach))
        printed("learn", "export", NAME, given, "--with-audio")
        yield Lesson(chimes.street_file(folder), folder / "data", report, given)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for what is taught."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def taught(lesson: Lesson, data: Path) -> Lesson:
    """What was taught, in a place of this test."""
    shutil.copytree(lesson.data, data)
    return lesson


def heard(source: str, *options: str) -> list[float]:
    """Return when the chime is told in a run over a file."""
    told = map(json.loads, printed(*RUN, "--source", f"file:{source}", *options).splitlines())
    return [one["onset_position_s"] for one in told if (one["type"], one.get("class")) == ("onset", NAME)]


def test_a_chime_that_no_word_is_for_is_heard_by_whom_it_was_taught_only(taught: Lesson) -> None:
    assert [one["taken"] for one in taught.report["examples"]] == [True] * 5
    assert taught.report["found"] > taught.report["by_words"]
    at_s = pytest.approx([6.0, 13.0], abs=0.6)
    assert heard(taught.street, "--classes", f"siren,{NAME}") == at_s
    (trial,) = json.loads(printed("learn", "test", NAME, taught.street, "--json"))
    assert [one["at_s"] for one in trial["heard"]] == at_s
    printed("learn", "forget", NAME)
    assert heard(taught.street, "--classes", f"siren,{NAME}") == []


def test_a_run_says_how_a_class_was_taught_and_does_not_doubt_its_word(
    taught: Lesson, capsys: pytest.CaptureFixture[str]
) -> None:
    run = [*RUN, "--strict", "--classes", NAME, "--source", f"file:{taught.street}"]
    assert main(run) == 0
    note = f"Heard by the examples that you taught: {NAME} (5 examples"
    assert note in capsys.readouterr().err
    told = map(json.loads, printed(*RUN, "--source", f"file:{taught.street}").splitlines())
    assert note in capsys.readouterr().err, "it is listened for beside the usual classes"
    threshold = next(one["threshold"] for one in told if one.get("class") == NAME)
    (trial,) = json.loads(printed("learn", "test", NAME, taught.street, "--json"))
    assert [taught.report["threshold"], trial["threshold"]] == pytest.approx([threshold] * 2, abs=1e-3)
    printed("learn", "forget", NAME)
    assert main(run) == 2
    assert "knows no sound called" in capsys.readouterr().err


def test_examples_from_files_are_judged_one_by_one_and_what_is_another_sound_is_left_out(
    taught: Lesson, tmp_path: Path
) -> None:
    bark = demo_sounds.dog_bark(np.random.default_rng(0))
    dog = chimes.write(tmp_path / "dog.wav", bark * np.float32(0.3 / np.abs(bark).max()))
    good = chimes.write(tmp_path / "good.wav", chimes.scene([2.0], 5.0, seed=9))
    report = json.loads(printed("learn", NAME, "--add", "--json", dog, good))
    assert {one["origin"]: one["taken"] for one in report["examples"]} == {"dog.wav": False, "good.wav": True}
    (listed,) = json.loads(printed("learn", "list", "--json"))
    assert len(listed["examples"]) == 6
    assert listed["audio"] == [], "it would not be the sound of all of them"
    assert main(["learn", NAME, "--add", good]) == 2, "it has been given before"
    assert json.loads(printed("learn", "list", "--json")) == [listed]


def chime_file(folder: Path, name: str, seed: int) -> str:
    return chimes.write(folder / name, chimes.scene([2.0], 5.0, seed=seed))


def test_what_is_taught_already_is_not_replaced_unless_somebody_says_so(
    taught: Lesson, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [chime_file(tmp_path, f"{seed}.wav", seed) for seed in range(9, 12)]
    (before,) = json.loads(printed("learn", "list", "--json"))
    assert main(["learn", NAME, *files]) == 2
    assert f"{NAME} is taught by 5 examples already; say --add to put" in capsys.readouterr().err
    assert json.loads(printed("learn", "list", "--json")) == [before]


def test_what_is_replaced_can_be_brought_back_with_its_sound(taught: Lesson, tmp_path: Path) -> None:
    (before,) = json.loads(printed("learn", "list", "--json"))
    files = [chime_file(tmp_path, f"{seed}.wav", seed) for seed in range(9, 12)]
    said = printed("learn", NAME, "--replace", "--force", *files)
    (after,) = json.loads(printed("learn", "list", "--json"))
    assert (len(after["examples"]), after["audio"]) == (3, [])
    back = next(line for line in said.splitlines() if "comes back with: monitor " in line)
    printed(*shlex.split(back.partition("with: monitor ")[2]))
    assert json.loads(printed("learn", "list", "--json")) == [before]
    printed("learn", "forget", NAME)
    assert not list(Path(before["file"]).parent.iterdir()), "nothing of it stays aside"


def test_another_sound_replaces_nothing_even_where_replacing_is_asked_for(
    taught: Lesson, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (before,) = json.loads(printed("learn", "list", "--json"))
    for number in range(3):
        bark = demo_sounds.dog_bark(np.random.default_rng(number))
        chimes.write(tmp_path / f"dog{number}.wav", bark * np.float32(0.3 / np.abs(bark).max()))
    assert main(["learn", NAME, "--replace", str(tmp_path)]) == 2
    assert f"3 of 3 examples are unlike those that {NAME} is taught by" in capsys.readouterr().err
    assert json.loads(printed("learn", "list", "--json")) == [before]


def test_a_folder_of_which_most_is_left_out_teaches_nothing(
    taught: Lesson, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (before,) = json.loads(printed("learn", "list", "--json"))
    chime_file(tmp_path, "good.wav", 9)
    for number in range(2):
        bark = demo_sounds.dog_bark(np.random.default_rng(number))
        chimes.write(tmp_path / f"dog{number}.wav", bark * np.float32(0.3 / np.abs(bark).max()))
    assert main(["learn", NAME, "--add", str(tmp_path)]) == 2
    assert f"2 of 3 examples were left out, so this may be no {NAME}" in capsys.readouterr().err
    assert json.loads(printed("learn", "list", "--json")) == [before]


def test_what_is_another_taught_sound_is_not_taught_under_a_second_name(
    taught: Lesson, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in sorted((taught_audio(taught)).iterdir())]
    assert main(["learn", "wibbletop", *files]) == 2
    assert f"more like your {NAME} than like one another" in capsys.readouterr().err
    assert len(json.loads(printed("learn", "list", "--json"))) == 1


def taught_audio(taught: Lesson) -> Path:
    return taught.data / "monitor" / "own_sounds" / f"{NAME}.audio"


class Keyboard(io.StringIO):
    """Answers of somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answers", "way"), [("\n", "add"), ("what\nreplace\n", "replace")])
def test_at_a_terminal_it_is_asked_what_becomes_of_the_examples_of_before(
    answers: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Keyboard(answers))
    asked = argparse.Namespace(add=False, replace=False, again=False, json=False)
    assert way_with(taught_by_three(), "doorbell", asked) == way
    assert "taught by 3 examples already" in capsys.readouterr().out


def test_what_was_taught_can_be_taken_in_elsewhere_renamed_and_taught_again_from_its_sound(
    lesson: Lesson, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed("learn", "import", lesson.given)
    assert main(["learn", "import", lesson.given]) == 2
    assert "taught already; add --force" in capsys.readouterr().err
    printed("learn", "rename", NAME, 'Haustür="front door chime"')
    (listed,) = json.loads(printed("learn", "list", "--json"))
    assert (listed["name"], listed["words"], len(listed["audio"])) == ("haustur", "front door chime", 5)
    report = json.loads(printed("learn", "Haustür", "--again", "--force", "--json"))
    assert report["words"] == "front door chime"
    assert len(report["examples"]) == 5


@pytest.mark.parametrize("insist", [(), ("--force",)])
@pytest.mark.parametrize("dither", [0.0, 1.0])
def test_silence_is_no_example_of_anything(
    data: Path, tmp_path: Path, insist: tuple[str, ...], dither: float, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = np.random.default_rng(0).integers(-1, 2, 4 * chimes.RATE).astype(np.float32)
    silence = chimes.write(tmp_path / "silence.wav", steps * np.float32(dither / 32768.0))
    assert main(["learn", NAME, silence, *insist]) == 2
    said = capsys.readouterr()
    assert "silence.wav: 4.0 s: left out, nothing is heard in it" in said.out
    assert "nothing was changed" in said.err
    assert not list(data.rglob("*.npz"))


def test_a_file_that_is_there_is_not_written_over(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "export", NAME, lesson.given]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["learn", "export", NAME, str(Path(lesson.given).parent / "no" / "chime")]) == 2
    assert "There is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["kettle", "no.wav"], "There is no file no.wav"),
        (["kettle", "forget"], "write it first: monitor learn forget kettle"),
        (["--event", "last", "kettle"], "Say first what the sound is called"),
        (["kettle", "--event", "3f-kettle-2"], "Nothing is remembered of the event '3f-kettle-2'"),
        (["kettle", "--clip", "last"], "There is no clip 'last'"),
        (["kettle", "--again"], "No sound of kettle was kept"),
        (["kettle", "a.wav", "--mic", "1"], "FILE and --mic or --source do not go together"),
        (["kettle=", "a.wav"], "The wording of class 'kettle' is ''"),
        (["no silence", "a.wav"], "an absence"),
        (["test", "kettle"], "Nothing is taught as 'kettle'"),
        (["rename", "kettle", "pot"], "Nothing was taught as 'kettle'"),
        (["forget", "kettle"], "Nothing was taught as 'kettle'"),
        (["forget"], "Say what to forget"),
        (["export", "kettle", "x"], "Nothing was taught as 'kettle'"),
        (["import", "pyproject.toml"], "cannot be taken in: it is no archive"),
        (["import", "nowhere"], "Cannot read nowhere: No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    data: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["learn", *arguments]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert said in last


def test_more_than_ten_examples_are_refused_before_anything_is_opened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["learn", "kettle", "--examples", "11"])
    assert end.value.code == 2
    assert "11 examples are too many; valid: 1 to 10" in capsys.readouterr().err


def test_a_name_alone_is_taught_and_one_that_is_an_action_is_still_possible() -> None:
    assert spelled_out(["learn", "doorbell", "a.wav"]) == ["learn", "teach", "doorbell", "a.wav"]
    assert spelled_out(["learn", "--mic", "1", "bell"]) == ["learn", "teach", "--mic", "1", "bell"]
    for line in (["learn", "list"], ["learn", "teach", "list"], ["learn", "--help"], ["learn"], ["run"], []):
        assert spelled_out(line) == line


def test_a_running_monitor_takes_what_is_taught_at_once(
    lesson: Lesson, data: Path, short_folder: Path, tmp_path: Path
) -> None:
    chimes.write(tmp_path / "long.wav", chimes.scene(range(3, 60, 3), 60.0))
    bus = f"ipc://{short_folder}/bus"
    source = ["--source", f"file:{tmp_path}/long.wav", "--classes", f"siren,{NAME}", "--bind", bus]
    program = [sys.executable, "-m", "monitor", "run", "--headless", "--json", *source]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        try:
            told = map(json.loads, run.stdout or ())
            next(told)  # it listens, and takes the chime for a loud sound
            said = printed("learn", "import", lesson.given, "--connect", bus)
            assert f"The monitor that runs listens for {NAME} as it is now." in said
            assert any((one["type"], one.get("class")) == ("onset", NAME) for one in told)
        finally:
            run.kill()


def test_a_microphone_teaches_a_chime_that_a_run_then_hears(
    lesson: Lesson, data: Path, vmic: VirtualMicrophones
) -> None:
    """Ctrl-C comes when there are enough examples. Kept whatever the trial says: a beep is near a chime."""
    at = np.arange(0.0, len(chimes.chime()), chimes.RATE / SAMPLE_RATE)
    chime = np.interp(at, np.arange(len(chimes.chime())), chimes.chime())
    vmic.play("attic", np.repeat(chimes.place(40.0, 3), 3)[::2])  # of wind the pitch does not matter
    program = [
        sys.executable,
        "-c",
        INTERRUPTIBLE,
        "learn",
        NAME,
        "--mic",
        "attic",
        "--examples",
        "4",
        "--force",
    ]
    lines: list[str] = []
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as learning:
        for line in learning.stdout or ():
            lines.append(line)
            if "again: 4 of 4" in line:
                learning.send_signal(signal.SIGINT)
            elif "Now make the sound" in line or "gain: " in line:
                vmic.play("attic", (0.1 * chime).astype(np.float32))
    said = "".join(lines)
    assert learning.returncode == 0, said
    assert "There are 3 examples, which is enough" in said
    assert heard(lesson.street, "--classes", NAME) == pytest.approx([6.0, 13.0], abs=0.6)
