"""The `adapt` verb: learn from the sound of a place that nobody labelled, and keep it if it does no harm."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from monitor.cli.adapt_options import adapt_options, add_adapt_options, add_model
from monitor.cli.adapt_towers import add_towers
from monitor.cli.arguments import AddVerb, model_flag, prompt_flag
from monitor.cli.values import whole
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.learning.adaptation import Adapted, AdaptOptions, Place
    from monitor.learning.adapter_versions import AdapterVersion, AdapterVersions
    from monitor.learning.heard_sound import HeardSound
    from monitor.models.adapter import Adapter

_NEEDS = "learn from what a place sounds like, without labels, and keep it only if it does no harm"


def add_adapt(verbs: Any, add_verb: AddVerb) -> None:
    """Add `adapt` and what it can do to the verbs of the program."""
    actions = add_verb(verbs, "adapt", _history, _NEEDS).add_subparsers(metavar="ACTION", required=True)
    memory = add_verb(
        actions, "memory", _memory, "adapt to what is remembered of this place ([memory] keep = all)"
    )
    add_adapt_options(memory)
    recordings = add_verb(actions, "recordings", _recordings, "adapt to recordings, or to a data set")
    recordings.add_argument(
        "data",
        type=user_path,
        metavar="DIR|INDEX",
        help="a folder of recordings, ESC-50, UrbanSound8K, FSD50K, TAU or TUT scenes, or a CSV index",
    )
    recordings.add_argument("--folds", type=whole, default=(), metavar="N,M", help="default: all")
    recordings.add_argument(
        "--ignore-labels", action="store_true", help="also where it is tried: the model judges itself"
    )
    add_adapt_options(recordings)
    add_towers(actions, add_verb)
    history = add_verb(actions, "history", _history, "what was tried, what is in use, and why not the others")
    add_model(history)
    back = add_verb(actions, "rollback", _rollback, "put the version in use aside, for the one before it")
    add_model(back)


def _memory(arguments: argparse.Namespace) -> int:
    from monitor.learning.heard_sound import remember
    from monitor.storage.moments import opened

    work = _begin(arguments)
    config = work.place.config
    with opened(config.memory) as moments:
        if moments is None:
            raise ConfigError(
                'Nothing is remembered yet; run the monitor with `[memory] keep = "all"` for some hours.'
            )
        info = work.place.encoder.info
        hop_s = config.window.hop_s or info.hop_s
        sound = remember(moments, info.identity, work.versions.adapters(), hop_s)
    return _adapt(arguments, work, sound)


def _recordings(arguments: argparse.Namespace) -> int:
    from monitor.corpus.layouts import read_data
    from monitor.learning.heard_sound import hear_recordings, recordings_of
    from monitor.progress import progress

    work = _begin(arguments)
    corpus = read_data(arguments.data)
    with progress("listening", len(recordings_of(corpus, arguments.folds))) as advance:
        sound = hear_recordings(work.place.encoder, corpus, arguments.folds, advance)
    return _adapt(arguments, work, sound)


def _history(arguments: argparse.Namespace) -> int:
    from monitor.cli.adapt_view import history_lines

    versions = _versions(_config_of(arguments))
    if arguments.json:
        show_json(msgspec.json.encode(versions.all))
    else:
        show("\n".join(history_lines(versions)))
    return 0


def _rollback(arguments: argparse.Namespace) -> int:
    versions = _versions(_config_of(arguments))
    put_aside = versions.in_use
    used = versions.roll_back(datetime.now(UTC))
    if arguments.json:
        show_json(msgspec.json.encode(used))
        return 0
    now = "the model as it is" if used is None else f"version {used.number}"
    number_ = put_aside.number if put_aside is not None else 0
    show(f"Version {number_} is put aside; {now} listens from the next start of `monitor run` on.")
    return 0


def _config_of(arguments: argparse.Namespace) -> Config:
    return load_config(arguments.config, os.environ, model_flag(arguments))


def _versions(config: Config) -> AdapterVersions:
    from monitor.encoders import load
    from monitor.learning.adapter_versions import AdapterVersions

    plain = load(msgspec.structs.replace(config.model, adapter="none"))
    return AdapterVersions(plain.info.identity)


class _Work(NamedTuple):
    """What is asked for, checked before anything is heard."""

    place: Place
    versions: AdapterVersions
    options: AdaptOptions
    own_captions: list[str]
    templates: tuple[str, ...]


def _begin(arguments: argparse.Namespace) -> _Work:
    """Return what the command line asks for."""
    from monitor.encoders import load
    from monitor.learning.adaptation import Place, templates_of
    from monitor.learning.adapter_versions import AdapterVersions
    from monitor.learning.captions import read_captions
    from monitor.learning.transferred import taught_sounds_of
    from monitor.scoring.prompts import parse_classes

    options = adapt_options(arguments)
    own = read_captions(arguments.captions) if arguments.captions else []
    config = load_config(arguments.config, os.environ, model_flag(arguments) | prompt_flag(arguments))
    listed = arguments.classes or ",".join(config.prompts.classes)
    classes = tuple(parse_classes(listed, config.prompts.aliases))
    encoder = load(msgspec.structs.replace(config.model, adapter="none"))
    versions = AdapterVersions(encoder.info.identity)
    in_use = versions.adapter_in_use()
    taught = taught_sounds_of([one.name for one in classes], encoder.info, in_use)
    place = Place(encoder, classes, config, in_use, taught)
    return _Work(place, versions, options, own, templates_of(place))


def _adapt(arguments: argparse.Namespace, work: _Work, sound: HeardSound) -> int:
    from monitor.learning.adaptation import adapt
    from monitor.learning.captions import embed_captions
    from monitor.learning.transferred import transfer
    from monitor.progress import progress

    place, options = work.place, work.options
    wordings = [one.wording for one in place.classes]
    captions = embed_captions(place.encoder, wordings, work.own_captions, work.templates)
    with progress("training", options.training.epochs) as advance:
        adapted = adapt(place, sound, captions, options, advance)
    version = _version(work, sound, adapted)
    transferred: list[str] = []
    if arguments.out is not None:
        _write(arguments.out, adapted.adapter)
    if not arguments.dry_run:
        version = work.versions.add(adapted.adapter, version)
        if version.verdict.kept:
            transferred = transfer(adapted.adapter.model, place.in_use, adapted.adapter)
    _tell(arguments, version, transferred)
    return 0


def _write(path: Path, adapter: Adapter) -> None:
    from monitor.models.adapter import pack_adapter

    try:
        path.write_bytes(pack_adapter(adapter))
    except OSError as error:
        raise ConfigError(f"Cannot write the adapter {path}: {error.strerror}; name another --out.") from None


def _version(work: _Work, sound: HeardSound, adapted: Adapted) -> AdapterVersion:
    from monitor.learning.adapter_versions import AdapterVersion

    return AdapterVersion(
        number=0,
        fingerprint=adapted.adapter.fingerprint,
        made=datetime.now(UTC),
        sound=sound.description,
        listened_for=tuple(one.label or one.name for one in work.place.classes),
        pairs=adapted.pairs,
        captions=adapted.captions,
        own_captions=bool(work.own_captions),
        losses=adapted.losses,
        options=work.options,
        verdict=adapted.verdict,
    )


def _tell(arguments: argparse.Namespace, version: AdapterVersion, transferred: list[str]) -> None:
    from monitor.cli.adapt_view import verdict_lines

    if arguments.json:
        show_json(msgspec.json.encode(version))
        return
    show("\n".join(verdict_lines(version)))
    if arguments.dry_run:
        show("Nothing was kept: --dry-run.")
    elif version.verdict.kept:
        also = f" What you taught goes with it: {', '.join(transferred)}." if transferred else ""
        show(
            f"Version {version.number} listens from the next start of `monitor run` on; `monitor adapt "
            f"rollback` takes it back.{also}"
        )
