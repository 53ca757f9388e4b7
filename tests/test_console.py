"""What reaches the terminal: nothing that steers it, whoever wrote it, in characters that the locale has."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from rich.table import Table

from monitor.bus.codec import decode_json, encode_json
from monitor.bus.messages import Event, Health, NearMissMessage
from monitor.cli.main import main
from monitor.console import drawing, show, show_drawn, show_json, tell
from monitor.errors import WireError
from monitor.models.store import MODEL_FILE, write_entry
from monitor.sinks.lines import LineSink
from tests.encoders.tiny_models import tiny_model
from tests.examples import records
from tests.terminal import on_terminal
from tests.test_text import is_safe

EVIL = "\x1b]52;c;aGk=\x07\x1b]8;;http://x\x1b\\\x9b2J\u202e\u2066\u200d\u3164\ufe0fA" + "\u0336" * 40
hostile = st.one_of(
    st.text(st.characters(exclude_characters="\0")),
    st.text(
        st.sampled_from("ab /=,:\"'\x1b\x07\x9b[]\u202e\u2066\u200d\u00ad\u3164\ufe0f\u0336\U000e0041\udcff")
    ),
)
few = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def printed(*argv: str) -> tuple[int, str]:
    """Run a command; return its exit code and all it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main(argv)
        except SystemExit as error:
            code = int(error.code or 0)
    return code, out.getvalue()


def assert_safe(text: str) -> None:
    assert all(is_safe(line) for line in text.split("\n")), ascii(text)


@few
@given(text=hostile)
@pytest.mark.parametrize("option", ["--source", "--model", "--classes", "--config", "--bind", "--nonsense"])
def test_no_argument_that_is_refused_steers_the_terminal(option: str, text: str) -> None:
    argv = ["run", "--headless", "--fast", "--bind", "none", "--source", "tape:3", f"{option}={text}"]
    code, out = printed(*argv)
    assert code == 2
    assert_safe(out)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path))
    tiny_model().write(tmp_path / "mine")
    return tmp_path / "mine"


@few
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_field_of_a_model_steers_the_terminal(models: Path, text: str) -> None:
    entry = tiny_model().entry
    write_entry(msgspec.structs.replace(entry, licence=text, source=text), models)
    for argv in (["list"], ["verify"], ["list", "--json"], ["verify", "--json"]):
        code, out = printed("models", *argv)
        assert (code, "mine" in out) == (0, True)
        assert_safe(out)


def test_a_licence_with_escape_sequences_is_shown_without_them(models: Path) -> None:
    write_entry(msgspec.structs.replace(tiny_model().entry, licence=f"MIT{EVIL}"), models)
    _, out = printed("models", "list")
    assert "MIT�]52;c;aGk=��]8;;http://x�" in out
    text = (models / MODEL_FILE).read_text("utf-8")
    assert_safe(text)  # nor does `cat model.toml`


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("kind", [Event, NearMissMessage, Health])
@pytest.mark.parametrize("as_json", [False, True])
def test_no_record_steers_the_terminal(
    kind: type[msgspec.Struct], as_json: bool, data: st.DataObject
) -> None:
    out = io.StringIO()
    sink = LineSink(out, as_json, near_misses=True)
    record = data.draw(records(kind, hostile))
    try:
        decode_json(encode_json(record), kind)
    except WireError:  # an infinite number: none such travels
        reject()
    sink.emit(record)
    sink.close()
    assert_safe(out.getvalue())


@given(hostile)
def test_nothing_that_is_shown_told_or_drawn_steers_the_terminal(text: str) -> None:
    out = io.StringIO()
    table = Table("label", title=text)
    table.add_row(text)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        show(text)
        tell(text)
        show_json(msgspec.json.encode(text.encode("utf-8", "replace").decode()))
        show_drawn(drawing([table]))
    assert_safe(out.getvalue())


def test_markup_in_a_label_is_no_markup() -> None:
    table = Table("label")
    table.add_row("[red]siren[/nonsense]")
    assert "[red]siren[/nonsense]" in drawing([table])


LOCALES = [
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "POSIX"},
]


NAME = "Türklingel 日本"


def in_locale(locale: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return {**kept, **locale}


def run(path: Path, locale: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "monitor", "run", "--source", str(path), "--fast", "--headless"]
    command += ["--bind", "none"]
    return subprocess.run(command, env=in_locale(locale), capture_output=True, check=False)


@pytest.mark.parametrize("locale", LOCALES, ids=str)
def test_json_is_utf_8_in_any_locale(locale: dict[str, str]) -> None:
    program = f"""
import sys
from monitor.console import open_streams, show_json
from monitor.errors import WireError
from monitor.sinks.lines import LineSink
from monitor.bus.codec import decode_json, encode_json
from tests.examples import event
open_streams()
show_json({NAME!a}.join('""').encode())
sink = LineSink(sys.stdout, as_json=True)
sink.emit(event(class_={NAME!a}))
sink.close()
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=in_locale(locale), capture_output=True, check=True)
    shown, record = (json.loads(line) for line in done.stdout.decode("utf-8").splitlines())
    assert (shown, record["class"]) == (NAME, NAME)


@pytest.mark.parametrize("locale", LOCALES[:3], ids=str)
def test_lines_for_people_are_readable_in_any_locale(locale: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.wav"
    soundfile.write(path, np.random.default_rng(0).standard_normal(48000) * 0.05, 16000)
    out = run(path, locale).stdout.decode("cp1252")
    assert "listening to Türklingel ????.wav" in out or "listening to Turklingel ????.wav" in out
    assert "\\u" not in out


def test_the_interface_is_drawn_with_look_alikes_where_the_locale_has_no_blocks(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "monitor", "run", "--source", "demo", "--fast", "--duration", "3"]
    environment = in_locale({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "xterm"})
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    code, drawn = on_terminal([*command, "--bind", f"ipc://{tmp_path}/bus"], tmp_path, environment)
    assert (code, "\x1b[?1049h" in drawn) == (0, True), drawn
    assert (drawn.isascii(), "\\u" in drawn, "\\x" in drawn) == (True, False, False)


def test_what_c_libraries_write_on_standard_error_goes_nowhere() -> None:
    program = """
import os, subprocess, sys
from monitor.console import only_ours
with only_ours():
    os.write(2, b"native before\\n")
    print("ours", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo native child >&2"])
    subprocess.run(["sh", "-c", "echo our child >&2"], stderr=sys.stderr)
os.write(2, b"after\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.split("\n") == ["ours", "our child", "after", ""]
    shown = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "MONITOR_DEBUG": "1"}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert "native before" in shown.stderr


def test_a_decoder_that_chatters_does_not_write_over_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp3"
    rng = np.random.default_rng(0)
    soundfile.write(path, rng.standard_normal(16000 * 6) * 0.1, 16000, format="MP3")
    content = bytearray(path.read_bytes())
    for at in range(2000, len(content) - 40, 300):
        content[at : at + 40] = rng.bytes(40)
    path.write_bytes(content)
    loud = run(path, {"MONITOR_DEBUG": "1"}).stderr.splitlines()
    quiet = run(path, {}).stderr.splitlines()
    if len(loud) == len(quiet):
        pytest.skip("this libsndfile decodes MP3 without a word")
    assert all(line.startswith(b"monitor: ") for line in quiet)
