from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import msgspec
import pytest

from monitor.bus.messages import BackgroundProfile, ClassInBackground, Reply, Request
from monitor.bus.publisher import Publisher
from monitor.cli.main import main
from monitor.records import BackgroundState, Likeness
from monitor.storage import backgrounds
from tests.examples import NOON, background
from tests.publishing import eager_publisher, socket_of_ours, while_turning

LEARNING = BackgroundState(ready=False, age_s=0.0, windows=7, needed=20, likeness=0.8)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "monitor" / "backgrounds"


class Running:
    """A monitor that knows some backgrounds, and commands that talk to it."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.backgrounds = [background()]
        self.requests: list[Request] = []

    def command(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command."""
        full = ["background", argv[0], "--connect", self.publisher.endpoint, *argv[1:]]
        return while_turning(self.publisher, lambda: command(*full), self._handle)

    def _handle(self, request: Request) -> Reply:
        self.requests.append(request.by(None))
        asked = [one for one in self.backgrounds if request.source_id in {None, one.source_id}]
        if not asked:
            return Reply(ok=False, error=f"There is no source {request.source_id!r}; there are: mic0.")
        return Reply(ok=True, backgrounds=asked if request.request == "background" else [])


@pytest.fixture
def running() -> Iterator[Running]:
    publisher = eager_publisher()
    yield Running(publisher)
    publisher.close()


def command(*argv: str) -> tuple[int, str, str]:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = main(argv)
    return code, out.getvalue(), err.getvalue()


def nowhere(*argv: str) -> tuple[int, str, str]:
    """The command where no monitor runs."""
    return command("background", *argv, "--connect", "ipc:///no/monitor")


def example(**changes: object) -> BackgroundProfile:
    return msgspec.structs.replace(background(), **changes)


def test_a_monitor_is_asked_on_the_control_socket_that_is_stated() -> None:
    stated = socket_of_ours("cli-stated")
    publisher = Publisher("tcp://127.0.0.1:*", control=stated)
    running = Running(publisher)
    try:
        assert running.command("show", "--control", stated)[0] == 0
        code, _, err = running.command("show", "--control", "tcp://127.0.0.1:5558")
        assert code == 2
        assert "for the same user only; valid: ipc://" in err
    finally:
        publisher.close()


def test_show_draws_the_background_in_words(running: Running) -> None:
    code, out, err = running.command("show")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "USB microphone  mic0 · model embedded-3fa2"
    assert lines[1].split() == ["sounds", "like", "fan", "50%", "█" * 12]
    assert lines[2].split() == ["air", "conditioner", "25%", "█" * 6]
    assert "well: 40 windows, 20 are needed; the last 1 s ago" in out
    assert "0.50, never the same" in out
    assert "none noticed" in out
    assert "siren" in out
    assert "they count less while it is heard" in " ".join(out.split())
    assert "dog bark" not in out
    assert "`monitor background save` keeps this background" in out


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (LEARNING, ["not yet: 7 of 20 windows", "likeness not known yet"]),
        (
            BackgroundState(False, 0.0, 0, 20, guarded=48),
            ["not yet: 0 of 20 windows; 48 more taught nothing"],
        ),
        (BackgroundState(True, 300.0, 400, 20, 0.97, 1), ["5 min ago", "0.97, steady", "noticed once"]),
        (BackgroundState(True, 0.0, 400, 20, 0.97, 3), ["noticed 3 times"]),
        (BackgroundState(False, 0.0, 0, 20), ["not yet: 0 of 20", "likeness not known yet"]),
    ],
)
def test_show_says_how_well_the_background_is_known(
    running: Running, state: BackgroundState, says: list[str]
) -> None:
    running.backgrounds = [example(state=state)]
    _, out, _ = running.command("show")
    assert [part for part in says if part not in " ".join(out.split())] == []


def test_show_of_a_background_like_no_class_and_of_one_like_many(running: Running) -> None:
    running.backgrounds = [example(classes=[])]
    assert "resembles none of them" in running.command("show")[1]
    running.backgrounds = [example(classes=[ClassInBackground(f"c{n}", 0.2 + n / 100) for n in range(12)])]
    _, out, _ = running.command("show")
    assert "and 4 more; the background resembles these" in out
    assert out.index("c11 ") < out.index("c4 ")
    assert "c3 " not in out


def test_what_looks_like_markup_is_shown_as_it_is(running: Running) -> None:
    running.backgrounds = [example(source_name="[bold]den[/]", sounds_like=[Likeness("[red]:fire:", 1.0)])]
    _, out, _ = running.command("show")
    assert "[bold]den[/]" in out
    assert "[red]:fire:" in out


def test_show_asks_for_the_source_that_is_named(running: Running) -> None:
    running.backgrounds = [background("mic0"), background("mic1")]
    assert running.command("show", "--source", "mic1")[1].count("sounds like") == 1
    assert running.command("show")[1].count("sounds like") == 2
    code, out, err = running.command("show", "--source", "mic7")
    assert (code, out, err) == (2, "", "monitor: There is no source 'mic7'; there are: mic0.\n")


def test_save_stores_the_background_and_show_tells_since_when(running: Running) -> None:
    code, out, _ = running.command("save")
    path = backgrounds.background_file("mic0", "embedded-3fa2")
    assert (code, out) == (0, f"Saved: the background of USB microphone, from 40 windows, in {path}\n")
    stored = backgrounds.load("mic0", "embedded-3fa2")
    assert stored is not None
    assert f"saved {backgrounds.when(stored.saved)}, from 40 windows" in running.command("show")[1]
    (line,) = json.loads(running.command("show", "--json")[1])
    assert line["background"]["sounds_like"][0] == {"phrase": "fan", "share": 0.5}
    assert line["stored"]["mean"] == [0.3, 0.4, 0.0, 0.0]


def test_save_refuses_the_background_that_is_not_known_and_saves_the_others(running: Running) -> None:
    running.backgrounds = [msgspec.structs.replace(background("mic0"), state=LEARNING), background("mic1")]
    code, out, err = running.command("save")
    assert code == 2
    assert out.count("Saved: ") == 1
    assert err.count("\n") == 1
    assert "(mic0) is not known well enough: 7 of 20 windows" in err
    assert [one.source_id for one in backgrounds.stored_backgrounds()[0]] == ["mic1"]


def test_show_says_what_is_wrong_with_what_is_stored(running: Running) -> None:
    running.command("save")
    backgrounds.background_file("mic0", "embedded-3fa2").write_text("{")
    code, out, _ = running.command("show")
    assert code == 0
    assert "it is damaged" in " ".join(out.split())


def test_forget_removes_the_file_and_the_running_monitor_forgets(running: Running, home: Path) -> None:
    running.backgrounds = [background("mic0"), background("mic1")]
    running.command("save")
    code, out, _ = running.command("forget", "--source", "mic0")
    assert code == 0
    assert out.splitlines() == [
        "Removed: mic0@embedded-3fa2.json",
        "The running monitor forgot the background and learns it again: mic0",
    ]
    assert [path.name for path in home.iterdir()] == ["mic1@embedded-3fa2.json"]
    assert running.requests[-1] == Request(request="forget_background", source_id="mic0")
    running.command("forget")
    assert list(home.iterdir()) == []
    assert running.requests[-1] == Request(request="forget_background")


def test_forget_of_the_running_sources_leaves_the_backgrounds_of_others(running: Running, home: Path) -> None:
    backgrounds.save(background("elsewhere"), NOON)
    assert running.command("forget")[1].startswith("Nothing was stored.\n")
    assert [path.name for path in home.iterdir()] == ["elsewhere@embedded-3fa2.json"]
    assert running.command("forget", "--source", "elsewhere")[:2] == (
        0,
        "Removed: elsewhere@embedded-3fa2.json\n",
    )
    assert [one.request for one in running.requests].count("forget_background") == 1
    code, out, err = running.command("forget", "--source", "elsewhere")
    assert (code, out) == (2, "")
    assert "no source 'elsewhere'" in err


def test_without_a_monitor_stored_backgrounds_are_shown_and_one_sentence_says_so(home: Path) -> None:
    backgrounds.save(background(), NOON)
    (home / "torn@x.json").write_text("{")
    code, out, err = nowhere("show")
    assert (code, err.count("\n")) == (2, 1)
    assert "start one with: monitor run" in err
    assert ["mic0", "USB", "microphone", *backgrounds.when(NOON).split(), "embedded-3fa2"] in [
        line.split() for line in out.splitlines()
    ]
    assert "it is damaged" in " ".join(out.split())
    (line,) = json.loads(nowhere("show", "--json", "--source", "mic0")[1])
    assert (line["background"], line["stored"]["source_id"]) == (None, "mic0")


def test_without_a_monitor_forget_wants_to_know_which_background() -> None:
    backgrounds.save(background("mic0"), NOON)
    backgrounds.save(background("mic1"), NOON)
    code, out, err = nowhere("forget")
    assert (code, out) == (2, "")
    assert "--source ID, or --all" in err
    assert nowhere("forget", "--source", "mic0") == (0, "Removed: mic0@embedded-3fa2.json\n", "")
    assert nowhere("forget", "--all") == (0, "Removed: mic1@embedded-3fa2.json\n", "")


@pytest.mark.parametrize("argv", [["save"], ["forget", "--all"], ["show"]])
def test_an_address_that_is_none_is_refused(argv: list[str]) -> None:
    code, out, err = command("background", *argv, "--connect", "nonsense")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "'nonsense' is not an address" in err


def exits(call: Callable[[], object]) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        call()
    return ended.value.code


@pytest.mark.parametrize("argv", [[], ["forget", "--all", "--source", "mic0"], ["draw"]])
def test_what_the_verb_does_not_know_is_one_sentence(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits(lambda: main(["background", *argv])) == 2
    assert capsys.readouterr().err.count("\n") == 1
