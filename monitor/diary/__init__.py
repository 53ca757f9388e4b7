"""What the program says about itself: sentences with a level, to whoever keeps them."""

from __future__ import annotations

from monitor.diary.diary import Diary
from monitor.diary.entry import PRIORITIES, Entry, Level

__all__ = ["PRIORITIES", "Diary", "Entry", "Level"]
