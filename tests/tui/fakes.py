"""A link without a socket, and a scene of plausible records: a quiet background, a dog, a siren."""

from __future__ import annotations

import math
import queue
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from monitor.bus.codec import Header, Message, topic_of
from monitor.bus.messages import (
    Candidate,
    ClassState,
    CorrectionState,
    Event,
    Health,
    Heartbeat,
    Latency,
    Level,
    NearMissMessage,
    PublishedRecord,
    Reply,
    Request,
    ScoresMessage,
    Snapshot,
)
from monitor.errors import PublishError
from monitor.records import BackgroundState, EventType, NearMissReason, SourceState
from monitor.units import snr_db

START = datetime(2026, 3, 14, 14, 2, 0, tzinfo=UTC)
SOURCE_ID = "mic-0"
RATE = 16000
BANDS = 32


def at(seconds: float) -> datetime:
    """Return the time `seconds` after the start of the scene."""
    return START + timedelta(seconds=seconds)


def level(seconds: float, dbfs: float = -56.0, bump: float | None = None) -> Level:
    """Return a level; `bump` places a sound at that share of the pitch axis."""
    noise = random.Random(round(seconds * 10))
    floor = -58.0
    bands = [floor - 15.0 - 8.0 * band / BANDS + noise.gauss(0.0, 2.0) for band in range(BANDS)]
    if bump is not None:
        for band in range(BANDS):
            near = math.exp(-(((band / BANDS - bump) / 0.06) ** 2)) + 0.5 * math.exp(
                -(((band / BANDS - min(0.95, bump + 0.25)) / 0.05) ** 2)
            )
            bands[band] = max(bands[band], dbfs - 4.0 + 12.0 * math.log10(near + 1e-3))
    return Level(
        source_id=SOURCE_ID,
        time=at(seconds),
        sample=round(seconds * RATE),
        level_dbfs=dbfs,
        peak_dbfs=dbfs + 9.0,
        floor_dbfs=floor,
        snr_db=snr_db(dbfs, floor),
        activity="low" if dbfs < -54 else "high" if dbfs > -46 else "normal",
        bands_dbfs=bands,
    )


def scores(seconds: float, **values: float) -> ScoresMessage:
    stop = round(seconds * RATE)
    return ScoresMessage(
        source_id=SOURCE_ID,
        time=at(seconds),
        start=max(0, stop - 2 * RATE),
        stop=stop,
        sample_rate=RATE,
        scores=values,
        other="speech",
        other_score=0.61,
    )


def class_state(
    name: str, *, threshold: float = 0.5, muted: bool = False, urgent: bool = False
) -> ClassState:
    return ClassState(
        class_=name,
        prompt=name.replace("_", " "),
        onset_threshold=threshold,
        offset_threshold=threshold * 0.6,
        muted=muted,
        urgent=urgent,
    )


CLASSES = (
    class_state("siren", threshold=0.55, urgent=True),
    class_state("dog_bark"),
    class_state("knocking", threshold=0.4),
    class_state("baby_crying"),
    class_state("glass_breaking", threshold=0.65, muted=True),
    class_state("smoke_alarm", urgent=True),
)


def health(
    seconds: float,
    state: SourceState = "running",
    reason: str | None = None,
    *,
    classes: tuple[ClassState, ...] = CLASSES,
    name: str = "USB microphone",
    skipped: int = 0,
    paused: bool = False,
) -> Health:
    captured = round(seconds * RATE)
    return Health(
        source_id=SOURCE_ID,
        source_name=name,
        time=at(seconds),
        state=state,
        reason=reason,
        uptime_s=seconds,
        device_sample_rate=48_000,
        sample_rate=RATE,
        captured=captured,
        analysed=captured - skipped,
        pending=0,
        gap=0,
        overflow=0,
        overwritten=0,
        skipped=skipped,
        invalid=0,
        reopened=0,
        clock_ppm=12.0,
        rtf=0.14,
        model="embedded",
        background=BackgroundState(ready=True, age_s=2.0, windows=212),
        classes=list(classes),
        paused=paused or state == "paused",
    )


def event(
    kind: EventType,
    class_: str = "siren",
    *,
    onset: float = 10.0,
    offset: float | None = None,
    score: float = 0.87,
    urgent: bool = False,
    ended_by: str | None = None,
    id_: str | None = None,
    dbfs: float = -44.0,
) -> Event:
    return Event(
        type=kind,
        id=id_ or f"{class_}-{onset}",
        source_id=SOURCE_ID,
        source_name="USB microphone",
        class_=class_,
        prompt=class_.replace("_", " "),
        score=score,
        threshold=0.5,
        candidates=[Candidate(class_=class_, score=score), Candidate(class_="knocking", score=0.05)],
        onset_time=at(onset),
        offset_time=None if offset is None else at(offset),
        onset_sample=round(onset * RATE),
        offset_sample=None if offset is None else round(offset * RATE),
        sample_rate=RATE,
        latency_s=Latency(capture_to_score=0.02, capture_to_publish=0.03),
        level_dbfs=dbfs,
        floor_dbfs=-58.0,
        snr_db=snr_db(dbfs, -58.0),
        background=BackgroundState(ready=True, age_s=2.0, windows=212),
        urgent=urgent,
        model="embedded",
        peak_score=score,
        ended_by=ended_by,
    )


def near_miss(
    seconds: float, class_: str = "dog_bark", reason: NearMissReason = "below_threshold"
) -> NearMissMessage:
    return NearMissMessage(
        source_id=SOURCE_ID,
        class_=class_,
        reason=reason,
        score=0.41,
        threshold=0.5,
        time=at(seconds),
        level_dbfs=-49.0,
        snr_db=8.4,
    )


@dataclass
class FakeLink:
    """Satisfies `monitor.tui.connection.Link`: messages come from a queue, requests are remembered."""

    lost: int = 0
    malformed: int = 0
    restarts: int = 0
    is_alive: bool = True
    snapshot: Snapshot | None = None
    refusal: str | None = None
    requests: list[Request] = field(default_factory=list)
    history: list[Event] = field(default_factory=list)
    corrections: list[CorrectionState] = field(default_factory=list)
    closed: bool = False
    messages: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue)
    sequences: dict[str, int] = field(default_factory=dict)

    def publish(self, record: PublishedRecord, seconds: float) -> None:
        """Let `record` arrive as published `seconds` after the start of the scene."""
        topic = topic_of(record)
        self.sequences[topic] = sequence = self.sequences.get(topic, 0) + 1
        header = Header(version=1, epoch="fake", sequence=sequence, time=at(seconds))
        self.messages.put(Message(topic=topic, header=header, record=record))

    def receive(self, timeout_s: float) -> Message | None:
        try:
            return self.messages.get(timeout=min(timeout_s, 0.02))
        except queue.Empty:
            return None

    def alive(self, now_s: float) -> bool:
        return self.is_alive

    def request(self, request: Request, timeout_s: float) -> Snapshot | Reply:
        self.requests.append(request.by(None))
        if self.refusal is not None:
            return Reply(ok=False, error=self.refusal)
        if request.request != "snapshot":
            events = self.history if request.request == "history" else []
            corrections = self.corrections if request.request == "correct" else []
            return Reply(ok=True, events=events, corrections=corrections)
        if self.snapshot is None:
            raise PublishError("Nobody answered; is the monitor still running?")
        return msgspec.structs.replace(self.snapshot, sequences=dict(self.sequences))

    def close(self) -> None:
        self.closed = True


def snapshot(
    seconds: float, *, open_events: tuple[Event, ...] = (), recent: tuple[Event, ...] = ()
) -> Snapshot:
    """Return a snapshot; ten messages a second of each topic came before it."""
    sounds = [event("onset", entry.class_) for entry in CLASSES]
    records: list[PublishedRecord] = [health(seconds), *open_events, *recent, *sounds]
    return Snapshot(
        epoch="fake",
        time=at(seconds),
        sequences={topic_of(record): round(10 * seconds) for record in records},
        health=[health(seconds)],
        open_events=list(open_events),
        recent_events=list(recent),
    )


DOG = (4.0, 6.5)
SIREN = (9.0, 17.0)
SCENE_TICKS = 250


def scene(tick: int, base: float = 0.0, classes: tuple[ClassState, ...] = CLASSES) -> list[PublishedRecord]:
    """Return what a monitor publishes in the `tick`-th tenth of a second of a scene that began at `base`."""
    now = tick / 10.0
    records: list[PublishedRecord] = [_scene_level(now, base)]
    if tick % 3 == 0:
        siren = 0.87 if SIREN[0] <= now < SIREN[1] else 0.06
        dog = 0.71 if DOG[0] <= now < DOG[1] else 0.11
        others = {"knocking": 0.22, "baby_crying": 0.03, "glass_breaking": 0.31, "smoke_alarm": 0.12}
        records.append(scores(base + now, siren=siren, dog_bark=dog, **others))
    if tick % 10 == 0:
        records += [health(base + now, classes=classes), Heartbeat(time=at(base + now), sequences={})]
    return records + _scene_events(tick, base)


def _scene_level(now: float, base: float) -> Level:
    if DOG[0] <= now < DOG[1]:
        bark = int(now * 10) % 6 < 3
        return level(base + now, -40.0, 0.35) if bark else level(base + now, -50.0)
    if SIREN[0] <= now < SIREN[1]:
        return level(base + now, -34.0, 0.55 + 0.2 * math.sin(now * 2.5))
    return level(base + now, -57.0 + 1.5 * math.sin(now * 1.7))


def _scene_events(tick: int, base: float) -> list[PublishedRecord]:
    dog, siren = base + DOG[0], base + SIREN[0]
    planned: dict[int, PublishedRecord] = {
        20: near_miss(base + 2.0),
        46: event("onset", "dog_bark", onset=dog, score=0.66, dbfs=-41.0),
        70: event(
            "offset", "dog_bark", onset=dog, offset=base + DOG[1], score=0.71, ended_by="quiet", dbfs=-41.0
        ),
        80: near_miss(base + 8.0, "knocking", "not_confirmed"),
        94: event("onset", "siren", onset=siren, urgent=True, dbfs=-36.0),
        190: event("offset", "siren", onset=siren, offset=base + SIREN[1], urgent=True, ended_by="quiet"),
    }
    if 94 < tick < 190 and tick % 20 == 0:
        return [event("update", "siren", onset=siren, urgent=True, dbfs=-34.0)]
    return [planned[tick]] if tick in planned else []
