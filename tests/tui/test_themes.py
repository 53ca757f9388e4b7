from __future__ import annotations

import pytest
from rich.color import Color
from rich.style import Style

from monitor.tui import theme
from monitor.tui.options import THEMES, Options, theme_for
from monitor.tui.theme import BANNERS, OUTLINED, inverse
from monitor.tui.themes import themed

STYLES = [
    *BANNERS.values(),
    *(value for name, value in vars(theme).items() if isinstance(value, Style) and name != "MARK"),
]


def luminance(colour: Color | None) -> float:
    """Relative luminance as WCAG 2 defines it."""
    assert colour is not None
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour.get_truecolor())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style) -> float:
    high, low = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("name", "least"), [("standard", 4.5), ("colour-blind", 4.5), ("high-contrast", 7.0)]
)
def test_text_stands_out_from_its_ground(name: str, least: float) -> None:
    for style in STYLES:
        assert contrast(themed(style, name)) >= least, style


def test_on_sixteen_colours_only_those_and_grounds_that_the_linux_console_has() -> None:
    for style in [*STYLES, *map(inverse, BANNERS.values())]:
        shown = themed(style, "16-colours")
        assert shown.color is not None
        assert shown.bgcolor is not None
        assert shown.color.number is not None
        assert shown.bgcolor.number is not None
        assert shown.color.number < 16
        assert shown.color != shown.bgcolor


@pytest.mark.parametrize("name", THEMES)
def test_what_is_now_and_what_is_over_look_different_in_every_theme(name: str) -> None:
    over = {themed(BANNERS[kind], name) for kind in OUTLINED}
    now = {themed(BANNERS[kind], name) for kind in ("event", "urgent")}
    assert not over & now


def test_the_theme_suits_the_terminal_unless_one_is_chosen() -> None:
    assert theme_for(Options("x"), {"TERM": "xterm-256color"}) == "standard"
    assert theme_for(Options("x"), {"TERM": "linux"}) == "16-colours"
    assert theme_for(Options("x"), {"TERM": "vt220"}) == "mono"
    assert theme_for(Options("x"), {"NO_COLOR": "1"}) == "mono"
    assert theme_for(Options("x", theme="high-contrast"), {"TERM": "linux"}) == "high-contrast"
