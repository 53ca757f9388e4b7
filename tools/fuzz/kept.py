"""Small files of the program's own that somebody else may have written: JSON below the user's folders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from monitor.bus.codec import encode_json
from monitor.bus.keys import Guest, KeyPair, Keys, kept_keys
from monitor.bus.messages import BackgroundProfile
from monitor.config.settings.sections import CalibrationConfig
from monitor.detection.calibration import Calibration, Condition, Evidence
from monitor.errors import ConfigError, ModelError, PublishError
from monitor.evaluation.synthesis.plans import StreamPlan, read_plans
from monitor.learning.adapter_versions import AdapterVersion, AdapterVersions
from monitor.records import BackgroundState
from monitor.sinks.notify.letters import Message
from monitor.sinks.notify.spool import Spool
from monitor.storage import backgrounds, level_calibrations, thresholds
from tools.fuzz.choices import Choices, as_json
from tools.fuzz.target import Target, as_file, at_home, check_clean, check_same, only, put, workplace
from tools.fuzz.wire import NOON

_SOURCE, _MODEL, _DIM = "mic0", "embedded-3fa2", 4
_CONDITIONS = {"siren": Condition(0.5, 8000, 4000), "dog_bark": Condition(0.9, 8000, 4000)}


def calibration() -> Calibration:
    """Return one that has learnt nothing."""
    return Calibration(_CONDITIONS, CalibrationConfig(), 16000)


def background(data: bytes) -> None:
    """Begin with a stored background."""
    with at_home():
        put(backgrounds.background_file(_SOURCE, _MODEL), data)
        backgrounds.remember(_SOURCE, _MODEL, _DIM)
        found, _ = backgrounds.stored_backgrounds()
        for one in found:
            check_clean(one)
            backgrounds.when(one.saved)
            check_same(one, msgspec.convert(msgspec.to_builtins(one), backgrounds.StoredBackground))


def learnt(data: bytes) -> None:
    """Begin with thresholds that an earlier run has learnt."""
    with at_home():
        path = thresholds.thresholds_file(_SOURCE, _MODEL)
        assert path is not None  # noqa: S101 - there is a home
        put(path, data)
        evidence = thresholds.remembered(_SOURCE, _MODEL).evidence
    if evidence is not None:
        found = calibration()
        found.remember(evidence)
        found.state()
        check_same(found.evidence(), msgspec.json.decode(encode_json(found.evidence()), type=Evidence))


def level(data: bytes) -> None:
    """Begin with the calibration of a microphone."""
    with at_home() as home:
        put(home / "levels" / "mic0.json", data)
        found = level_calibrations.stored_level("mic0").calibration
        if found is not None:
            check_clean(found)
            level_calibrations.keep_level(msgspec.structs.replace(found, source_id="mic0"))
            level_calibrations.stored_levels()


def keys(data: bytes) -> None:
    """Read the pair of this machine, who is let in, and which monitors are known."""
    with at_home() as home:
        for name in ("own.json", "guests.json", "servers.json"):
            put(home / "keys" / name, data)
        for read in (Keys.own, Keys.guests, Keys.servers, lambda kept: kept.guest_of("a")):
            with only(PublishError):
                check_clean(read(kept_keys()))


def spool(data: bytes) -> None:
    """Take over a message that an earlier run left."""
    folder = workplace() / "spool"
    put(folder / "phone" / "1.message", data)
    found = Spool(folder, "phone")
    for name, message in found.found():
        found.add(name, message)
    found.close()


def adapters(data: bytes) -> None:
    """Read which adapters were made."""
    with at_home() as home:
        put(home / "adapters" / _MODEL / "history.json", data)
        with only(ModelError):
            versions = AdapterVersions(_MODEL)
            check_clean(versions.all)
            versions.adapters()


def plans(data: bytes) -> None:
    """Read the plan of a stream that another run has made."""
    with only(ConfigError):
        read_plans(as_file(data, "plans.jsonl"), StreamPlan)


def made(kind: type[msgspec.Struct], read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return what reads bytes as they are, and a file of that kind of which bytes choose the values."""

    def check(data: bytes) -> None:
        read(data)
        read(as_json(_near(Choices(data).record(kind))))

    return check


def _near(row: Any) -> Any:
    """Return values that belong to the source, the model and the classes that are asked for."""
    own = {"version": 1, "source_id": _SOURCE, "model": _MODEL, "key": calibration().evidence().key}
    own["block_s"] = CalibrationConfig().block_s
    return {name: own.get(name, value) for name, value in row.items()} if isinstance(row, dict) else row


def _backgrounds() -> list[bytes]:
    state = BackgroundState(ready=True, age_s=1.0, windows=40, needed=20, likeness=0.5, changes=0)
    profile = BackgroundProfile(_SOURCE, "USB", _MODEL, state, [0.3, 0.4, 0.0, 0.0], [], [])
    with at_home():
        stored = backgrounds.save(profile, datetime.fromisoformat("2026-11-21T12:00:00+00:00"))
    return [encode_json(stored), encode_json(msgspec.structs.replace(stored, mean=[1e308] * _DIM))]


def _learnt() -> list[bytes]:
    evidence = msgspec.structs.replace(calibration().evidence(), quiet=(-3.0, -2.5) * 50, passed=(0.1,))
    return [encode_json(evidence), encode_json(msgspec.structs.replace(evidence, quiet=(-1e6,) * 9999))]


def _levels() -> list[bytes]:
    one = level_calibrations.LevelCalibration("mic0", "USB", 120.5, 94.0, -26.5, 1000.0, NOON)
    return [encode_json(one), encode_json(msgspec.structs.replace(one, offset_db=1e308))]


def _keys() -> list[bytes]:
    guests = {"guests": [Guest("attic", "a" * 51 + "q")]}
    deep = b'{"x":' * 3000 + b"1" + b"}" * 3000
    return [encode_json(KeyPair("a", "b")), as_json(guests), b'{"keys": {"tcp://1.2.3.4:5": "a"}}', deep]


def _spools() -> list[bytes]:
    return [encode_json(Message("event", NOON, "Siren", "may be a siren", "{}")), b'{"x":' * 3000]


def _nothing() -> list[bytes]:
    return [b"", b"{}", b'{"versions": []}', b'{"x":' * 3000, b'{"versions": ["\xff"]}']


TARGETS = (
    Target(name="kept-background", check=made(backgrounds.StoredBackground, background), seeds=_backgrounds),
    Target(name="kept-thresholds", check=made(Evidence, learnt), seeds=_learnt),
    Target(name="kept-level", check=made(level_calibrations.LevelCalibration, level), seeds=_levels),
    Target(name="kept-keys", check=keys, seeds=_keys),
    Target(name="kept-message", check=made(Message, spool), seeds=_spools),
    Target(name="kept-adapters", check=made(AdapterVersion, adapters), seeds=_nothing),
    Target(name="kept-plan", check=made(StreamPlan, plans), seeds=_nothing),
)
