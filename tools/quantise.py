"""Try int8 for an exported audio tower: size, time, and what it costs on the validation clips.

    python tools/quantise.py --work DIR
    python tools/quantise.py --work DIR --audio other/audio.onnx --keep DIR
    python tools/quantise.py --work DIR --install

Only the convolutions behind the log-mel front end are quantised, with what lies between them; the front end
spans 90 dB, and the layers behind the last convolution cost next to nothing. Ranges come from training
clips. The words come from the text tower of `--model`. All variants are timed in turns, in one run, and
what is not int8 is stored as float16.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from benchmark import Timing, summarise, take_turns
from corpus import load_audio, read_index, words
from graphs import as_single, digest, network_nodes, open_session, save_clean, store_as_half
from held_out import Trial, calibration_windows, make_trial
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from tqdm import tqdm

from monitor import load_encoder
from monitor.encoders.store import StoredModel, find_model

Floats = NDArray[np.float32]

MOST_LOST = 0.5
"""Points of top-1, in the mean of all conditions, that int8 may cost and still be worth it."""
HEAD = """| variant | MB | ms, median [quartiles] | ratio [95 %] | cosine to float32: mean, worst of 100 \
| top-1 clean / 10 / 0 dB, % | points lost [95 %] |
|---|---|---|---|---|---|---|""".splitlines()
HALF = "float16, computed in float32"
"""What is shipped unless int8 is better."""
BETWEEN = ("Conv", "Relu", "Add", "AveragePool")
"""Kinds of nodes that have an int8 form worth using."""


@dataclass(frozen=True)
class Scheme:
    """One way to quantise."""

    name: str
    dynamic: bool = False
    activation: QuantType = QuantType.QUInt8
    seven_bits: bool = False
    """Weights take seven bits, which processors without VNNI add up without overflow."""
    clipped: bool = False
    """The rarest hundred-thousandth of the values lies outside the range."""
    all_between: bool = True
    """Sums and pooling between the convolutions are int8 too."""

    @property
    def portable(self) -> bool:
        """Whether processors without VNNI get the same answers: there, sums of 8 by 8 bits may overflow."""
        return self.seven_bits or self.dynamic


SCHEMES = (
    Scheme("static U8S8"),
    Scheme("static U8S8, range clipped", clipped=True),
    Scheme("static U8S8, 7-bit weights", seven_bits=True),
    Scheme("static U8S8, 7-bit weights, range clipped", seven_bits=True, clipped=True),
    Scheme("static U8S8, 7-bit weights, convolutions only", seven_bits=True, all_between=False),
    Scheme("static U8S8, convolutions only", all_between=False),
    Scheme("static S8S8", activation=QuantType.QInt8),
    Scheme("static S8S8, 7-bit weights", activation=QuantType.QInt8, seven_bits=True),
    Scheme("dynamic", dynamic=True),
)


@dataclass(frozen=True)
class Result:
    """What one variant is like."""

    name: str
    megabytes: float
    timing: Timing
    cosine: list[float]
    """To float32, over all conditions: mean, and worst of 100."""
    top1: list[float]
    """Percent; clean, 10 dB, 0 dB."""
    lost: list[float]
    """Points of top-1 below float32, mean of the conditions, and a 95 % interval over recordings."""


class Windows(CalibrationDataReader):  # type: ignore[misc]
    """Feeds windows one by one to the calibration."""

    def __init__(self, windows: Floats) -> None:
        self._left: Iterator[Floats] = iter(windows)

    def get_next(self) -> dict[str, Floats] | None:
        """Return the next window, or None at the end."""
        window = next(self._left, None)
        return None if window is None else {"audio": window[None]}


def quantise(single: Path, target: Path, scheme: Scheme, windows: Floats) -> None:
    """Write one int8 variant of a float32 graph."""
    kinds = list(BETWEEN if scheme.all_between else BETWEEN[:1])
    names = [node.name for node in network_nodes(onnx.load(single).graph) if node.op_type in kinds]
    if scheme.dynamic:
        quantize_dynamic(
            single,
            target,
            op_types_to_quantize=["Conv"],
            nodes_to_quantize=names,
            weight_type=QuantType.QUInt8,
        )
        store_as_half(target)
        return
    quantize_static(
        single,
        target,
        Windows(windows),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=kinds,
        nodes_to_quantize=names,
        per_channel=True,
        reduce_range=scheme.seven_bits,
        activation_type=scheme.activation,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.Percentile if scheme.clipped else CalibrationMethod.MinMax,
    )
    store_as_half(target)


def write_variants(audio: Path, folder: Path, windows: Floats) -> dict[str, Path]:
    """Write float32, float16 and every scheme below `folder`; the first is what others are compared with."""
    single, half, prepared = (folder / f"{name}.onnx" for name in ("float32", "float16", "prepared"))
    save_clean(as_single(onnx.load(audio)), single)
    store_as_half(single, half)
    quant_pre_process(single, prepared, skip_symbolic_shape=True)
    found = {"float32": single, HALF: half}
    for number, scheme in enumerate(tqdm(SCHEMES, desc="quantise", unit="scheme")):
        found[scheme.name] = folder / f"int8_{number}.onnx"
        quantise(prepared, found[scheme.name], scheme, windows)
    return found


def embed(path: Path, windows: Floats) -> Floats:
    """Embed windows one by one: (n, d), unit norm."""
    session = open_session(path)
    points = np.concatenate([session.run(None, {"audio": window[None]})[0] for window in windows])
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


def measure(variants: dict[str, Path], trial: Trial, texts: Floats, rounds: int) -> list[Result]:
    """Time all variants in turns, and see what each hears."""
    feed = {"audio": trial.windows[0][:1]}
    sessions = [open_session(path) for path in variants.values()]
    timings = summarise(take_turns([partial(session.run, None, feed) for session in sessions], rounds))
    points = {
        name: [embed(path, windows) for windows in trial.windows]
        for name, path in tqdm(variants.items(), desc="hear", unit="variant")
    }
    whole = points["float32"]
    hits_whole = trial.hits(whole, texts)
    results = []
    for (name, path), timing in zip(variants.items(), timings, strict=True):
        cosine = np.concatenate([(a * b).sum(axis=1) for a, b in zip(whole, points[name], strict=True)])
        hits = trial.hits(points[name], texts)
        results.append(
            Result(
                name,
                path.stat().st_size / 1e6,
                timing,
                [float(cosine.mean()), float(np.percentile(cosine, 1))],
                [100 * float(share) for share in hits.mean(axis=0)],
                interval(100 * (hits_whole - hits).mean(axis=1), trial.groups),
            )
        )
    return results


def interval(values: Floats, groups: NDArray[np.int64], rounds: int = 2000) -> list[float]:
    """Return the mean of values (n,) and a 95 % bootstrap over groups (n,): [mean, low, high]."""
    rng = np.random.default_rng(5)
    sums, sizes = np.bincount(groups, values), np.bincount(groups)
    picks = rng.integers(0, len(sums), (rounds, len(sums)))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    return [float(values.mean()), *(float(end) for end in np.percentile(means, [2.5, 97.5]))]


def choose(results: list[Result]) -> Result:
    """Take the fastest int8 variant that is good anywhere, surely faster and loses little; else float16."""
    half = next(result for result in results if result.name == HALF)
    portable = {scheme.name for scheme in SCHEMES if scheme.portable}
    worth = [
        result
        for result in results
        if result.name in portable
        and result.timing.ratio_high < half.timing.ratio_low
        and result.lost[0] <= MOST_LOST
    ]
    fastest = min((result.timing.ratio for result in worth), default=1.0)
    as_fast = [result for result in worth if result.timing.ratio_low <= fastest]
    return min(as_fast, key=lambda result: result.lost[0], default=half)


def install(path: Path, stored: StoredModel) -> None:
    """Put a graph in place of the model's audio tower and pin it in the manifest."""
    place, manifest = stored.folder / stored.entry.audio.file, stored.folder / "manifest.toml"
    shutil.copyfile(path, place)
    manifest.write_text(manifest.read_text().replace(stored.entry.audio.sha256, digest(place)))
    print(f"{place} is now {path.name}, {place.stat().st_size / 1e6:.1f} MB, and pinned in {manifest}")


def as_table(results: list[Result]) -> str:
    """Draw the results in Markdown."""
    rows = [*HEAD]
    for result in results:
        time, (mean, worst) = result.timing, result.cosine
        rows.append(
            f"| {result.name} | {result.megabytes:.1f} "
            f"| {time.median_ms:.2f} [{time.low_ms:.2f}, {time.high_ms:.2f}] "
            f"| {time.ratio:.2f} [{time.ratio_low:.2f}, {time.ratio_high:.2f}] | {mean:.4f}, {worst:.3f} "
            f"| {' / '.join(f'{share:.1f}' for share in result.top1)} "
            f"| {result.lost[0]:.1f} [{result.lost[1]:.1f}, {result.lost[2]:.1f}] |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument("--work", type=Path, required=True, help="training folder; audio.npz is read")
    parser.add_argument("--model", default="embedded", help="a name in the manifest")
    parser.add_argument("--audio", type=Path, help="audio tower to quantise instead of the model's own")
    parser.add_argument("--keep", type=Path, help="folder to copy the variants to")
    parser.add_argument(
        "--install", action="store_true", help="replace the model's tower by the one to take, and pin it"
    )
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    args = parser.parse_args()
    encoder, stored = load_encoder(args.model), find_model(args.model)
    clips, audio = read_index(args.data), load_audio(args.data, args.work)
    trial = make_trial(clips, audio, args.seed)
    texts = encoder.embed_text([encoder.template.format(words(name)) for name in trial.classes])
    with tempfile.TemporaryDirectory() as name:
        path = args.audio or stored.folder / stored.entry.audio.file
        variants = write_variants(path, Path(name), calibration_windows(clips, audio, args.seed))
        results = measure(variants, trial, texts, args.rounds)
        if args.keep:
            shutil.copytree(name, args.keep, dirs_exist_ok=True)
        if args.install:
            install(variants[choose(results).name], stored)
    if args.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
        return
    print(as_table(results))
    print(
        f"\n{len(trial.truth)} validation clips, {len(trial.classes)} classes. Take: {choose(results).name}."
    )


if __name__ == "__main__":
    main()
