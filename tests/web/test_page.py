"""The page in a real browser: what a person sees of a monitor, and does about it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from monitor.bus.messages import Event, Health, Request
from monitor.records import EventType
from monitor.storage.history import HistoryWriter, history_file
from tests.chromium import CHROMIUM, launched
from tests.tui import fakes
from tests.tui.live_monitor import Monitor

from .serving import Serving, place_of

api = pytest.importorskip("playwright.sync_api", reason="drives the browser; pip install -e '.[dev]'")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
PATIENCE_MS = 15_000
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
HOSTILE = "<img src=x onerror=document.title='hacked'><b>knock"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright, launched(playwright) as browser:
        api.expect.set_options(timeout=PATIENCE_MS)
        yield browser
    assert not Path(os.environ["XDG_DATA_HOME"]).exists()


class Sight:
    """One browser that looks on, and what a person finds in it."""

    def __init__(self, browser: Any, serving: Serving, **options: Any) -> None:
        self.context = browser.new_context(viewport=PHONE, timezone_id="Europe/Berlin", **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(serving.url)

    def _note(self, message: Any) -> None:
        """Note what the browser complains of; a request that was refused is none of that."""
        if not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def says(self, word: str) -> None:
        """Wait until the large word is `word`."""
        api.expect(self.page.locator("#word")).to_have_text(re.compile(rf"^{word}$", re.IGNORECASE))

    def shows(self, selector: str, text: str | re.Pattern[str]) -> None:
        """Wait until what `selector` finds contains `text`."""
        api.expect(self.page.locator(selector)).to_contain_text(text)

    def asks(self, do: Callable[[], object]) -> None:
        """Return once the answer is there to what the page asks when `do` is done."""
        with self.page.expect_response("**/api/ask"):
            do()

    def colour(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.querySelector('#stage')).backgroundColor"))


@pytest.fixture
def sight(browser: Any, serving: Serving) -> Iterator[Sight]:
    sight = Sight(browser, serving)
    yield sight
    sight.context.close()
    assert sight.complaints == []


def running(**options: Any) -> Health:
    found = fakes.health(100.0, name="Kitchen microphone", **options)
    return structs.replace(found, calibrated=True, node="pi")


def sound(
    kind: EventType, class_: str, ago_s: float = 1.0, lasted_s: float | None = None, **options: Any
) -> Event:
    began = datetime.now(UTC) - timedelta(seconds=ago_s)
    over = None if lasted_s is None else began + timedelta(seconds=lasted_s)
    ended_by = None if over is None else "quiet"
    one = fakes.event(kind, class_, id_=class_, ended_by=ended_by, **options)
    return structs.replace(one, onset_time=began, offset_time=over)


def test_an_alarm_fills_the_phone_until_somebody_has_seen_it(sight: Sight, monitor: Monitor) -> None:
    monitor.publish(running())
    sight.says("listening")
    sight.shows("#microphones", re.compile("hears.*Kitchen microphone", re.DOTALL))
    monitor.publish(sound("onset", "smoke_alarm", urgent=True))
    sight.says("smoke alarm")
    assert sight.page.title().startswith("SMOKE ALARM")
    assert sight.page.locator("#stage").bounding_box()["height"] > 0.8 * PHONE["height"]
    assert sight.page.locator("#word").bounding_box()["width"] > 0.7 * PHONE["width"]
    api.expect(sight.page.locator("body")).to_have_class(re.compile("flashing"))
    assert sight.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    sight.asks(lambda: sight.page.click("#seen"))
    api.expect(sight.page.locator("#refusal")).to_be_empty()
    (request,) = [one for one in monitor.requests if one.request == "acknowledge"]
    assert request == Request("acknowledge", event_id="smoke_alarm")
    seen = sound("acknowledged", "smoke_alarm", urgent=True)
    monitor.publish(
        structs.replace(seen, acknowledged_by="web page (pid 1)", acknowledged_at=seen.onset_time)
    )
    api.expect(sight.page.locator("body")).not_to_have_class(re.compile("flashing"))
    api.expect(sight.page.locator("#seen")).to_be_hidden()


def test_what_is_over_stands_in_outline_and_an_urgent_one_is_missed_until_seen(
    sight: Sight, monitor: Monitor
) -> None:
    monitor.publish(running(), sound("onset", "dog_bark", 5.0))
    sight.says("dog bark")
    assert sight.colour() == "rgb(11, 79, 179)"
    monitor.publish(sound("offset", "dog_bark", 5.0, 3.0))
    api.expect(sight.page.locator("body")).to_have_attribute("data-kind", "recent")
    monitor.publish(sound("missed", "siren", 90_000.0, 60.0, urgent=True))
    monitor.publish(sound("offset", "smoke_alarm", 70.0, 9.0, urgent=True))
    sight.shows("#missed h2", "MISSED 2")
    sight.shows(
        "#missed-list li:nth-child(2)",
        re.compile(r"siren.*\w{3} \d+ \w{3} \d\d:\d\d:\d\d.*lasted 1 min 00 s"),
    )
    sight.asks(sight.page.get_by_role("button", name=re.compile("I have seen siren")).click)
    sight.asks(sight.page.get_by_role("button", name="I have seen all").click)
    asked = [one.event_id for one in monitor.requests if one.request == "acknowledge"]
    assert asked == ["siren", None]


def test_the_history_never_contradicts_what_the_page_has_shown(sight: Sight, monitor: Monitor) -> None:
    missed = structs.replace(sound("offset", "siren", 60.0, 3.0, urgent=True), onset_position_s=4.0)
    monitor.publish(running(), missed)
    sight.shows("#missed h2", "MISSED 1")
    sight.page.click("[data-view=history]")
    sight.shows("#history-note", "One sound, 1 urgent and not seen. Files and the demo are not kept")
    seen = structs.replace(
        missed, type="acknowledged", acknowledged_by="web page", acknowledged_at=missed.onset_time
    )
    monitor.publish(seen)
    sight.shows("#history-note", "One sound. Files and the demo are not kept")
    sight.shows("#history-list", "seen by web page")
    monitor.publish(sound("onset", "dog_bark"))
    sight.shows("#history-note", "2 sounds.")


def test_the_history_says_that_the_demo_is_not_kept(sight: Sight, monitor: Monitor) -> None:
    monitor.publish(structs.replace(running(), source_id="demo", position_s=None))
    sight.says("listening")
    sight.page.click("[data-view=history]")
    sight.shows("#history-note", "Files and the demo are not kept")


def test_a_monitor_that_goes_is_never_a_silent_screen(browser: Any, own_state: Path) -> None:
    monitor = Monitor()
    serving = Serving([place_of(monitor)])
    sight = Sight(browser, serving)
    try:
        monitor.publish(running(), sound("onset", "siren", urgent=True))
        sight.says("siren")
        monitor.close()
        sight.says("no monitor")
        sight.shows("#detail", "Nothing is heard")
        sight.shows("#microphones", "no monitor")
        serving.close()
        sight.says("cut off")
        sight.shows("#detail", "What sounds now is not shown")
    finally:
        serving.close()
        sight.context.close()


def test_a_page_that_was_cut_off_comes_again_by_itself(
    browser: Any, own_state: Path, monitor: Monitor
) -> None:
    serving = Serving([place_of(monitor)])
    sight = Sight(browser, serving)
    try:
        monitor.publish(running())
        sight.says("listening")
        serving.close()
        sight.says("cut off")
        again = Serving([place_of(monitor)], f"127.0.0.1:{serving.port}")
        try:
            sight.says("listening")
            monitor.publish(sound("onset", "siren", urgent=True))
            sight.says("siren")
        finally:
            again.close()
    finally:
        serving.close()
        sight.context.close()


def test_the_page_opens_without_its_server_and_says_so(
    browser: Any, own_state: Path, monitor: Monitor
) -> None:
    serving = Serving([place_of(monitor)])
    sight = Sight(browser, serving)
    try:
        sight.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        sight.page.reload()
        sight.page.wait_for_function("navigator.serviceWorker.controller !== null")
        serving.close()
        sight.page.reload()
        sight.says("cut off")
    finally:
        serving.close()
        sight.context.close()


def test_names_from_outside_are_text_wherever_they_are_shown(sight: Sight, monitor: Monitor) -> None:
    entry = structs.replace(fakes.class_state("knock"), label=HOSTILE)
    named = structs.replace(running(classes=(entry,)), source_name=HOSTILE)
    onset = structs.replace(sound("onset", "knock", urgent=True), label=HOSTILE, source_name=HOSTILE)
    monitor.publish(named, onset)
    sight.shows("#word", "onerror=document.title")
    sight.shows("#microphones .name", HOSTILE)
    sight.page.click("[data-view=sounds]")
    sight.shows("#sound-list", HOSTILE)
    over = structs.replace(sound("offset", "knock", 5.0, 1.0, urgent=True), label=HOSTILE)
    monitor.publish(over)
    sight.page.click("[data-view=recent]")
    sight.shows("#recent-list", HOSTILE)
    sight.shows("#missed-list", HOSTILE)
    assert sight.page.locator("img, b").count() == 0
    assert "hacked" not in sight.page.title()


def test_all_of_it_is_done_by_keyboard_and_an_urgent_sound_is_muted_only_after_a_question(
    sight: Sight, monitor: Monitor
) -> None:
    monitor.publish(running())
    sight.says("listening")
    press = sight.page.keyboard.press

    def reach(selector: str) -> None:
        for _ in range(40):
            if sight.page.locator(selector).first.evaluate("element => element === document.activeElement"):
                return
            press("Tab")
        pytest.fail(f"{selector} is not reached by Tab")

    reach(".skip")
    reach("[data-view=sounds]")
    press("Enter")
    reach("#sound-list li:nth-child(1) .mute")
    press("ArrowDown")
    sight.shows("#question-text", "siren is urgent")
    press("Escape")
    api.expect(sight.page.locator("#question")).to_be_hidden()
    api.expect(sight.page.locator("#sound-list li:nth-child(1) .mute")).to_have_value("off")
    reach("#sound-list li:nth-child(1) .mute")
    press("ArrowDown")
    reach("#question-answers button")
    sight.asks(lambda: press("Enter"))
    reach("#sound-list li:nth-child(2) .often")
    sight.asks(lambda: press("ArrowDown"))
    api.expect(sight.page.locator("#refusal")).to_be_empty()
    asked = {one.request: one for one in monitor.requests}
    wanted = Request("mute", class_="siren", value=True, source_id=fakes.SOURCE_ID, for_s=900.0)
    assert asked["mute"] == wanted
    assert asked["threshold"].class_ == "dog_bark"
    assert asked["threshold"].value == pytest.approx(6 / 7, abs=1e-3)  # four times a day


@pytest.mark.parametrize("size", [PHONE, {"width": 320, "height": 640}, DESK], ids=["phone", "small", "desk"])
def test_what_is_chosen_of_false_alarms_and_mutes_can_be_read_whole(
    sight: Sight, monitor: Monitor, size: dict[str, int]
) -> None:
    sight.page.set_viewport_size(size)
    until = datetime.now(UTC) + timedelta(hours=1)
    entry = structs.replace(
        fakes.class_state("knock"), onset_threshold=1 / 4.8, muted=True, muted_until=until
    )
    monitor.publish(running(classes=(entry,)))
    sight.page.click("[data-view=sounds]")
    sight.shows("#sound-list .often option:checked", "3.8 times an hour (now)")
    for select in sight.page.locator("#sound-list select").all():
        alone = """select => {
            const copy = document.createElement("select");
            copy.append(new Option(select.selectedOptions[0].text));
            copy.style.cssText = "inline-size: max-content; max-inline-size: none; padding-inline: .4rem";
            document.body.append(copy);
            const width = copy.offsetWidth;
            copy.remove();
            return [width, select.offsetWidth];
        }"""
        needed, has = select.evaluate(alone)
        assert has >= needed


def test_a_pause_is_asked_for_with_its_end_and_a_refusal_is_told(sight: Sight, monitor: Monitor) -> None:
    monitor.publish(running())
    sight.page.get_by_role("button", name="Pause, Kitchen microphone").click()
    sight.page.get_by_role("button", name="Pause for an hour").click()
    sight.shows("#refusal", "Not done: Cannot pause a file.")
    assert monitor.requests[-1] == Request("pause", value=True, source_id=fakes.SOURCE_ID, for_s=3600.0)


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"])
def test_axe_finds_nothing_to_complain_about_in_any_view(
    browser: Any, serving: Serving, monitor: Monitor, scheme: str, size: dict[str, int]
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="has axe; pip install -e '.[dev]'"
    )
    now = datetime.now(UTC)
    path = history_file()
    assert path is not None
    writer = HistoryWriter(path, keep_days=10.0, max_mb=10.0)
    for number in range(5):
        old = sound("offset", "dog_bark", 4000.0 * number, 2.0)
        writer.add(structs.replace(old, id=f"{number}", onset_time=now - timedelta(hours=5 * number)))
    writer.close()
    sight = Sight(browser, serving, color_scheme=scheme, bypass_csp=True)
    sight.page.set_viewport_size(size)
    try:
        monitor.publish(running(), sound("missed", "siren", 900.0, 60.0, urgent=True))
        sight.shows("#missed h2", "MISSED")
        for view in ("recent", "sounds", "alerts", "history"):
            sight.page.click(f"[data-view={view}]")
            complaints = axe.Axe().run(sight.page).response["violations"]
            assert json.dumps(complaints) == "[]", view
        monitor.publish(sound("onset", "smoke_alarm", urgent=True))
        sight.says("smoke alarm")
        sight.page.evaluate("document.body.classList.remove('flashing')")
        assert axe.Axe().run(sight.page).response["violations"] == []
    finally:
        sight.context.close()


def test_nothing_flashes_where_less_motion_is_asked_for(
    browser: Any, serving: Serving, monitor: Monitor
) -> None:
    sight = Sight(browser, serving, reduced_motion="reduce")
    try:
        monitor.publish(running(), sound("onset", "siren", urgent=True))
        sight.says("siren")
        assert sight.page.evaluate("document.getAnimations().length") == 0
        sight.page.click("[data-view=alerts]")
        sight.shows("#alert-list", "asks for reduced motion")
    finally:
        sight.context.close()


def test_the_flash_is_slower_than_what_may_hurt(sight: Sight, monitor: Monitor) -> None:
    monitor.publish(running(), sound("onset", "siren", urgent=True))
    sight.says("siren")
    sight.page.wait_for_function("document.getAnimations().length > 0")
    period_ms = sight.page.evaluate("document.getAnimations()[0].effect.getComputedTiming().duration")
    assert 1000 / period_ms < 3.0


def test_two_monitors_are_one_page_and_the_one_that_is_gone_is_named(browser: Any, own_state: Path) -> None:
    there, gone = Monitor(), Monitor()
    serving = Serving([place_of(there), place_of(gone)])
    sight = Sight(browser, serving)
    try:
        there.publish(running())
        gone.publish(structs.replace(running(), node="attic", source_name="Attic microphone"))
        api.expect(sight.page.locator("#microphone-list li")).to_have_count(2)
        gone.close()
        sight.says("no monitor")
        sight.shows("#detail", "attic")
        there.publish(sound("onset", "dog_bark"))
        sight.says("dog bark")
        sight.shows("#detail", "USB microphone, pi")
    finally:
        sight.context.close()
        serving.close()
        there.close()


def test_two_monitors_of_one_computer_are_told_apart(browser: Any, own_state: Path) -> None:
    one, other = Monitor(), Monitor()
    serving = Serving([place_of(one), place_of(other)])
    sight = Sight(browser, serving)
    try:
        one.publish(running())
        other.publish(running())
        for number, monitor in enumerate((one, other), 1):
            row = f"#microphone-list li:nth-child({number}) .name"
            sight.shows(row, f"Kitchen microphone, pi {monitor.publisher.endpoint}")
    finally:
        sight.context.close()
        serving.close()
        one.close()
        other.close()


def test_another_computer_pairs_by_the_code_or_by_the_address_that_has_it(
    browser: Any, own_state: Path, monitor: Monitor
) -> None:
    pytest.importorskip("cryptography", reason="makes the certificate")
    serving = Serving([place_of(monitor)], "0.0.0.0:0")
    local = f"https://127.0.0.1:{serving.port}/"
    try:
        context = browser.new_context(ignore_https_errors=True, viewport=PHONE)
        page = context.new_page()
        page.goto(local)
        page.fill("#code", "0000 0001")
        page.keyboard.press("Enter")
        api.expect(page.locator("#pair-error")).to_contain_text("not the code")
        page.fill("#code", serving.opened.code)
        page.keyboard.press("Enter")
        api.expect(page.locator("#pairing")).to_be_hidden()
        monitor.publish(running())
        api.expect(page.locator("#word")).to_have_text("listening")
        context.close()
        context = browser.new_context(ignore_https_errors=True, viewport=PHONE)
        page = context.new_page()
        page.goto(f"{local}#{serving.opened.code}")
        api.expect(page.locator("#word")).to_have_text("listening")
        assert page.url == local
        context.close()
    finally:
        serving.close()


def test_the_list_of_files_that_open_without_the_server_is_whole() -> None:
    page = Path(__file__).parents[2] / "monitor" / "web" / "page"
    worker = (page / "worker.js").read_text("utf-8")
    kept = set(re.findall(r'"([\w.-]+\.\w+)"', worker[worker.index("FILES") : worker.index("];")]))
    assert kept == {path.name for path in page.iterdir()} - {"index.html", "worker.js", "icon-512.png"}
    assert os.access(page / "index.html", os.R_OK)


def test_every_sentence_of_the_page_is_said_somewhere() -> None:
    page = Path(__file__).parents[2] / "monitor" / "web" / "page"
    strings = (page / "strings.js").read_text("utf-8")
    written = set(re.findall(r"^  (\w+):", strings[: strings.index("ENDINGS")], re.MULTILINE))
    others = [
        path for path in page.iterdir() if path.suffix in {".js", ".html"} and path.name != "strings.js"
    ]
    text = "".join(path.read_text("utf-8") for path in others)
    assert written == set(re.findall(r'(?:\btext\.|data-(?:text|label)=")(\w+)', text))
