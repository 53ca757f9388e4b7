"""`adapt towers`: fine-tune a CLAP checkpoint on sound without labels, and write it if it does no harm."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.cli.adapt_options import add_curation, add_learning, add_own_judgement, curation_options
from monitor.cli.arguments import AddVerb, options_of, prompt_flag
from monitor.cli.values import whole
from monitor.config.settings import Config, load_config
from monitor.console import show, show_json
from monitor.errors import ConfigError
from monitor.files.paths import user_path

if TYPE_CHECKING:
    from monitor.corpus.layouts import Corpus
    from monitor.encoders import Encoder
    from monitor.export.tower_training import FineTuned, TowerPairs
    from monitor.learning.adaptation import Chosen, Place
    from monitor.learning.captions import Captions
    from monitor.learning.heard_sound import HeardSound
    from monitor.learning.trial import Verdict


class TowerReport(msgspec.Struct, frozen=True):
    """What came of it."""

    pairs: int
    losses: tuple[float, ...]
    """Mean of each epoch."""
    verdict: Verdict
    folder: str
    """Where the checkpoint is; empty: nowhere."""


def add_towers(actions: Any, add_verb: AddVerb) -> None:
    """Add `towers` to what `adapt` can do."""
    towers = add_verb(
        actions, "towers", _towers, "fine-tune a CLAP checkpoint on recordings (needs the extra export)"
    )
    towers.add_argument(
        "checkpoint", type=user_path, metavar="FOLDER", help="a CLAP folder of Hugging Face, with safetensors"
    )
    towers.add_argument("data", type=user_path, metavar="DIR|INDEX", help="as for `adapt recordings`")
    towers.add_argument(
        "--out", type=user_path, required=True, metavar="DIR", help="the new checkpoint; a folder that is new"
    )
    towers.add_argument("--folds", type=whole, default=(), metavar="N,M", help="default: all")
    towers.add_argument("--ignore-labels", action="store_true", help="also where it is tried")
    towers.add_argument(
        "--classes", metavar="A,B", help="what is listened for (default: the configuration's)"
    )
    towers.add_argument("--config", type=user_path, metavar="FILE", help="TOML file over the defaults")
    towers.add_argument("--json", action="store_true", help="JSON on standard output")
    add_own_judgement(towers)
    towers.add_argument("--force", action="store_true", help="write it even where it is worse")
    add_curation(towers.add_argument_group("which sound is paired with which caption"))
    training = towers.add_argument_group("how it is trained")
    training.add_argument("--sound-only", action="store_true", help="the text tower stays as it is")
    add_learning(training, learning_rate=1e-4)


def _towers(arguments: argparse.Namespace) -> int:
    from monitor.export.needs import require_libraries

    require_libraries(("torch", "transformers", "safetensors"))
    if arguments.out.exists():
        raise ConfigError(f"{arguments.out} is there already; name a folder for --out that is new.")
    from monitor.export.tower_training import TowerTraining, batches, fine_tune
    from monitor.learning.adaptation import AdaptOptions, choose, proved
    from monitor.progress import progress

    place, captions = _begin(arguments)
    options = AdaptOptions(curation=curation_options(arguments), ignore_labels=arguments.ignore_labels)
    corpus, sound = _hear(arguments, place.encoder)
    chosen = choose(place, sound, captions, options)
    pairs = _pairs(place.encoder, corpus, sound, captions, chosen)
    training = options_of(TowerTraining, arguments)
    with progress("training", training.epochs * batches(pairs, training)) as advance:
        trained = fine_tune(arguments.checkpoint, pairs, training, advance)
    verdict = _try(place, trained, corpus, sound, chosen)
    if not arguments.own_judgement:
        verdict = proved(verdict, chosen.left_out)
    wanted = verdict.kept or arguments.force
    if wanted:
        trained.write(arguments.out)
    report = TowerReport(len(pairs.captions), trained.losses, verdict, str(arguments.out) if wanted else "")
    _tell(arguments, report)
    return 0


def _begin(arguments: argparse.Namespace) -> tuple[Place, Captions]:
    from monitor.learning.adaptation import Place, templates_of, tuned
    from monitor.learning.captions import embed_captions, read_captions
    from monitor.scoring.prompts import parse_classes

    config = load_config(arguments.config, os.environ, prompt_flag(arguments))
    own = read_captions(arguments.captions) if arguments.captions else []
    classes = tuple(
        parse_classes(arguments.classes or ",".join(config.prompts.classes), config.prompts.aliases)
    )
    place = tuned(Place(_load(config, arguments.checkpoint), classes, config))
    wordings = [one.wording for one in classes]
    return place, embed_captions(place.encoder, wordings, own, templates_of(place))


def _load(config: Config, folder: Path) -> Encoder:
    """Return the checkpoint in a folder, as torch runs it."""
    from monitor.encoders import load

    model = msgspec.structs.replace(config.model, name=str(folder), provider="torch", adapter="none")
    return load(model)


def _hear(arguments: argparse.Namespace, encoder: Encoder) -> tuple[Corpus, HeardSound]:
    from monitor.corpus.layouts import read_data
    from monitor.learning.heard_sound import hear_recordings, recordings_of
    from monitor.progress import progress

    corpus = read_data(arguments.data)
    with progress("listening", len(recordings_of(corpus, arguments.folds))) as advance:
        return corpus, hear_recordings(encoder, corpus, arguments.folds, advance)


def _pairs(
    encoder: Encoder, corpus: Corpus, sound: HeardSound, captions: Captions, chosen: Chosen
) -> TowerPairs:
    from monitor.encoders.clap import INPUT_LEN
    from monitor.export.tower_training import TowerPairs
    from monitor.learning.heard_sound import window_at

    return TowerPairs(
        hear=lambda pair: window_at(encoder, corpus, sound, int(chosen.rows[pair])),
        captions=[captions.prompted[at] for at in chosen.captions],
        audio=sound.vectors[chosen.rows],
        text=captions.vectors[chosen.captions],
        input_len=INPUT_LEN,
    )


def _try(place: Place, trained: FineTuned, corpus: Corpus, sound: HeardSound, chosen: Chosen) -> Verdict:
    """Try the new checkpoint beside the old one, out of a folder that is gone afterwards."""
    import numpy as np

    from monitor.learning.adaptation import try_checkpoint
    from monitor.learning.heard_sound import window_at

    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        trained.write(Path(folder, "checkpoint"))
        after = _load(place.config, Path(folder, "checkpoint"))
        windows = (window_at(after, corpus, sound, int(row)) for row in chosen.left_rows)
        heard = [after.embed_audio(window[np.newaxis]) for window in windows]
        return try_checkpoint(
            place, after, chosen.left_out, np.concatenate([np.zeros((0, after.dim), np.float32), *heard])
        )


def _tell(arguments: argparse.Namespace, report: TowerReport) -> None:
    if arguments.json:
        show_json(msgspec.json.encode(report))
        return
    from monitor.cli.adapt_view import trial_lines

    show("\n".join([f"Learnt from {report.pairs} pairs.", *trial_lines(report.verdict)]))
    if report.folder:
        show(f"`monitor models export --checkpoint {report.folder} --out DIR` makes a model of it.")
    else:
        show("Nothing was written; --force writes it all the same.")
