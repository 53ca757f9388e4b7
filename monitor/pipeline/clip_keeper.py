"""The clips of one source on their way from its stream to the disk, and back into its events."""

from __future__ import annotations

import msgspec

from monitor.bus.messages import Event
from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.errors import ConfigError
from monitor.pipeline.clip_recorder import ClipRecorder
from monitor.pipeline.reporter import Stream
from monitor.scoring.speech import SpeechFilter, make_speech_filter
from monitor.storage.clips import ClipStore, Unwritten, clips_folder

_WITHHELD = (
    "Of an event no clip is kept: somebody may be speaking near it. This is said once and not of each."
)


class ClipKeeper:
    """Hands complete clips over to be written, and tells of those that are.

    Parameters
    ----------
    recorder, store
        Of this source alone.
    """

    def __init__(self, recorder: ClipRecorder, store: ClipStore) -> None:
        self.recorder = recorder
        self._store = store
        self._said_why = False
        self._paths: dict[str, str] = {}  # of events that go on, and have their clip
        self._newest: dict[str, Event] = {}  # of events whose clip is being written

    def follow(self, event: Event) -> Event:
        """Take note of an onset, an update or an offset, and return it with its clip, if that is there."""
        self.recorder.follow(event)
        if event.id in self._newest:
            self._newest[event.id] = event
        known = self._paths.pop(event.id, None) if event.type == "offset" else self._paths.get(event.id)
        return event if known is None else msgspec.structs.replace(event, clip=known)

    def step(self, *, over: bool = False) -> list[Event]:
        """Return a message of each event whose clip is there; at the end wait some seconds for them."""
        for clip in self.recorder.due(over=over):
            event = clip.event
            self._newest[event.id] = event
            self._store.put(
                Unwritten(event.id, event.class_, event.onset_time, clip.samples, clip.sample_rate)
            )
        if over:
            self._store.close()
        return [self._told(self._newest.pop(id_), str(path)) for id_, path in self._store.written()]

    def _told(self, event: Event, path: str) -> Event:
        if event.type != "offset":  # it goes on
            self._paths[event.id] = path
        return msgspec.structs.replace(event, type="clip", clip=path)

    def news(self) -> list[str]:
        """Return what to tell the user that has not been told, one sentence each."""
        first = self.recorder.withheld > 0 and not self._said_why
        self._said_why |= first
        return self._store.news() + ([_WITHHELD] if first else [])


def speech_filter(encoder: Encoder, config: Config) -> SpeechFilter | None:
    """Return what tells speech, where clips are kept and no speech may be in them.

    Raises
    ------
    ConfigError
        Nobody has measured how this model hears speech.
    """
    if not config.clips.keep or config.clips.speech == "keep":
        return None
    odds = encoder.info.tuning.speech_odds if encoder.info.tuning else None
    if odds is None:
        raise ConfigError(
            f"Clips without speech cannot be kept with the model {encoder.info.name}: how it hears speech "
            'was not measured; keep none, or all of them: [clips] speech = "keep".'
        )
    return make_speech_filter(encoder.embed_text, encoder.info.templates, config, odds)


def make_clip_keeper(stream: Stream, speech: SpeechFilter | None, config: Config) -> ClipKeeper | None:
    """Return what keeps the clips of a source; None where none are kept.

    Raises
    ------
    ConfigError
        There is no folder for them.
    """
    if not config.clips.keep:
        return None
    store = ClipStore(clips_folder(config.clips), config.clips.keep_days, config.clips.max_mb)
    return ClipKeeper(ClipRecorder(stream.sample_rate, config.clips, speech), store)
