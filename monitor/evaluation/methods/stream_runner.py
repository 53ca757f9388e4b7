"""The whole monitor on prepared streams, by several methods, and what each of them found.

A method is a set of changes to the configuration; everything else, from the ring to the detector, is the very
code that listens to a microphone. A window is embedded once and shared by the methods.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.assemble import SYSTEM_CLOCK, hop_len, make_stages
from monitor.bus.messages import Event, PublishedRecord, ScoresMessage
from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.encoders.encoder import embed_windows, stacked
from monitor.evaluation.methods.embedding_store import EmbeddingStore, WindowBatch
from monitor.evaluation.metrics.event_metrics import Detection, Outcome, excuse, match
from monitor.evaluation.synthesis.plans import StreamPlan
from monitor.evaluation.synthesis.streams import Stream
from monitor.pipeline.companions import Companions
from monitor.pipeline.pipeline import Pipeline
from monitor.pipeline.reporter import Stream as Listening
from monitor.pipeline.rhythm_watch import make_rhythm_watch
from monitor.records import (
    UNLISTED,
    Block,
    CaptureStatus,
    ClassPrompt,
    OwnSound,
    Span,
    Window,
    WindowScores,
)
from monitor.scoring.scorer import NOTHING_TAUGHT
from monitor.sinks import Measurement
from monitor.sources.ingest import Ingest
from monitor.stream.ring import Ring
from monitor.stream.windows import Windower

NOBODY_TAUGHT: Mapping[str, Mapping[str, OwnSound]] = MappingProxyType({})
Changes = Mapping[str, Mapping[str, Any]]
"""Section -> key -> value: what a method changes in the configuration."""

_PLAIN: Changes = {"background": {"tau": 0.0}, "drift": {"beta": 0.0}}

AS_SHIPPED = "monitor"
"""The method that is the program as it comes, alarms that are heard by their pattern included."""
METHODS: Mapping[str, Changes] = {
    AS_SHIPPED: {},
    "zero-shot": _PLAIN,
    "cosine": {**_PLAIN, "prompts": {"distractors": ()}, "scorer": {"temperature": 0.1}},
    "drift": {**_PLAIN, "drift": {"beta": 0.1}},
    "audio-background": {**_PLAIN, "background": {"tau": 0.7}},
    "auto": {**_PLAIN, "background": {"tau": "auto"}},
    "auto+drift": {"background": {"tau": "auto"}, "drift": {"beta": 0.1}},
}
"""Name -> what it changes in the configuration.

`zero-shot`: no background and no drift, but still the odds against other sounds. `cosine`: not even these,
the plain zero-shot of the papers, sigmoid of the cosine; at a temperature that spreads it over the thresholds
that are tried.
"""


class StreamResult(msgspec.Struct, frozen=True):
    """What one method made of one stream."""

    method: str
    plan: StreamPlan
    scores: tuple[WindowScores, ...]
    """One per window."""
    outcome: Outcome
    """At the thresholds of the configuration."""


def change(config: Config, changes: Changes) -> Config:
    """Return `config` with some keys of some sections changed."""
    sections = {name: replace(getattr(config, name), **values) for name, values in changes.items()}
    return replace(config, **sections)


def listen_to(  # noqa: PLR0913, PLR0917 - what is heard, by what, as what
    streams: Iterable[Stream],
    store: EmbeddingStore,
    classes: Sequence[ClassPrompt],
    config: Config,
    methods: Mapping[str, Changes],
    own: Mapping[str, Mapping[str, OwnSound]] = NOBODY_TAUGHT,
) -> Iterator[StreamResult]:
    """Yield what each method makes of each stream.

    Parameters
    ----------
    own
        Method -> what was taught before it listens.
    """
    texts: dict[tuple[str, ...], NDArray[np.float32]] = {}
    for mixed in streams:
        stream = replace(mixed, samples=captured(mixed.samples, store.encoder.sample_rate, config))
        known = _embeddings(stream, store, hop_len(store.encoder, config))
        remembering = _Remembering(store.encoder, texts, known)
        for method, changes in methods.items():
            taught = own.get(method, NOTHING_TAUGHT)
            yield _listen(stream, remembering, classes, change(config, changes), method, taught)


def captured(samples: NDArray[np.float32], sample_rate: int, config: Config) -> NDArray[np.float32]:
    """Return float32 (n,) as a source's capture would write it: offset, hum and all that is no sound gone."""
    ring = Ring(len(samples) + 1)
    ingest = Ingest(ring, sample_rate, wait=False, config=config.capture)
    ingest.begin(sample_rate, live=False)
    ingest.add(Block(samples[:, np.newaxis], captured_s=0.0))
    ingest.finish()
    span = ring.read(len(samples), 0.0)
    return samples if span is None else span.samples


def _embeddings(stream: Stream, store: EmbeddingStore, hop: int) -> dict[bytes, NDArray[np.float32]]:
    """Return the embeddings of a stream's windows, float32 (1, dim) each, by their samples."""
    windower = Windower(store.encoder.window_len, hop, store.encoder.sample_rate)
    whole = windower.push(Span(0, stream.samples, False, 0.0))
    windows = [one.samples for one in (*whole, *windower.finish())]
    blocks = [samples[np.newaxis].tobytes() for samples in windows]
    batch = WindowBatch(
        tuple(hashlib.sha256(block).hexdigest() for block in blocks),
        lambda which: np.stack([windows[at] for at in which]),
    )
    return dict(zip(blocks, store.embed([batch], lambda: None)[:, np.newaxis], strict=True))


def _listen(  # noqa: PLR0913, PLR0917 - what a run is made of
    stream: Stream,
    encoder: Encoder,
    classes: Sequence[ClassPrompt],
    config: Config,
    method: str,
    own: Mapping[str, OwnSound],
) -> StreamResult:
    sink = _Collector()
    ring = Ring(len(stream.samples) + 1)
    pipeline = Pipeline(
        ring=ring,
        capture=_Recorded(),
        stages=make_stages(encoder, classes, config, own),
        sinks=[sink],
        stream=Listening(
            "stream", stream.plan.name, encoder.sample_rate, encoder.info.identity, live=False, run_id="eval"
        ),
        clock=SYSTEM_CLOCK,
        max_lag_s=config.window.max_lag_s,
        companions=Companions(
            rhythms=make_rhythm_watch(classes, encoder.sample_rate, config) if method == AS_SHIPPED else None
        ),
    )
    ring.write(stream.samples, 0.0)
    ring.close()
    while pipeline.step(0.0):
        pass
    return StreamResult(method, stream.plan, tuple(sink.scores), outcome_of(stream.plan, sink.changes))


class Reported(msgspec.Struct, frozen=True):
    """An onset, update or offset and the stream index at which it was decided."""

    type: str
    class_: str
    onset_sample: int
    offset_sample: int | None
    decided: int


class _Collector:
    """A sink that keeps scores and events."""

    def __init__(self) -> None:
        self.scores: list[WindowScores] = []
        self.changes: list[Reported] = []

    def takes(self, kind: type[Measurement]) -> bool:
        return kind is ScoresMessage

    def emit(self, record: PublishedRecord) -> None:
        if isinstance(record, ScoresMessage):
            self.scores.append(
                WindowScores(record.start, record.stop, record.scores, record.other, record.other_score)
            )
        elif isinstance(record, Event) and record.class_ not in UNLISTED:  # which takes nothing for anything
            decided = self.scores[-1].stop  # a window's score is published before the events it causes
            self.changes.append(
                Reported(record.type, record.class_, record.onset_sample, record.offset_sample, decided)
            )

    def close(self) -> None:
        """Keep everything."""


class _Recorded:
    """An input that is there already."""

    status = CaptureStatus("running", None, 0, 0, 0, 0, None)


class _Remembering:
    """An encoder that embeds each window of one stream once, and each list of texts once."""

    def __init__(
        self,
        encoder: Encoder,
        texts: dict[tuple[str, ...], NDArray[np.float32]],
        known: dict[bytes, NDArray[np.float32]],
    ) -> None:
        self._encoder = encoder
        self._texts = texts
        self._known = known
        self.info = encoder.info
        self.sample_rate, self.window_len, self.dim = encoder.sample_rate, encoder.window_len, encoder.dim

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        key = tuple(texts)
        if key not in self._texts:
            self._texts[key] = self._encoder.embed_text(texts)
        return self._texts[key]

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._once(windows, lambda: self._encoder.embed_audio(windows))

    def embed_windows(self, windows: Sequence[Window]) -> NDArray[np.float32]:
        return self._once(stacked(windows), lambda: embed_windows(self._encoder, windows))

    def _once(
        self, sound: NDArray[np.float32], embed: Callable[[], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        key = sound.tobytes()
        if key not in self._known:
            self._known[key] = embed()
        return self._known[key]


def outcome_of(plan: StreamPlan, changes: Sequence[Reported]) -> Outcome:
    """Return what became of a stream's events, from the onsets and offsets that were reported."""
    rate = plan.sample_rate
    ends = {(one.class_, one.onset_sample): one.offset_sample for one in changes if one.type == "offset"}
    detections = [
        Detection(
            class_name=one.class_,
            onset_s=one.onset_sample / rate,
            offset_s=(ends.get((one.class_, one.onset_sample)) or one.decided) / rate,
            decided_s=one.decided / rate,
        )
        for one in changes
        if one.type == "onset"
    ]
    outcome = match(plan.references, detections, plan.length / rate)
    return replace(excuse(outcome, plan.unlabelled), background=plan.background)
