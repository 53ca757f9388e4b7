"""A watcher that remembers, and can be interrupted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Watch:
    """Satisfies `Watcher`."""

    steps: list[tuple[str, int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    interrupt_at: int | None = None
    """Bytes of a file after which the user presses Ctrl-C."""

    def progress(self, file: str, done: int, total: int) -> None:
        self.steps.append((file, done, total))
        if self.interrupt_at is not None and done >= self.interrupt_at:
            raise KeyboardInterrupt

    def say(self, sentence: str) -> None:
        self.said.append(sentence)
