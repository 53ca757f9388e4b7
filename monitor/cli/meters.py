"""All microphones at once: how loud each is, as it changes, and what each seems to hear."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from monitor.assemble import make_stages
from monitor.config.settings import Config
from monitor.console import can_draw, show
from monitor.doctor.findings import Finding
from monitor.doctor.listening import Heard, listen
from monitor.doctor.microphones import finding_of
from monitor.encoders import Encoder
from monitor.errors import SourceError
from monitor.records import LevelReading
from monitor.scoring.prompts import parse_classes
from monitor.scoring.scorer import Scorer
from monitor.sources.devices import Device
from monitor.sources.microphone import Microphone
from monitor.units import SILENCE_DBFS

if TYPE_CHECKING:
    from rich.text import Text

LISTENS_S = 3.0
_EVERY_S = 0.1
_QUIET_DBFS, _LOUD_DBFS = -80.0, 0.0
_WIDTH = 24
_MOST = 3
"""Things that are named."""
_NEAR = 0.4
"""Of the share of the likeliest: what has less is not named."""


class Meter:
    """One microphone while it is listened to; another thread reads `level_dbfs`."""

    def __init__(self, device: Device, config: Config, rate: int) -> None:
        self.device = device
        self.level_dbfs = SILENCE_DBFS
        self.heard: Heard | None = None
        self.trouble = ""
        self._config, self._rate = config, rate
        self.thread = threading.Thread(target=self._listen, daemon=True)

    def _listen(self) -> None:
        microphone = Microphone(self.device.id, self._config.capture.lost_after_s)
        microphone.choose(self.device, set())

        def show_level(reading: LevelReading) -> None:
            self.level_dbfs = reading.level_dbfs

        try:
            self.heard = listen(microphone, self._config, LISTENS_S, show_level, self._rate)
        except SourceError as error:
            self.trouble = str(error)


class Impression(msgspec.Struct, frozen=True):
    """What came from one microphone."""

    device: Device
    finding: Finding
    """How it is, and what to do about it."""
    level_dbfs: float
    """Mean level."""
    words: str
    """What it seems to hear; empty: nobody can tell."""


def listen_to_all(devices: Sequence[Device], config: Config, encoder: Encoder) -> list[Impression]:
    """Listen to all `devices` at once, showing how loud each is, and return what came."""
    meters = [Meter(device, config, encoder.sample_rate) for device in devices]
    for meter in meters:
        meter.thread.start()
    _show_until_done(meters)
    scorer = make_stages(encoder, parse_classes(",".join(config.prompts.classes)), config).scorer
    return [_impression(meter, encoder, scorer) for meter in meters]


def in_words(heard: Heard, encoder: Encoder, scorer: Scorer) -> str:
    """Return what a moment of sound is most like: "speech, fan"; empty where there is no sound."""
    if heard.hearing.state == "too_quiet" or len(heard.samples) < encoder.window_len:
        return ""
    starts = range(0, len(heard.samples) - encoder.window_len + 1, encoder.window_len // 2)
    windows = np.stack([heard.samples[start : start + encoder.window_len] for start in starts])
    like = scorer.sounds_like(encoder.embed_audio(windows).mean(axis=0), _MOST)
    return ", ".join(one.phrase for one in like if one.share >= _NEAR * like[0].share)


def bar(level_dbfs: float) -> str:
    """Return a level as a bar of `_WIDTH` characters."""
    share = (level_dbfs - _QUIET_DBFS) / (_LOUD_DBFS - _QUIET_DBFS)
    full = round(_WIDTH * min(max(share, 0.0), 1.0))
    return "#" * full + "." * (_WIDTH - full)


def line(device: Device, level_dbfs: float) -> str:
    """Return a microphone with its level, as it is listed."""
    mark = "*" if device.is_default else " "
    return f"{mark} {device.index:3d}  {bar(level_dbfs)} {level_dbfs:5.0f} dBFS  {device.name}"


def _impression(meter: Meter, encoder: Encoder, scorer: Scorer) -> Impression:
    if meter.heard is None:
        do = "Choose another, or close the program that uses it."
        trouble = meter.trouble or "it does not answer"
        return Impression(meter.device, Finding(meter.device.name, "fault", trouble, do), SILENCE_DBFS, "")
    finding = finding_of(meter.device.name, meter.heard)
    return Impression(meter.device, finding, meter.heard.level_dbfs, in_words(meter.heard, encoder, scorer))


def _show_until_done(meters: Sequence[Meter]) -> None:
    if not can_draw(sys.stdout):
        show(f"Listening to {len(meters)} for {LISTENS_S:g} s …")
        for meter in meters:
            meter.thread.join()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(_drawn(meters), console=Console(file=sys.stdout), transient=True, auto_refresh=False) as live:
        for meter in meters:
            while meter.thread.is_alive():
                meter.thread.join(_EVERY_S)
                live.update(_drawn(meters), refresh=True)


def _drawn(meters: Sequence[Meter]) -> Text:
    from rich.text import Text

    return Text("\n".join(line(meter.device, meter.level_dbfs) for meter in meters))
