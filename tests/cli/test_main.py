from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.cli.main import main
from tests.fakes import INTERRUPTIBLE

RUN = ["run", "--headless", "--json", "--fast", "--bind", "none"]


def write_wav(path: Path, seconds: float = 3.0, rate: int = 16000) -> Path:
    samples = np.random.default_rng(0).standard_normal(round(seconds * rate)) * 0.05
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run a command that must be refused; return its one sentence."""
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--source", "demo", "--classes", ""], "class list is empty"),
        (["--source", "demo", "--classes", ",".join(f"c{n}" for n in range(501))], "501 classes"),
        (["--source", "demo", "--classes", "siren,siren"], "listed twice"),
        (["--source", "tape:3"], "no source 'tape:3'; valid: mic:"),
        (["--source", "file:no/such.wav"], "no/such.wav"),
        (["--source", "demo", "--model", "nope"], "no model 'nope'; known: embedded"),
        (["--source", "demo", "--config", "no/such.toml"], "no/such.toml"),
        (["--source", ""], "no source ''"),
        (["--source", "file:\x1b[31mred.wav"], "\N{REPLACEMENT CHARACTER}[31mred.wav"),
    ],
)
def test_bad_input_is_one_clear_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    assert says in refusal(capsys, *RUN, *argv)


@pytest.mark.parametrize("bind", ["tcp://0.0.0.0:5557", "nonsense", "tcp://127.0.0.1:99999"])
def test_an_address_that_cannot_be_published_on_is_refused(
    capsys: pytest.CaptureFixture[str], bind: str
) -> None:
    refusal(capsys, "run", "--headless", "--fast", "--source", "demo", "--bind", bind)


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        endpoint = f"tcp://127.0.0.1:{port}"
        assert str(port) in refusal(capsys, "run", "--headless", "--source", "demo", "--bind", endpoint)


def test_a_text_file_as_audio_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("this is not sound\n" * 100)
    assert "notes.wav" in refusal(capsys, *RUN, "--source", f"file:{path}")


def test_json_without_headless_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--headless" in refusal(capsys, "run", "--source", "demo", "--json")


def test_an_unknown_key_of_the_configuration_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[detector]\nonset = 1\n")
    said = refusal(capsys, *RUN, "--source", "demo", "--config", str(path))
    assert "unknown key 'onset' in [detector]" in said


def test_a_file_is_analysed_to_its_end_with_exit_code_0(tmp_path: Path) -> None:
    assert main([*RUN, "--source", f"file:{write_wav(tmp_path / 'noise.wav')}", "--classes", "siren"]) == 0


def test_a_file_with_samples_that_are_not_numbers_is_analysed_and_reported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "holes.wav")
    samples, rate = soundfile.read(path, dtype="float32")
    samples[100:110] = np.nan
    soundfile.write(path, samples, rate, subtype="FLOAT")
    assert main([*RUN, "--source", f"file:{path}", "--classes", "siren"]) == 2
    said = capsys.readouterr().err
    assert "10" in said
    assert said.count("\n") == 1


def test_a_truncated_wav_is_analysed_and_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = write_wav(tmp_path / "cut.wav")
    path.write_bytes(path.read_bytes()[: -2 * 16000 * 4])
    assert main([*RUN, "--source", f"file:{path}", "--classes", "siren"]) == 2
    assert "cut.wav" in capsys.readouterr().err


def test_each_event_of_the_demo_is_one_line_of_json_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*RUN, "--source", "demo", "--classes", "siren,dog_bark"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"siren", "dog_bark"} == {event["class"] for event in events}
    by_id: dict[str, list[str]] = {}
    for event in events:
        by_id.setdefault(event["id"], []).append(event["type"])
    for life in by_id.values():
        assert (life[0], life[-1]) == ("onset", "offset")


def test_two_sources_of_one_run_give_what_each_gives_alone(capsys: pytest.CaptureFixture[str]) -> None:
    def events(*sources: str) -> list[tuple[object, ...]]:
        argv = [word for source in sources for word in ("--source", source)]
        assert main([*RUN, *argv, "--classes", "siren,dog_bark"]) == 0
        return [
            (e["source_id"], e["type"], e["class"], e["onset_sample"], e["offset_sample"], e["score"])
            for e in map(json.loads, capsys.readouterr().out.splitlines())
        ]

    alone, both = events("demo"), events("demo", "demo")
    assert [event[1:] for event in both if event[0] == "demo"] == [event[1:] for event in alone]
    assert [event[1:] for event in both if event[0] == "demo-2"] == [event[1:] for event in alone]


def test_one_damaged_file_of_two_is_reported_and_the_other_is_heard(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cut, whole = write_wav(tmp_path / "cut.wav"), write_wav(tmp_path / "whole.wav", 4.0)
    cut.write_bytes(cut.read_bytes()[: -2 * 16000 * 4])
    argv = ["run", "--headless", "--fast", "--bind", "none", "--classes", "siren"]
    assert main([*argv, "--source", f"file:{cut}", "--source", f"file:{whole}"]) == 2
    out, err = capsys.readouterr()
    assert "cut.wav" in err
    assert "whole.wav" not in err
    assert "ended: whole.wav" in out


def test_sources_that_do_not_go_together_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--fast needs" in refusal(capsys, *RUN, "--source", "demo", "--mic", "0")
    assert "one source only" in refusal(capsys, *RUN, "--source", "-", "--source", "-")
    assert "--follow reads files" in refusal(capsys, *RUN, "--follow", "--source", "-")
    assert "no/such.wav" in refusal(capsys, *RUN, "--source", "demo", "--source", "file:no/such.wav")


def test_what_is_wrong_with_a_file_that_is_heard_twice_is_said_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cut = write_wav(tmp_path / "cut.wav")
    cut.write_bytes(cut.read_bytes()[: -2 * 16000 * 4])
    source = ["--source", f"file:{cut}"]
    assert main([*RUN, "--classes", "siren", *source, *source]) == 2
    assert capsys.readouterr().err.count("cut.wav is damaged") == 1


def test_duration_stops_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--source", "demo", "--duration", "2.5"]) == 0


def test_raw_samples_are_read_from_standard_input() -> None:
    samples = (np.random.default_rng(0).standard_normal(16000 * 3) * 1000).astype("<i2").tobytes()
    command = [sys.executable, "-m", "monitor", *RUN, "--source", "-", "--classes", "siren"]
    finished = subprocess.run(command, input=samples, capture_output=True, timeout=50, check=False)
    assert (finished.returncode, finished.stderr) == (0, b"")


def test_ctrl_c_ends_a_run_without_a_traceback() -> None:
    command = [sys.executable, "-c", INTERRUPTIBLE, "run", "--headless", "--source", "demo", "--bind", "none"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # the first line says that it listens
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == ""


def test_ctrl_c_before_the_work_is_done_is_no_success(tmp_path: Path) -> None:
    pipe = tmp_path / "config.toml"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "monitor", "config", "--config", str(pipe)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process, pipe.open("w"):  # opens once it is being read
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_schema_prints_the_schema_of_every_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "Event" in json.loads(capsys.readouterr().out)["$defs"]


def test_models_lists_the_model_in_the_box(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify"]) == 0
    assert "embedded" in capsys.readouterr().out


def test_config_prints_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["window"]["hop_s"] == 0.0


def test_settings_of_a_class_that_is_not_listened_for_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[prompts]\nclasses = ["siren"]\n[detector]\nurgent = ["smoke_alarm"]\n')
    assert "'smoke_alarm', which is not listened for" in refusal(
        capsys, *RUN, "--source", "demo", "--config", str(path)
    )
    path.write_text("[detector.classes.sirne]\nonset_threshold = 0.1\n")
    argv = [*RUN, "--source", "demo", "--config", str(path), "--classes", "siren"]
    assert "did you mean 'siren'?" in refusal(capsys, *argv)


def parsing(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The sentence with which the command line itself is refused."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("rate", ["0", "-1", "often", "nan", "inf", "2/minute", "/h", "1/2/h", "1001", ""])
def test_a_rate_of_false_alarms_that_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], rate: str
) -> None:
    assert "write 0.5/h, 12/day or 1/week" in parsing(
        capsys, *RUN, "--source", "demo", f"--false-alarms={rate}"
    )


@pytest.mark.parametrize(
    ("rate", "says"),
    [("0.5/h", "0.5/h"), ("2", "2/h"), ("12/day", "0.5/h"), ("1 / d", "1/day"), ("1/week", "1/week")],
)
def test_false_alarms_are_allowed_by_the_hour_or_by_the_day(
    capsys: pytest.CaptureFixture[str], rate: str, says: str
) -> None:
    argv = ["run", "--headless", "--fast", "--bind", "none", "--source", "demo", "--duration", "0.5"]
    assert main([*argv, "--false-alarms", rate]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(f", false alarms allowed: {says}")


def test_a_configuration_for_more_classes_than_are_asked_for_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[detector]\nurgent = ["smoke_alarm"]\n')
    argv = [*RUN, "--source", "demo", "--config", str(path), "--classes", "siren", "--duration", "0.1"]
    assert main(argv) == 0


def test_a_program_without_standard_streams_does_not_fail() -> None:
    run = f"{sys.executable} -m monitor run --source demo --fast --headless --bind none --duration 1"
    command = f"{run} >&- <&- 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False, timeout=50).returncode == 0


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, a Linux device that is always full"
)
def test_lines_that_cannot_be_written_are_told_and_change_the_exit_code() -> None:
    command = [
        sys.executable,
        "-m",
        "monitor",
        "run",
        "--source",
        "demo",
        "--fast",
        "--headless",
        "--bind",
        "none",
    ]
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [*command, "--duration", "3"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=50,
            check=False,
        )
    assert finished.returncode == 1
    assert "No space left" in finished.stderr
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("read", [True, False], ids=["somebody reads", "nobody reads"])
def test_a_broken_pipe_is_a_good_end_only_where_it_is_standard_output(read: bool) -> None:
    """A child that had gone, and was told something, once ended a monitor with exit code 0."""
    program = """
import sys
from argparse import Namespace
from monitor.cli import main
def verb(_):
    raise BrokenPipeError(32, "Broken pipe")
sys.stdin.read()
sys.exit(main._run_verb(Namespace(verb=verb)))
"""
    command = [sys.executable, "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        if not read:
            process.stdout.close()
        process.stdin.close()
        said = process.stderr.read()
    assert process.returncode == (1 if read else 0)
    assert (b"Broken pipe" in said) == read
