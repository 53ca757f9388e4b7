from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.bus.messages import ClassState, Snapshot
from monitor.cli.config_save import save
from monitor.cli.main import main
from monitor.config.settings import load_config
from monitor.errors import ConfigError
from tests.examples import NOON, health
from tests.publishing import eager_publisher, while_turning

MINE = """\
# Mine.
[prompts]
classes = ["siren", "dog_bark"]  # two
[detector.classes."dog bark"]
onset_threshold = 0.6  # by ear
offset_threshold = 0.55
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(MINE, "utf-8")
    return path


def state(name: str, onset: float = 0.5, *, by_hand: bool = False, muted: bool = False) -> ClassState:
    return ClassState(name, name, onset, onset / 2, muted, urgent=False, set_by_hand=by_hand)


def snapshot(*sources: list[ClassState]) -> Snapshot:
    one = health()
    records = [
        msgspec.structs.replace(one, source_id=f"mic{number}", classes=classes)
        for number, classes in enumerate(sources)
    ]
    return Snapshot("epoch", NOON, {}, records, [], [])


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, tuple[Any, str]]:
    assert main(["config", *argv, "--json"]) == 0
    return {one["name"]: (one["value"], one["origin"]) for one in json.loads(capsys.readouterr().out)}


def test_each_setting_is_shown_with_where_it_comes_from(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_WINDOW_HOP_S", "0.2")
    found = shown(
        capsys, "show", "--config", str(mine), "--model", "clap", "--mic", "usb", "--channel", "left"
    )
    assert found["detector.classes.dog bark.onset_threshold"] == (0.6, str(mine))
    assert found["prompts.classes"] == (["siren", "dog_bark"], str(mine))
    assert found["window.hop_s"] == (0.2, "MONITOR_WINDOW_HOP_S")
    assert found["model.name"] == ("clap", "--model")
    assert found["capture.sources"] == (["mic:usb"], "--mic, --source")
    assert found["capture.channel"] == ("left", "--channel")
    assert found["capture.ring_s"] == (20.0, "default")


def test_the_file_may_stand_before_the_action_too(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--config", str(mine), "show"]) == 0
    assert str(mine) in capsys.readouterr().out
    assert main(["config", "show"]) == 0
    assert "Nothing differs" in capsys.readouterr().out


@pytest.mark.parametrize("action", [[], ["show"]])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_nothing_secret_is_shown(
    action: list[str], form: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.toml"
    path.write_text(
        '[capture]\nsources = ["rtsp://me:hunter2@camera/1?token=hunter2"]\n'
        '[notify.targets.phone]\nurl = "ntfy://ntfy.sh/hunter2"\n',
        "utf-8",
    )
    assert main(["config", *action, *form, "--config", str(path)]) == 0
    out = capsys.readouterr().out
    assert "rtsp://camera/1" in out
    assert "hunter2" not in out


@pytest.mark.parametrize(
    "text",
    [
        '[capture]\nsources = "rtsp://me:hunter2@camera/1"\n',
        '[capture]\nsources = ["demo", ["rtsp://me:hunter2@camera/1"]]\n',
        'capture = "rtsp://me:hunter2@camera/1"\n',
    ],
)
def test_a_refused_source_is_not_shown(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "my.toml"
    path.write_text(text, "utf-8")
    assert main(["config", "show", "--config", str(path)]) == 2
    err = capsys.readouterr().err
    assert "capture" in err
    assert "hunter2" not in err


def test_without_an_action_it_prints_toml_that_means_the_same(
    mine: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["config", "--config", str(mine)]) == 0
    again = tmp_path / "again.toml"
    again.write_text(capsys.readouterr().out, "utf-8")
    assert load_config(again) == load_config(mine)


def test_a_file_to_begin_with_is_written_and_never_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.toml"
    assert main(["config", "init", str(path)]) == 0
    assert f"monitor run --config {path}" in capsys.readouterr().out
    assert load_config(path) == load_config()
    path.write_text("# mine\n", "utf-8")
    assert main(["config", "init", str(path)]) == 2
    assert "is there already; name another file, or add --force" in capsys.readouterr().err
    assert path.read_text("utf-8") == "# mine\n"
    assert main(["config", "init", str(path), "--force"]) == 0
    assert main(["config", "init", "-"]) == 0
    assert path.read_text("utf-8") in capsys.readouterr().out


def test_what_is_as_the_defaults_are_is_not_shown_wherever_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.toml"
    assert main(["config", "init", str(path)]) == 0
    capsys.readouterr()
    assert main(["config", "show", "--config", str(path)]) == 0
    assert capsys.readouterr().out == "Nothing differs from the defaults; --all shows them.\n"
    assert main(["config", "show", "--config", str(path), "--mic", "usb"]) == 0
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["capture.sources", '["mic:usb"]', "--mic,", "--source"]


def test_a_file_is_not_begun_in_a_folder_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in (["init", "--defaults"], ["config", "init"], ["memory", "key", "new"]):
        assert main([*verb, str(tmp_path / "no" / "x.toml")]) == 2
        said = f"There is no folder {tmp_path / 'no'}; make it, or name another place.\n"
        assert capsys.readouterr().err.endswith(said)
    assert list(tmp_path.iterdir()) == []


def test_what_was_changed_is_written_back_beside_comments_and_the_old_file_is_kept(mine: Path) -> None:
    mine.chmod(0o640)
    saved = save(mine, snapshot([state("siren", 0.72, by_hand=True, muted=True), state("dog_bark", 0.9)]))
    assert [(one.name, one.before, one.after) for one in saved.changes] == [
        ("detector.classes.siren.onset_threshold", None, 0.72),
        ("detector.muted", None, ["siren"]),
    ]
    assert mine.read_text("utf-8").startswith(MINE)
    assert mine.stat().st_mode & 0o777 == 0o640
    assert mine.with_name("my.toml.bak").read_text("utf-8") == MINE
    config = load_config(mine)
    assert config.detector.classes["siren"].onset_threshold == 0.72
    assert config.detector.muted == ("siren",)
    assert sorted(path.name for path in mine.parent.iterdir()) == ["my.toml", "my.toml.bak"]


def test_a_class_keeps_its_name_in_the_file_and_its_offset_follows(mine: Path) -> None:
    save(mine, snapshot([state("dog_bark", 0.4, by_hand=True)]))
    text = mine.read_text("utf-8")
    assert "onset_threshold = 0.4  # by ear" in text
    assert load_config(mine).detector.classes["dog bark"].offset_threshold == 0.2


def test_where_nothing_differs_nothing_is_written(mine: Path) -> None:
    saved = save(mine, snapshot([state("siren"), state("dog_bark", 0.6, by_hand=False)]))
    assert (saved.changes, saved.sentences) == ((), (f"Nothing differs: {mine} is as it was.",))
    assert [path.name for path in mine.parent.iterdir()] == ["my.toml"]


def test_what_is_unmuted_goes_and_what_is_not_heard_stays(mine: Path) -> None:
    mine.write_text(f'{MINE}[detector]\nmuted = ["siren", "crow"]\n', "utf-8")
    save(mine, snapshot([state("siren")]))
    assert load_config(mine).detector.muted == ("crow",)


def test_a_class_that_the_file_does_not_list_is_left_out_and_told(mine: Path) -> None:
    saved = save(mine, snapshot([state("siren", 0.7, by_hand=True), state("owl", 0.7, by_hand=True)]))
    assert saved.sentences[-1] == f"owl is not among the classes of {mine}, and is left out."
    assert "owl" not in mine.read_text("utf-8")


def test_two_sources_that_differ_need_a_choice(mine: Path) -> None:
    both = snapshot([state("siren", 0.7, by_hand=True)], [state("siren", 0.8, by_hand=True)])
    with pytest.raises(ConfigError, match="--source ID, one of mic0, mic1"):
        save(mine, both)
    assert mine.read_text("utf-8") == MINE
    save(mine, both, "mic1")
    assert load_config(mine).detector.classes["siren"].onset_threshold == 0.8
    with pytest.raises(ConfigError, match="no source 'mic7'; valid: mic0, mic1"):
        save(mine, both, "mic7")


def test_a_file_through_a_link_stays_a_link_and_one_that_cannot_be_written_stays_as_it_was(
    mine: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(mine)
    save(link, snapshot([state("siren", 0.7, by_hand=True)]))
    assert link.is_symlink()
    assert load_config(mine).detector.classes["siren"].onset_threshold == 0.7


def test_a_new_file_holds_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    save(path, snapshot([state("siren", 0.7, by_hand=True)]))
    assert path.read_text("utf-8") == "[detector.classes.siren]\nonset_threshold = 0.7\n"


def test_the_verb_asks_the_monitor_that_runs(
    mine: Path, short_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = f"ipc://{short_folder}/events"
    publisher = eager_publisher(endpoint)
    try:
        classes = [state("siren", 0.7, by_hand=True)]
        publisher.emit(msgspec.structs.replace(health(), classes=classes))
        argv = ["config", "save", str(mine), "--connect", endpoint]
        assert while_turning(publisher, lambda: main(argv)) == 0
        out = capsys.readouterr().out
        assert "detector.classes.siren.onset_threshold: not set -> 0.7" in out
        assert f"Wrote {mine}; the one before is {mine}.bak." in out
        assert while_turning(publisher, lambda: main([*argv, "--json"])) == 0
        assert json.loads(capsys.readouterr().out) == []
    finally:
        publisher.close()


def test_where_no_monitor_runs_that_is_said(
    mine: Path, short_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "save", str(mine), "--connect", f"ipc://{short_folder}/events"]) == 2
    assert "No monitor answers" in capsys.readouterr().err


def test_a_run_without_a_source_hears_those_of_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.toml"
    path.write_text('[capture]\nsources = ["demo"]\n[detector]\nmuted = ["siren", "owl"]\n', "utf-8")
    run = ["run", "--headless", "--fast", "--bind", "none", "--classes", "siren", "--config", str(path)]
    assert main([*run, "--duration", "2"]) == 0
    out, err = capsys.readouterr()
    assert "listening to demo street" in out
    assert "Muted by the configuration, so that they are not told: siren; m unmutes a class." in err


def test_what_is_urgent_and_not_listened_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", "--headless", "--fast", "--bind", "none", "--source", "demo", "--classes", "siren,dog_bark"]
    assert main([*run, "--urgent", "cat"]) == 2
    assert capsys.readouterr().err == (
        "monitor: --urgent cat is not listened for; add it to the classes: siren, dog_bark.\n"
    )


def test_settings_of_what_this_run_does_not_listen_for_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[detector]\nurgent = ["smoke_alarm"]\n[detector.classes.glass]\nmin_on_s = 1.0\n')
    run = ["run", "--headless", "--fast", "--bind", "none", "--source", "demo", "--config", str(file)]
    assert main([*run, "--classes", "siren"]) == 0
    assert (
        "Not listened for, so that its settings do nothing: smoke_alarm, glass; listened for: siren."
        in capsys.readouterr().err
    )
