"""A question before something that silences an alarm."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class ConfirmScreen(ModalScreen[bool]):
    """Asks; only a plain yes, or the same key again, is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)"),
        Binding("n,escape,space", "answer(False)"),
    ]

    def __init__(self, question: str, consequence: str, key: str) -> None:
        """Ask `question`, say what follows, and take `key` for a yes too."""
        super().__init__()
        self._question, self._consequence, self._key = question, consequence, key

    def compose(self) -> ComposeResult:
        """Yield the question."""
        with Vertical(id="confirm") as box:
            box.border_title = self._question
            yield Static(self._consequence, markup=False)
            yield Static(f"\n[y] or [{self._key}] yes    [n] or escape: no", markup=False)

    def on_mount(self) -> None:
        """Take the key that led here."""
        self._bindings.bind(self._key, "answer(True)")

    def action_answer(self, yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(yes)
