"""What one window of sound costs in the programs that people write instead, beside this one, in one run.

    python -m tools.benchmark.competitors --models FOLDER        # with the real YAMNet and mn04 in it
    python -m tools.benchmark.competitors --rounds 40 --json

Each hears the same moment of the demo street, at its own sample rate, as long as it needs, and says what it
is: the whole body of the loop that a user would write, sound to answer, on one thread. CLAP is the real
architecture with random weights, for its speed does not depend on them. They take turns, in a new order each
round; of two calls in a row the second is timed, in processor time. The ratio is that of the medians, with a
95 % bootstrap over rounds.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soxr
from numpy.typing import NDArray

from monitor.sources.demo import demo_scene
from tools.benchmark.benchmark import Timing, alternate, summarise
from tools.train.yamnet import RATE as YAMNET_RATE
from tools.train.yamnet import Yamnet

WORDS = ("siren", "dog bark", "car horn", "doorbell", "smoke alarm", "door knock")
AT_S = 24.0
"""Where in the street the sound is taken from: amid the siren."""
HOP_S = 0.25
HEAD = """| in a loop, one thread | hears | ms a window, median [quartiles] | ratio [95 %] \
| % of a core, four times a second |
|---|---|---|---|---|""".splitlines()
_SPECIAL = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
Loop = Callable[[], object]


def street(sample_rate: int, seconds: float) -> NDArray[np.float32]:
    """Return float32 (n,) of the demo street from `AT_S` on."""
    scene = demo_scene()
    start, stop = round(AT_S * scene.sample_rate), round((AT_S + seconds) * scene.sample_rate)
    found = soxr.resample(scene.samples[start:stop], scene.sample_rate, sample_rate)
    return np.asarray(found[: round(seconds * sample_rate)], np.float32)


def this_program() -> tuple[str, Loop]:
    """Return what a window costs here: embedding and scores."""
    from monitor.assemble import make_stages
    from monitor.config.settings import load_config
    from monitor.encoders import load
    from monitor.scoring.prompts import parse_classes

    config = load_config(None, {}, {})
    encoder = load(config.model)
    stages = make_stages(encoder, parse_classes(",".join(word.replace(" ", "_") for word in WORDS)), config)
    window = street(encoder.sample_rate, encoder.window_len / encoder.sample_rate)[np.newaxis]

    def step() -> object:
        vector = encoder.embed_audio(window)[0]
        return stages.scorer.score(vector, stages.background.estimate, 0, encoder.window_len)

    return "2 s", step


def transformers_pipeline() -> tuple[str, Loop]:
    """Return transformers' own pipeline: CLAP's architecture, random weights, words embedded each time."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, PreTrainedTokenizerFast, pipeline

    vocabulary = {word: number for number, word in enumerate([*_SPECIAL.values(), "sound", "of", "a"])}
    own = Tokenizer(models.WordLevel(vocabulary, unk_token=_SPECIAL["unk_token"]))
    own.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=own, **_SPECIAL)
    classify: Any = pipeline(
        "zero-shot-audio-classification",
        model=ClapModel(ClapConfig()).eval(),
        tokenizer=tokenizer,
        feature_extractor=ClapFeatureExtractor(truncation="rand_trunc"),
    )
    sound = street(48_000, 2.0)
    return "2 s, repeated to 10", lambda: classify(sound, candidate_labels=list(WORDS))


def laion_loop() -> tuple[str, Loop]:
    """Return a loop over laion_clap, the words embedded once."""
    from tools.benchmark.laion_model import LaionClap

    model = LaionClap()
    sound = np.resize(street(48_000, 2.0), (1, 480_000))
    words = np.random.default_rng(0).normal(size=(len(WORDS), 512)).astype(np.float32)
    return "10 s", lambda: model.embed(sound) @ words.T


def yamnet_loop(folder: Path) -> tuple[str, Loop]:
    """Return a loop over the YAMNet file that everybody uses."""
    network, sound = Yamnet(folder / "yamnet"), street(YAMNET_RATE, 0.975)[np.newaxis]
    return ".975 s", lambda: network.hear_windows(sound)


def mn04_loop(folder: Path) -> tuple[str, Loop]:
    """Return a loop over EfficientAT's mn04 in PyTorch, as its repository runs it."""
    import torch

    from tools.benchmark.other_taggers import make_mn04

    network, _ = make_mn04(folder / "teacher", front=True)
    network.eval()
    sound = torch.from_numpy(street(32_000, 2.0))[np.newaxis]

    def step() -> object:
        with torch.inference_mode():
            return network(sound)

    return "2 s", step


def open_all(folder: Path | None, say: Callable[[str], None]) -> dict[str, tuple[str, Loop]]:
    """Return all that are there, this program first; what is missing is told."""
    ways: dict[str, Callable[[], tuple[str, Loop]]] = {
        "this program: model and scores": this_program,
        "transformers' zero-shot-audio-classification (CLAP)": transformers_pipeline,
        "laion_clap": laion_loop,
    }
    if folder is not None:
        ways["YAMNet, LiteRT"] = lambda: yamnet_loop(folder)
        ways["EfficientAT mn04, PyTorch"] = lambda: mn04_loop(folder)
    found = {}
    for name, open_one in ways.items():
        try:
            found[name] = open_one()
        except (ImportError, OSError) as error:
            say(f"not there: {name} ({error})")
    return found


def as_table(names: dict[str, str], timings: list[Timing]) -> str:
    """Draw the timings in Markdown."""
    rows = [*HEAD]
    for (name, hears), time in zip(names.items(), timings, strict=True):
        share = 100.0 * time.median_ms / 1e3 / HOP_S
        rows.append(
            f"| {name} | {hears} | {time.median_ms:.2f} [{time.low_ms:.2f}, {time.high_ms:.2f}] "
            f"| {time.ratio:.2f} [{time.ratio_low:.2f}, {time.ratio_high:.2f}] | {share:.1f} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    import sys

    import torch

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="with yamnet/ and teacher/ in it")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    args = parser.parse_args()
    torch.set_num_threads(1)
    loops = open_all(args.models, lambda sentence: print(sentence, file=sys.stderr))
    timings = summarise(alternate([step for _, step in loops.values()], args.rounds))
    if args.json:
        print(json.dumps({name: asdict(time) for name, time in zip(loops, timings, strict=True)}, indent=1))
    else:
        print(as_table({name: hears for name, (hears, _) in loops.items()}, timings))


if __name__ == "__main__":
    main()
