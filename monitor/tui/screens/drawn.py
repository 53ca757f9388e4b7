"""A screen that shows what the program behind it knows, as long as it is open."""

from __future__ import annotations

from abc import abstractmethod

from textual.screen import ModalScreen

from monitor.tui.view import View


class DrawnScreen(ModalScreen[None]):
    """Is drawn again whenever the main screen is."""

    @abstractmethod
    def draw(self, view: View) -> None:
        """Show `view`."""
