"""What was taught: listed, renamed, forgotten, given away and taken in."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime

import msgspec

from monitor.cli.learn_before import put_aside
from monitor.cli.learn_request import told_to_monitor
from monitor.config.settings import Config
from monitor.console import show, show_json, show_table, tell
from monitor.errors import OwnSoundError
from monitor.files.new_file import refuse_taken
from monitor.files.reading import read_stored
from monitor.files.state_files import write_private
from monitor.learning.listed import read_class
from monitor.names import as_words, class_id
from monitor.storage import own_sounds
from monitor.storage.own_sound_file import MOST_BYTES, ExampleNote, Quality, TaughtSound, pack, unpack


class TaughtReport(msgspec.Struct, frozen=True):
    """One class that was taught, as JSON."""

    name: str
    label: str
    words: str
    model: str
    taught: datetime
    examples: tuple[ExampleNote, ...]
    quality: Quality | None
    file: str
    audio: tuple[str, ...]
    """Files with the sound of the examples, where that was kept."""


def list_taught(arguments: argparse.Namespace, config: Config) -> int:
    """Show all that was taught."""
    taught, faults = own_sounds.taught_sounds()
    for fault in faults:
        tell(fault)
    if arguments.json:
        show_json(msgspec.json.encode(list(map(_report, taught))))
        return 0
    if not taught:
        show("Nothing is taught yet; `monitor learn doorbell` teaches your doorbell.")
        return 0
    _show(taught)
    for one in taught:
        if not one.model.startswith(f"{config.model.name}-"):
            tell(
                f"{as_words(one.label)} is taught to the model {one.model}, and {config.model.name} listens; "
                "it counts with --model, or once it is taught again."
            )
    return 0


def rename_taught(arguments: argparse.Namespace, config: Config) -> int:
    """Call a taught class otherwise."""
    name, prompt = class_id(arguments.name), read_class(arguments.to, config)
    renamed = own_sounds.rename(name, prompt.label or prompt.name, prompt.wording)
    if arguments.json:
        show_json(msgspec.json.encode(list(map(_report, renamed))))
        return 0
    show(f"{as_words(arguments.name)} is called {as_words(prompt.label or prompt.name)} now.")
    show(told_to_monitor(arguments, prompt.name, as_words(prompt.label or prompt.name)))
    return 0


def forget_taught(arguments: argparse.Namespace) -> int:
    """Delete what was taught."""
    taught = own_sounds.taught_sounds()[0]
    names = [one.sound.name for one in taught] if arguments.all else list(map(class_id, arguments.names))
    if not names and not arguments.all:
        raise OwnSoundError(
            "Say what to forget: its NAME, several, or --all; `monitor learn list` shows all."
        )
    gone: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        files = own_sounds.remove(name)
        if not files:
            raise OwnSoundError(f"Nothing was taught as {name!r}; `monitor learn list` shows what was.")
        gone[name] = files
    if arguments.json:
        show_json(msgspec.json.encode(gone))
        return 0
    show(f"Forgotten: {', '.join(map(as_words, gone)) or 'nothing was taught'}.")
    for name in gone:
        if told_to_monitor(arguments, name, as_words(name)).startswith("The monitor that runs listens"):
            show(f"The monitor that runs goes by the words of {as_words(name)} alone from now on.")
    return 0


def export_taught(arguments: argparse.Namespace, config: Config) -> int:
    """Write a taught class into a file."""
    taught = _one_of(class_id(arguments.name), config)
    refuse_taken(arguments.file, force=arguments.force)
    audio = own_sounds.kept_audio(taught.sound.name) if arguments.with_audio else []
    if arguments.with_audio and len(audio) != len(taught.examples):
        raise OwnSoundError(
            f"The sound of the examples of {as_words(taught.label)} was not kept; leave out --with-audio."
        )
    try:
        write_private(arguments.file, pack(taught, [path.read_bytes() for path in audio]))
    except OSError as error:
        raise OwnSoundError(f"Cannot write {arguments.file}: {error.strerror}; name another file.") from None
    if arguments.json:
        show_json(msgspec.json.encode({"file": str(arguments.file), "audio": bool(audio)}))
    else:
        what = "with their sound" if audio else "without their sound"
        show(
            f"{as_words(taught.label)}: {len(taught.examples)} examples, {what}, in {arguments.file}; "
            f"elsewhere: monitor learn import {arguments.file.name}"
        )
    return 0


def import_taught(arguments: argparse.Namespace, config: Config) -> int:
    """Take in a taught class from a file."""
    try:
        taught, audio = unpack(read_stored(arguments.file, MOST_BYTES))
    except OSError as error:
        raise OwnSoundError(f"Cannot read {arguments.file}: {error.strerror}.") from None
    except ValueError as error:
        raise OwnSoundError(
            f"{arguments.file} cannot be taken in: {error}; give a file that `monitor learn export` wrote."
        ) from None
    taught = _called(taught, arguments, config)
    name = taught.sound.name
    if own_sounds.own_sound_file(name, taught.model).exists() and not arguments.force:
        raise OwnSoundError(f"{as_words(name)} is taught already; add --force to replace it, or --as NAME.")
    before = [
        one for one in own_sounds.taught_sounds()[0] if (one.sound.name, one.model) == (name, taught.model)
    ]
    back = [put_aside(one) for one in before]
    path = own_sounds.save(taught)
    if audio:
        own_sounds.write_audio(name, audio)
    elif before:
        own_sounds.remove_audio(name)
    if arguments.json:
        show_json(msgspec.json.encode(_report(taught)))
        return 0
    show(f"{as_words(taught.label)}: {len(taught.examples)} examples, in {path}.")
    for sentence in back:
        show(sentence)
    if taught.model.startswith(f"{config.model.name}-"):
        show(told_to_monitor(arguments, name, as_words(taught.label)))
        return 0
    way = f"teach it again from its sound: monitor learn {name} --again" if audio else "teach it again here"
    tell(f"It was taught to the model {taught.model}, and {config.model.name} listens; {way}.")
    return 0


def _called(taught: TaughtSound, arguments: argparse.Namespace, config: Config) -> TaughtSound:
    """Return it under the name that was asked for."""
    if arguments.name is None:
        return taught
    prompt = read_class(arguments.name, config)
    sound = msgspec.structs.replace(taught.sound, name=prompt.name, words=prompt.wording)
    return msgspec.structs.replace(taught, label=prompt.label or prompt.name, sound=sound)


def _one_of(name: str, config: Config) -> TaughtSound:
    """Return what was taught of a class: to the model that listens, or to the only one it was taught to."""
    taught = [one for one in own_sounds.taught_sounds()[0] if one.sound.name == name]
    if not taught:
        raise OwnSoundError(f"Nothing was taught as {name!r}; `monitor learn list` shows what was.")
    of_model = [one for one in taught if one.model.startswith(f"{config.model.name}-")]
    if len(taught) > 1 and len(of_model) != 1:
        models = ", ".join(one.model for one in taught)
        raise OwnSoundError(f"{name!r} was taught to several models ({models}); say which with --model.")
    return (of_model or taught)[0]


def _report(taught: TaughtSound) -> TaughtReport:
    sound = taught.sound
    return TaughtReport(
        name=sound.name,
        label=taught.label,
        words=sound.words,
        model=taught.model,
        taught=taught.taught,
        examples=taught.examples,
        quality=taught.quality,
        file=str(own_sounds.own_sound_file(sound.name, taught.model)),
        audio=tuple(map(str, own_sounds.kept_audio(sound.name))),
    )


def _show(taught: Sequence[TaughtSound]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("name", "words", "examples", "taught", "found", "false alarms", "sound", "model"):
        table.add_column(name, overflow="fold")
    for one in taught:
        quality, count = one.quality, len(one.examples)
        found = f"{quality.found} of {count}" if quality is not None and count > 1 else "not tried"
        hourly = None if quality is None else quality.false_alarms_per_hour
        table.add_row(
            one.label,
            one.sound.words,
            str(count),
            f"{one.taught.astimezone():%Y-%m-%d %H:%M}",
            f"{found}{' (kept by force)' if quality is not None and quality.doubt else ''}",
            "not known" if hourly is None else f"{hourly:.1g}/h",
            "kept" if own_sounds.kept_audio(one.sound.name) else "not kept",
            one.model,
        )
    show_table(table)
