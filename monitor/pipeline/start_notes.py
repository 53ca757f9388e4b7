"""What to tell the user as a run begins: where it rests on less than it might."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config.settings import Config
from monitor.config.tuning import UNTUNED, fixed
from monitor.encoders import EncoderInfo
from monitor.names import class_id
from monitor.pipeline.reporter import Stream
from monitor.records import ClassPrompt


def unknown_ids_note(config: Config, streams: Sequence[Stream]) -> tuple[str, ...]:
    """Return a sentence about each channel that was chosen for a source that is not there."""
    ids = [stream.source_id for stream in streams]
    return tuple(
        f"A channel is chosen for {one!r}, which is no source of this run; valid: {', '.join(ids)}."
        for one in config.capture.channels
        if one not in ids
    )


def muted_note(config: Config, classes: Sequence[ClassPrompt]) -> tuple[str, ...]:
    """Return a sentence where nothing will be told of some of `classes`."""
    muted = [one.label or one.name for one in classes if one.name in config.detector.muted]
    if not muted:
        return ()
    return (f"Muted by the configuration, so that they are not told: {', '.join(muted)}; m unmutes a class.",)


def unlisted_note(config: Config, classes: Sequence[ClassPrompt]) -> tuple[str, ...]:
    """Return a sentence where settings are for classes that this run does not listen for."""
    listed = {one.name for one in classes}
    detector = config.detector
    settings = (*detector.urgent, *detector.muted, *detector.classes, *config.clips.classes)
    others = dict.fromkeys(name for name in settings if class_id(name) not in listed)
    if not others:
        return ()
    valid = ", ".join(one.label or one.name for one in classes)
    return (
        f"Not listened for, so that its settings do nothing: {', '.join(others)}; listened for: {valid}.",
    )


def untuned_note(info: EncoderInfo, config: Config) -> tuple[str, ...]:
    """Return a sentence where nothing says on which scale the cosines of a model are."""
    if info.tuning is not None or config.scorer.temperature != "auto":
        return ()
    sentence = (
        f"Nothing was tuned for the model {info.name}, so its scores are on no known scale: the temperature "
        f"is {UNTUNED.temperature:g}, and a change of place is not looked for. `[scorer] temperature` and "
        "`[background] change_ratio` set others."
    )
    return (sentence,)


def adapter_note(info: EncoderInfo) -> tuple[str, ...]:
    """Return a sentence where an adapter changes what a model hears."""
    if not info.adapter:
        return ()
    sentence = (
        f"The model {info.name} listens through what `monitor adapt` has learnt ({info.adapter}); `monitor "
        "adapt history` says of what, and `--adapter none` runs without."
    )
    return (sentence,)


def unpinned_note(info: EncoderInfo) -> tuple[str, ...]:
    """Return a sentence where nothing was known to compare the weights with."""
    if info.pinned:
        return ()
    sentence = (
        f"The weights of the model {info.name} are taken as they are ({info.identity}): no sha256 is known "
        "to compare them with. Are they from whom you think?"
    )
    return (sentence,)


def uncalibrated_note(info: EncoderInfo, config: Config) -> tuple[str, ...]:
    """Return a sentence where nothing says how often ordinary sound reaches a score."""
    if info.cohort is not None or not config.calibration.false_alarms_per_hour:
        return ()
    begin = fixed(config.detector.onset_threshold, UNTUNED.onset_threshold)
    sentence = (
        f"The model {info.name} has no cohort of ordinary sound, so a score does not say how rare it is: "
        f"thresholds begin at {begin:g} until the stream has taught better ones. "
        f"`monitor models cohort {info.name} --from RECORDINGS` builds one."
    )
    return (sentence,)


def notes_of_settings(
    info: EncoderInfo, config: Config, classes: Sequence[ClassPrompt], streams: Sequence[Stream]
) -> tuple[str, ...]:
    """Return what the settings of a run give rise to."""
    return (
        *unknown_ids_note(config, streams),
        *muted_note(config, classes),
        *unlisted_note(config, classes),
        *adapter_note(info),
        *unpinned_note(info),
        *uncalibrated_note(info, config),
    )
