"""The help screen: the keys, and what the shapes and numbers mean."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

TEXT = """\
 KEYS
   a           you have seen what is urgent: it is no longer MISSED
   space, p    pause, listen again
   up, down    select a class, or an event
   tab         select among events, among classes again
   m           mute the class, hear it again
   + -         make it rarer, easier to be told
   enter       an event in full: what else it may have been, why, how
               loud, in which pattern, who has seen it
   /           history: find what was heard, also in earlier runs
   ctrl+p      everything by name, also colours
   d           words only, or numbers and the spectrogram too
   n           near misses on, off
   s           show another source
   PgUp PgDn   scroll events
   q           quit

 WHAT IS LARGE
   ▲ white on red     an urgent class sounds now: the whole screen
   ◆ black on amber   a class sounds now
   ◇ framed, amber    it has ENDED
   △ framed, red      urgent, and MISSED: it stays until you press a
   ○ green            the monitor hears, and recognised nothing
   ║ blue             paused: nothing is reported
   ╳ black on white   it cannot hear, or there is no monitor
   A change flashes for some seconds, twice a second.

 THE LINE BELOW IT says how each source is heard
   ● HEARS   ≈ NOISY, OVERLOADED   ╳ TOO QUIET, LOST, MONITOR GONE
   and beside it why, and what to do.

 WORDS AND NUMBERS
   once a day    so often ordinary sound may be taken for the class
   △ in a list   an urgent class: reported without waiting
   … maybe       above its threshold, not (yet) confirmed
   no event      the loudest moment without a name, and what came
                 nearest to a class in the last hour, and why not
   0.87/0.50     score now / threshold from which an event begins
   dB over the   how far the sound stands above the usual level here
   background    (SNR); below about 6 dB recognition becomes unsure
   ┃ in a bar    the noise floor; in the class list, the threshold
   like          what it sounds like if it is none of your classes
   ╱╱╱ in the    a moment that was not heard: not silence
   spectrogram
   rtf           work per second of sound; at 1 it cannot keep up
   overflow      times the driver lost input       gap      its length
   overwritten   sound lost because the program stood still
   skipped       sound passed over because the program was late

 What you muted and moved is kept by: monitor config save FILE
 This page closes by itself when an event or a fault begins.
 A sound can be missed. Do not rely on this for safety alone.
"""  # noqa: RUF001 - shapes, not letters


class HelpScreen(ModalScreen[None]):
    """Covers the screen until a key is pressed, or an event or a fault begins."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,space,enter", "dismiss", "Close"),
    ]

    def compose(self) -> ComposeResult:
        """Yield the text in a box that scrolls on small terminals."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Help: escape closes"
            yield Static(TEXT, markup=False)
