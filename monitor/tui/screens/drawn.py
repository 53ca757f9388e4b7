"""A screen that shows what the program behind it knows, as long as it is open."""

from __future__ import annotations

from abc import abstractmethod

from textual.screen import ModalScreen

from monitor.tui.panels.banner import banner_lines
from monitor.tui.strips import Panel
from monitor.tui.view import View


class DrawnScreen(ModalScreen[None]):
    """Is drawn again whenever the main screen is."""

    def __init__(self, theme: str) -> None:
        """Draw in the colours of `theme`."""
        super().__init__()
        self._theme = theme
        self._banner = Panel(id="above", theme=theme)
        """What sounds now stays in sight."""

    def draw(self, view: View) -> None:
        """Show `view`."""
        width, height = self._banner.size
        if width and height:
            self._banner.show(banner_lines(view, width, height))
        self.draw_inside(view)

    @abstractmethod
    def draw_inside(self, view: View) -> None:
        """Show what is below the banner."""
