"""The capture thread: it carries one source into the ring, and brings a lost one back."""

from __future__ import annotations

import math
import threading
import time
from contextlib import AbstractContextManager, nullcontext

from msgspec.structs import replace

from monitor.config.settings import CaptureConfig
from monitor.errors import SourceAbsent, SourceDamaged, SourceError, SourceLost
from monitor.records import Block, CaptureStatus
from monitor.sources import FIRST_BLOCK_S, Patient, Source
from monitor.sources.ingest import Ingest, RingWriter
from monitor.sources.invalid_watch import InvalidWatch

READ_S = 0.1
"""Seconds one read may take; how soon a stop is noticed."""
MAX_REOPEN_S = 5.0
"""Longest pause between attempts to open a lost source again."""
MIN_RATE, MAX_RATE = 1_000, 768_000
"""Hz a source may have."""

GROW_S = 0.5
"""How often the gap of a source that is away grows; the newest so many seconds are not in it yet."""
KEPT_S = 10.0
"""A source that stalls and was not closed may still deliver so many seconds of what it kept."""
_SOON_S = 0.01
"""So long a block is on its way to us."""

_STARTING = CaptureStatus("starting", None, 0, 0, 0, 0, None)


class Capture:
    """One source, one ring, one thread between them.

    The thread never waits for the reader of the ring unless `wait` says so. A live source that goes away is
    opened again with growing pauses, for ever; a source that ends closes the ring.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - two ends, and how sound gets from one to the other
        self,
        source: Source,
        ring: RingWriter,
        sample_rate: int,
        config: CaptureConfig,
        wait: bool,
        alone: AbstractContextManager[object] | None = None,
    ) -> None:
        """Prepare to carry `source` into `ring` at `sample_rate` Hz.

        Parameters
        ----------
        source
            Closed; the thread owns it from `start` to `stop`.
        ring
            Written and closed by the thread only.
        sample_rate
            Hz of the analysis and of every stream index.
        config
            When a source counts as lost, and how soon it is tried again.
        wait
            Wait for room in the ring (a file read at once) instead of overwriting.
        alone
            Held while sound is taken in; None: nothing. Of many sources that share a lock one works at a
            time; the others wait for that, and not for the interpreter, which whoever analyses needs too.
        """
        self._alone = alone or nullcontext()
        self._source = source
        self._patient = source if isinstance(source, Patient) else None
        self._ring = ring
        self._config = config
        self._ingest = Ingest(ring, sample_rate, wait, config)
        self._sample_rate = sample_rate
        self._status = _STARTING
        self._last_block_s = 0.0
        self._captured_s = 0.0  # when the end of the last block had been
        self._away = False  # lost, and not one block since
        self._heard = False  # there was a block
        self._warned = ""  # what the source says is wrong with it
        self._invalid = InvalidWatch()
        self._form: tuple[int, int] | None = None  # Hz and channels of the last block of this opening
        self._pause_s = 0.0  # before the next attempt to open it
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self.error: SourceError | None = None
        """What was wrong with a source that has ended; decides the exit code."""

    @property
    def status(self) -> CaptureStatus:
        """A consistent snapshot; safe from any thread."""
        return self._status

    def start(self) -> None:
        """Open the source and begin; a live one that is not there is waited for, unless it is required.

        Raises
        ------
        SourceError
            It cannot be opened.
        """
        try:
            self._open()
        except SourceError as error:
            comes = self._source.live and isinstance(error, SourceAbsent | SourceLost)
            if self._config.require or not comes:
                self._ring.close()
                raise
            self._lose(str(error))
            self._away, self._pause_s = True, self._config.reopen_every_s
        self._last_block_s = time.monotonic()
        self._thread.start()

    def open(self) -> None:
        """Open a source that is not live, for `transfer`.

        Raises
        ------
        SourceError
            It cannot be opened.
        """
        try:
            self._open()
        except SourceError:
            self._ring.close()
            raise

    def transfer(self) -> bool:
        """Transfer one block on the caller's own thread, in place of `start`; False at the end."""
        try:
            self._step()
        except EOFError as end:
            self._end(None, str(end))
        except SourceError as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001 - as on a thread of its own: one recording, not all of them
            self._fail(error)
        else:
            return True
        self._finish()
        return False

    def stop(self) -> None:
        """End thread and source within about a second, also when a driver hangs or the ring is full."""
        self._stop.set()
        self._ring.close()
        if self._thread.ident is None:
            return
        self._thread.join(5 * READ_S)
        if self._thread.is_alive():  # it hangs in the driver: take that away from under it
            self._source.close()
            self._thread.join(5 * READ_S)

    def _open(self) -> None:
        """Open the source; one that does not know its sample rate yet begins with its first block."""
        self._source.open()
        self._form = None
        if self._source.sample_rate:
            self._begin()

    def _begin(self) -> None:
        source = self._source
        rate = source.sample_rate
        if not MIN_RATE <= rate <= MAX_RATE:
            source.close()
            raise SourceError(
                f"{source.name} has a sample rate of {rate} Hz; valid: {MIN_RATE} to {MAX_RATE} Hz. "
                "Convert it first."
            )
        self._ingest.begin(rate, source.live, source.name, source.id)
        self._status = replace(self._status, device_sample_rate=rate, source_id=source.id)

    def _run(self) -> None:
        try:
            self._transfer_all()
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it, and all would seem well
            self._fail(error)
        finally:
            self._finish()

    def _fail(self, error: Exception) -> None:
        self.error = _unexpected(self._source, error, SourceError)
        self._status = replace(self._status, reason=str(self.error))

    def _finish(self) -> None:
        self._status = replace(self._status, state="ended")
        self._ring.close()
        self._source.close()

    def _transfer_all(self) -> None:
        try:
            if self._away:
                self._open_again()
            while not self._stop.is_set():
                try:
                    self._step()
                except SourceLost as error:
                    self._recover(error)
        except EOFError as end:
            self._end(None, str(end))
        except SourceError as error:
            self._end(error)

    def _step(self) -> None:
        """Transfer one block, or notice that there is none."""
        self._rest()
        try:
            block = self._source.read(READ_S)
            if block is not None:
                self._transfer(block)
        except (EOFError, SourceError):
            raise
        except Exception as error:
            if not self._source.live:
                raise
            raise _unexpected(self._source, error, SourceLost) from error  # opened again it may work
        if block is None and self._status.state == "lost":
            self._ingest.advance(self._silent_s() - KEPT_S)
        if block is None and self._source.live and self._is_late():
            self._lose(f"No sound arrives from {self._source.name}.")
            self._ingest.stall()
            self._away, self._pause_s = True, self._config.reopen_every_s

    def _rest(self) -> None:
        """Leave a source that can wait alone until the reader of the ring has use for what it hears."""
        source = self._patient
        if source is not None and self._status.state == "running":
            missing_s = min(source.rest_s, self._ring.missing_len / self._sample_rate)
            comes_s = self._captured_s + math.ceil(missing_s / source.block_s) * source.block_s + _SOON_S
            if missing_s and (rest_s := comes_s - time.monotonic()) > 0.0:
                self._stop.wait(min(rest_s, source.rest_s))

    def _transfer(self, block: Block) -> None:
        self._last_block_s, self._captured_s = time.monotonic(), block.captured_s
        ingest = self._ingest
        form = (self._source.sample_rate, block.samples.shape[1])
        if self._form != form and (self._form is not None or self._status.device_sample_rate == 0):
            self._begin()  # it is known only now, or has changed within the stream
        self._form = form
        with self._alone:
            ingest.add(block)
        self._warned = self._warned if block.warning is None else block.warning
        wrong = self._warned or self._invalid.sentence(self._source.name, ingest.invalid, self._last_block_s)
        self._status = replace(
            self._status,
            state="running",
            reason=None,
            overflow=ingest.overflow,
            invalid=ingest.invalid,
            reopened=self._status.reopened + (self._away and self._heard),
            clock_ppm=ingest.clock_ppm,
            channels=ingest.channels,
            next_due_s=block.next_due_s,
            warning=wrong or None,
            kept_quiet=self._status.kept_quiet if block.kept_quiet is None else block.kept_quiet or None,
        )
        self._away, self._heard = False, True

    def _silent_s(self) -> float:
        """Return for how long no block has come, seconds."""
        return time.monotonic() - self._last_block_s

    def _is_late(self) -> bool:
        limit_s = self._config.lost_after_s
        if self._status.state == "starting":
            limit_s = max(limit_s, FIRST_BLOCK_S)
        due_s = max(self._last_block_s, self._status.next_due_s or 0.0)
        return self._status.state != "lost" and time.monotonic() - due_s > limit_s

    def _lose(self, reason: str) -> None:
        if not self._heard:
            reason = f"{reason} It is waited for."
        self._status = replace(self._status, state="lost", reason=reason, clock_ppm=None)
        self._ring.wake()

    def _recover(self, error: SourceLost) -> None:
        """Say that the source is lost, and open it again, however long that takes."""
        self._lose(str(error))
        self._ingest.finish()
        self._source.close()
        self._open_again()

    def _open_again(self) -> None:
        while not self._pause():
            try:
                self._open()
            except SourceError as refusal:
                self._lose(str(refusal))
            else:
                return

    def _pause(self) -> bool:
        """Wait before the next attempt, longer each time until a block comes; True when asked to stop."""
        if not self._away:  # the first attempt after a loss is made at once
            self._away = True
            self._pause_s = self._config.reopen_every_s
            return self._stop.is_set()
        pause_s = self._pause_s
        self._pause_s = min(2.0 * pause_s, max(pause_s, MAX_REOPEN_S))
        deadline_s = time.monotonic() + pause_s
        while (left_s := deadline_s - time.monotonic()) > 0.0 and not self._stop.wait(min(left_s, GROW_S)):
            self._ingest.advance(self._silent_s() - GROW_S)
        return self._stop.is_set()

    def _end(self, error: SourceError | None, note: str = "") -> None:
        """Flush, and say in words what was wrong with the sound, if anything."""
        self._ingest.finish()
        wrong = " ".join(sentence for sentence in (str(error or ""), self._invalid_sentence()) if sentence)
        if wrong:
            self.error = SourceDamaged(wrong) if error is None else type(error)(wrong)
        self._status = replace(self._status, reason=wrong or note or f"{self._source.name} has ended.")

    def _invalid_sentence(self) -> str:
        ingest = self._ingest
        if ingest.first_invalid is None:
            return ""
        kept = "they were heard as silence" if ingest.mono else "channels were left out while theirs were"
        return (
            f"{ingest.invalid} samples of {self._source.name} are not numbers or far beyond full scale, the "
            f"first at {ingest.first_invalid / self._sample_rate:.3f} s; {kept}."
        )


def _unexpected(source: Source, error: Exception, kind: type[SourceError]) -> SourceError:
    """Return what to say of an `error` nobody foresaw."""
    wrong = kind(
        f"The capture of {source.name} failed unexpectedly ({type(error).__name__}: {error}); "
        "please report this sentence."
    )
    wrong.__cause__ = error
    return wrong
