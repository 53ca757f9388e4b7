"""The encoder on a thread of its own, watched: whatever it does, the pipeline goes on and says so.

A window on which the encoder fails, or does not answer for `TIMEOUT_S`, has no embedding; the next one is
tried again. After `RENEW_AFTER` failures in a row, and at once after a hang, the encoder is loaded again on
a new thread, for a thread that hangs cannot be ended: it is left behind. Where that does not help for
`GIVE_UP_S` there is no hope, and the run should end.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from monitor.encoders import Encoder
from monitor.encoders.checked import Answer, answer, failure, nothing
from monitor.errors import ModelError
from monitor.records import Embedding, Stall, Window
from monitor.start import ENCODER_THREAD

SAY_AFTER_S = 2.0
"""An encoder that works on one batch for longer is told of."""
TIMEOUT_S = 10.0
"""An encoder that works on one batch for longer hangs."""
FIRST_TIMEOUT_S = 30.0
"""The same for the first batch: loading, and what a GPU compiles, take their time."""
CALM_S = 3.0
"""So long after a failure it is still told of: one window is not missed, and the state does not flicker."""
RENEW_AFTER = 3
"""Failures in a row after which the encoder is loaded again."""
RENEW_EVERY_S = 5.0
"""Shortest time between two loadings."""
GIVE_UP_S = 60.0
"""So long without one embedding, in spite of loading again, and there is no hope."""
_CLOSE_S = 1.0


class AsyncEncoder(Protocol):
    """What the pipelines need of an encoder that works while they go on."""

    @property
    def batches(self) -> bool:
        """Whether several windows at once cost less than one after another."""

    @property
    def stall(self) -> Stall | None:
        """Why sound is not analysed at present; None: it is."""

    @property
    def hopeless(self) -> str | None:
        """Why the run should end, as one sentence; None while there is hope."""

    def submit(self, windows: Sequence[Window]) -> None:
        """Begin with a batch; the one before has been collected."""

    def collect(self, timeout_s: float) -> list[Embedding | None] | None:
        """Return the batch's embeddings, None where the encoder failed; None at all if it works still."""

    def close(self) -> bool:
        """Let go of the encoder; False if it hangs."""


class Failures:
    """What went wrong lately, and for how long. Pure: the caller tells the time."""

    def __init__(self) -> None:
        self.in_a_row = 0
        """Batches that failed since the last one that did not."""
        self._since_s = 0.0
        self._last_s: float | None = None
        self._wrong = ""

    def note(self, wrong: str | None, now_s: float) -> None:
        """Take down how a batch went: `wrong`, or well."""
        if wrong is None:
            self.in_a_row = 0
            return
        self._since_s = self._since_s if self.in_a_row else now_s
        self.in_a_row += 1
        self._last_s, self._wrong = now_s, wrong

    def take(self, found: Answer, now_s: float) -> None:
        """Take down how a batch went; one that went well in part shows that the encoder works."""
        self.note(found.wrong, now_s)
        if any(embedding is not None for embedding in found.embeddings):
            self.note(None, now_s)  # what one source brings must not cost the others their encoder

    def lasting_s(self, now_s: float) -> float:
        """Return for how long not one batch went well; 0: the last one did."""
        return now_s - self._since_s if self.in_a_row else 0.0

    def stall(self, now_s: float) -> Stall | None:
        """Return what to say, also a moment after it was over."""
        if self._last_s is None or (not self.in_a_row and now_s - self._last_s > CALM_S):
            return None
        reason = f"the encoder failed ({self._wrong}): that sound is skipped, and it is tried again"
        return Stall(reason, self.lasting_s(now_s))

    def sentence(self) -> str:
        """Return why there is no hope."""
        return (
            f"The encoder failed for {GIVE_UP_S:.0f} s, also after it was loaded again ({self._wrong}); "
            "start the monitor again, or choose another model (`monitor models list`)."
        )


class WatchedEncoder:
    """An encoder that cannot stop the pipeline. Satisfies `AsyncEncoder`; used by one thread."""

    def __init__(
        self,
        encoder: Encoder,
        monotonic: Callable[[], float],
        load: Callable[[], Encoder] | None = None,
    ) -> None:
        """Embed by `encoder`.

        Parameters
        ----------
        monotonic
            Seconds; decides how long is too long.
        load
            Returns the same encoder, loaded again; None: `encoder` itself is tried again.
        """
        self._batches = encoder.info.batches
        self._identity = encoder.info.identity
        self._monotonic = monotonic
        self._load = load or (lambda: encoder)
        self._failures = Failures()
        self._renewed_s: float | None = None
        self._windows: Sequence[Window] = ()
        self._since_s: float | None = None  # when the batch was submitted that has not been collected
        self._slow: tuple[float, float] | None = None  # when a batch came late, and how long it had taken
        self._worker = _Worker(lambda: encoder, monotonic)

    @property
    def batches(self) -> bool:
        """Whether several windows at once cost less than one after another."""
        return self._batches

    @property
    def stall(self) -> Stall | None:
        """Why sound is not analysed at present; None: it is."""
        now_s = self._monotonic()
        waits_s = 0.0 if self._since_s is None else now_s - self._since_s
        if waits_s > SAY_AFTER_S:
            reason = "the encoder does not answer: no sound is analysed; if it hangs it is loaded again"
            return Stall(reason, max(waits_s, self._failures.lasting_s(now_s)))
        return self._failures.stall(now_s) or self._slowness(now_s)

    @property
    def hopeless(self) -> str | None:
        """Why the run should end, as one sentence; None while there is hope."""
        lasting_s = self._failures.lasting_s(self._monotonic())
        return self._failures.sentence() if self._renewed_s is not None and lasting_s > GIVE_UP_S else None

    def submit(self, windows: Sequence[Window]) -> None:
        """Begin with a batch; the one before has been collected."""
        self._windows, self._since_s = windows, self._monotonic()
        self._worker.submit(windows)

    def collect(self, timeout_s: float) -> list[Embedding | None] | None:
        """Return the batch's embeddings, None where the encoder failed; None at all if it works still."""
        found = self._worker.collect(timeout_s)
        if found is None and not self._hangs():
            return None
        now_s = self._monotonic()
        took_s = 0.0 if self._since_s is None else now_s - self._since_s
        self._since_s = None
        if took_s > SAY_AFTER_S:
            self._slow = now_s, took_s
        if found is None:
            found = nothing(len(self._windows), "it did not answer")
            self._failures.note(found.wrong, now_s)
            self._renew(now_s)
            return found.embeddings
        self._worker.proven = self._worker.proven or found.wrong is None
        self._failures.take(found, now_s)
        if self._failures.in_a_row >= RENEW_AFTER and self._may_renew(now_s):
            self._renew(now_s)
        return found.embeddings

    def close(self) -> bool:
        """Let go of the encoder; False if it hangs."""
        return self._worker.close(_CLOSE_S)

    def _slowness(self, now_s: float) -> Stall | None:
        """Return what to say of an encoder that answered late, until it has kept up for a while."""
        if self._slow is None or now_s - self._slow[0] > CALM_S:
            return None
        took_s = self._slow[1]
        return Stall(f"the encoder is too slow ({took_s:.0f} s for one batch): sound is skipped", 0.0)

    def _hangs(self) -> bool:
        timeout_s = TIMEOUT_S if self._worker.proven else FIRST_TIMEOUT_S
        return self._since_s is not None and self._monotonic() - self._since_s > timeout_s

    def _may_renew(self, now_s: float) -> bool:
        return self._renewed_s is None or now_s - self._renewed_s >= RENEW_EVERY_S

    def _renew(self, now_s: float) -> None:
        """Load the encoder again, on a thread of its own."""
        self._renewed_s = now_s
        self._worker.close(0.0)
        self._worker = _Worker(self._load_the_same, self._monotonic)

    def _load_the_same(self) -> Encoder:
        encoder = self._load()
        if encoder.info.identity != self._identity:  # what was learnt means nothing to another model
            raise ModelError(f"the model is another one now, {encoder.info.identity}")
        return encoder


class BlockingEncoder:
    """An encoder that is waited for, on the same thread. Satisfies `AsyncEncoder`; for what is not live."""

    def __init__(self, encoder: Encoder, monotonic: Callable[[], float]) -> None:
        self.batches = encoder.info.batches
        self.hopeless: str | None = None
        self._encoder = encoder
        self._monotonic = monotonic
        self._failures = Failures()
        self._found: list[Embedding | None] = []

    @property
    def stall(self) -> Stall | None:
        """Why sound is not analysed at present; None: it is."""
        return self._failures.stall(self._monotonic())

    def submit(self, windows: Sequence[Window]) -> None:
        """Embed a batch."""
        found = answer(self._encoder, windows, self._monotonic)
        self._failures.take(found, self._monotonic())
        self._found = found.embeddings

    def collect(self, timeout_s: float) -> list[Embedding | None]:  # noqa: ARG002 - it is there already
        """Return the batch's embeddings, None where the encoder failed."""
        return self._found

    def close(self) -> bool:
        """Do nothing; it never hangs, or its caller does."""
        return True


class _Worker:
    """One thread that loads an encoder when the first batch comes, and embeds."""

    def __init__(self, load: Callable[[], Encoder], monotonic: Callable[[], float]) -> None:
        self.proven = False
        """It has embedded a batch."""
        self._load = load
        self._monotonic = monotonic
        self._submitted = 0
        self._todo: queue.SimpleQueue[tuple[int, Sequence[Window]] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, Answer]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=ENCODER_THREAD, daemon=True)
        self._thread.start()

    def submit(self, windows: Sequence[Window]) -> None:
        self._submitted += 1
        self._todo.put((self._submitted, windows))

    def collect(self, timeout_s: float) -> Answer | None:
        """Return what became of the newest batch, or None if it takes longer; other answers are dropped."""
        number, found = 0, None
        while number != self._submitted:
            try:
                number, found = self._done.get(timeout=max(0.0, timeout_s))
            except queue.Empty:
                return None
        return found

    def close(self, timeout_s: float) -> bool:
        """Ask the thread to end; return whether it has, within `timeout_s` seconds."""
        self._todo.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        encoder: Encoder | None = None
        while (batch := self._todo.get()) is not None:
            number, windows = batch
            try:
                encoder = encoder or self._load()
                found = answer(encoder, windows, self._monotonic)
            except BaseException as error:  # noqa: BLE001 - a thread that ended would be waited for in vain
                found = failure(error, len(windows))
            self._done.put((number, found))
