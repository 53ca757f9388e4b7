"""How a process of this program begins: before Ctrl-C or a file in the current folder can break anything.

Only what is needed for that is imported here. Python itself would print a traceback for a Ctrl-C while it
imports, and some libraries turn it into an error of their own; `python -m` would import any file of the
current folder that is called like a library.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_farewells: list[Callable[[], object]] = []
EXIT_INTERRUPTED = 130
"""Ctrl-C before the work was done."""
ENCODER_THREAD = "encoder"
"""The name of a thread that may hang for ever, and that no process waits for."""


def ready() -> None:
    """Make this process safe to interrupt, and import nothing from the current folder from now on.

    numpy's linear algebra gets one thread, in children too, unless the environment says otherwise: what is
    computed here is small, more threads only wait for one another where a machine is busy, and how many
    there are must change no figure.
    """
    _on_interrupt(_interrupt)
    forget_current_folder()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def forget_current_folder() -> None:
    """Import nothing from the current folder, unless this very package is in it.

    `python -m` puts it before all others that modules come from, and so does an empty part of `PYTHONPATH`,
    as a line like ``PYTHONPATH=$PYTHONPATH:/more`` leaves.
    """
    here = _current_folder()
    if not sys.flags.safe_path and sys.path and sys.path[0] in {"", here}:
        del sys.path[0]
    if here != _root() and here not in _stated_path():
        sys.path[:] = [folder for folder in sys.path if folder not in {"", here}]


def interrupt_as_usual() -> None:
    """Handle Ctrl-C as Python does, once all is imported: event loops look for that."""
    _on_interrupt(signal.default_int_handler)


def interrupt_at_once() -> None:
    """End at the next Ctrl-C without more ado: the work is done."""
    _on_interrupt(_leave)


def before_leaving(farewell: Callable[[], object]) -> Callable[[], None]:
    """Have `farewell` called where a signal ends the process at once; return what takes that back."""
    _farewells.append(farewell)

    def take_back() -> None:
        if farewell in _farewells:
            _farewells.remove(farewell)

    return take_back


def python_module(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `module` of this package, and nothing of the current folder."""
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment() -> dict[str, str]:
    """Return this process's environment, in which a child finds this very package."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([_root(), *_stated_path()])}


def _root() -> str:
    """Return the folder in which this package is."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - no pathlib yet


def _stated_path() -> list[str]:
    """Return the folders of `PYTHONPATH`, without what stands for the current one wherever that is."""
    parts = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [os.path.abspath(part) for part in parts if part not in {"", "."}]  # noqa: PTH100


def _current_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:  # it was removed
        return ""


def _on_interrupt(handler: object) -> None:
    """Handle Ctrl-C, unless whoever started this process wants it ignored."""
    if signal.getsignal(signal.SIGINT) in {signal.default_int_handler, _interrupt, _leave}:
        signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]


def importing(frame: FrameType | None) -> bool:
    """Tell whether an exception raised at `frame` would have to pass through an import: some swallow it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or end at once where it would have to pass through an import."""
    if importing(frame):
        _leave()
    raise KeyboardInterrupt


def leave_at_once(exit_code: int) -> None:
    """End this process with `exit_code` here and now, after what was asked for with `before_leaving`."""
    while _farewells:
        _farewells.pop()()
    os._exit(exit_code)


def _leave(*_: object) -> None:
    leave_at_once(EXIT_INTERRUPTED)
