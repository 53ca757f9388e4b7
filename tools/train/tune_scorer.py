"""Choose the scorer's parameters on recordings that were neither trained on nor are ever reported on.

    python -m tools.train.tune_scorer --data ../shared/data/index.csv --streams 100

Streams are built from validation recordings of folds 1-3 (`corpus.is_validation`). For each candidate, the
best recall at each allowance of false alarms, the threshold that gives it, and the median latency.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from monitor import load_encoder
from monitor.config.settings import Config
from monitor.corpus.layouts import read_data
from monitor.evaluation.methods.embedding_store import EmbeddingStore, kept_file
from monitor.evaluation.methods.redetection import Redetection
from monitor.evaluation.methods.stream_runner import METHODS, Changes, StreamResult, change, listen_to
from monitor.evaluation.metrics.event_metrics import summarise
from monitor.evaluation.metrics.operating_points import sweep
from monitor.evaluation.synthesis.parts import Bench, StreamExperiment, prepare_streams
from monitor.scoring.prompts import parse_classes
from tools.train.corpus import is_validation

ALLOWED_PER_HOUR = (1.0, 2.0, 5.0, 10.0, 20.0)


def candidates() -> Mapping[str, Changes]:
    """Return what is tried: the methods, and one parameter at a time."""
    tried: dict[str, Changes] = dict(METHODS)
    for section, key, values in (
        ("background", "tau", (0.3, 0.5, 1.0)),
        ("background", "memory_s", (15.0, 30.0)),
        ("drift", "beta", (0.05, 0.2, 0.4)),
        ("scorer", "temperature", (0.03, 0.08, 0.12)),
        ("detector", "confirm_s", (0.25, 0.5, 0.75)),
    ):
        tried |= {f"{section}.{key} = {value}": {section: {key: value}} for value in values}
    return tried


def best(heard: list[StreamResult], bench: Bench, changes: Changes) -> list[str]:
    """Return one cell per allowance."""
    config = change(bench.config, changes)
    settings = sweep([Redetection(one, config, bench.encoder) for one in heard])
    measured = [(one.threshold, summarise(one.outcomes)) for one in settings]
    cells = []
    for allowed in ALLOWED_PER_HOUR:
        within = [entry for entry in measured if entry[1].false_alarms_per_hour.value <= allowed]
        if not within:
            cells.append("-")
            continue
        threshold, summary = max(within, key=lambda entry: entry[1].recall.value)
        cells.append(f"{summary.recall.value:.3f} @{threshold:.2f} {summary.latency_median_s:.2f}s")
    return cells


def main() -> None:
    """Print one Markdown table per SNR."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/index.csv"))
    parser.add_argument("--classes", default="siren,dog_bark")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--snr", type=float, nargs="+", default=[10.0, 0.0])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    bench = Bench(load_encoder(threads=2), parse_classes(arguments.classes), Config(), is_validation)
    experiment = StreamExperiment(
        data=arguments.data,
        folds=(1, 2, 3),
        n_streams=arguments.streams,
        snrs_db=tuple(arguments.snr),
        methods=(),
        seed=arguments.seed,
        distractors=1,
        out=None,
    )
    tried = candidates()
    corpus = read_data(experiment.data)
    streams = [
        stream for snr_db in arguments.snr for stream in prepare_streams(corpus, experiment, bench, snr_db)
    ]
    store = EmbeddingStore(bench.encoder, kept_file())
    heard = list(listen_to(streams, store, bench.classes, bench.config, tried))
    print("| candidate | " + " | ".join(f"{allowed:g}/h" for allowed in ALLOWED_PER_HOUR) + " |")
    print("|---|" + "---|" * len(ALLOWED_PER_HOUR))
    for name, changes in tried.items():
        cells = best([one for one in heard if one.method == name], bench, changes)
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
