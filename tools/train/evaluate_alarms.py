"""Play alarms and sirens made by code, and what may be taken for one, to the program; count what it tells.

    python -m tools.train.evaluate_alarms  # the box, backgrounds of folds 4 and 6
    python -m tools.train.evaluate_alarms --models DIR --folds 1,2,3  # for choosing: validation

Each sound of `alarm_sounds.py` lasts 16 s after 5 s without it, clean or in a background recording. An alarm
is found when an event of an alarm class begins in that time, a siren when one of `siren` does; of the other
sounds any such event is a false alarm. The SNR is that of the loudest tenth of a second to the background's
mean power, so that pauses do not count. Intervals are Wilson's for 95 %, over files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from tqdm import tqdm

from monitor.evaluation.metrics.event_metrics import wilson
from tools.train import alarm_sounds
from tools.train.alarm_sounds import ALARMS, LENGTH_S, OTHERS, RATE, SIRENS, Samples
from tools.train.corpus import REPORT_FOLD, UNSEEN_FOLD, Clip, is_validation, read_clip, read_index

CLASSES = (
    "siren,fire_smoke_alarm,carbon_monoxide_alarm,dog_bark,baby_cry,glass_break,door_knock,doorbell,car_horn,"
    "scream"
)
ALARM_CLASSES = frozenset({"fire_smoke_alarm", "carbon_monoxide_alarm"})
SIREN = frozenset({"siren"})
BEFORE_S, AFTER_S = 5.0, 3.0
EARLY_S = 1.0
"""An onset may lie so much before the sound: a window is 2 s long."""
CLEAN = float("inf")
_TOGETHER = 12
"""Files that one process listens to."""


@dataclass(frozen=True)
class Told:
    """What the program said of one file."""

    kind: str
    variant: int
    snr_db: float
    classes: tuple[str, ...]
    """Of the events that began while the sound lasted, alarms or not."""


def backgrounds(data: Path, folds: Sequence[int]) -> list[Clip]:
    """List the recordings to mix in: of the folds to report all, of others those that nothing learns from."""
    reported = {REPORT_FOLD, UNSEEN_FOLD}
    return [
        clip
        for clip in read_index(data)
        if clip.kind == "background"
        and clip.fold in folds
        and clip.rms_db > -55.0
        and (clip.fold in reported or is_validation(clip.group))
    ]


def scene(kind: str, variant: int, snr_db: float, bed: Samples) -> Samples:
    """Put a sound after a while without it, into a background if there is to be one: (n,), peak .5."""
    lead, tail = round(BEFORE_S * RATE), round(AFTER_S * RATE)
    sound = np.pad(alarm_sounds.make(kind, variant), (lead, tail))
    if snr_db != CLEAN:
        noise = np.resize(bed, len(sound))
        ratio = 10 ** (-snr_db / 20) * 0.1 / (np.sqrt(np.mean(np.square(noise))) + 1e-9)
        sound = sound + noise * np.float32(ratio)
    return np.asarray(sound * (0.5 / np.abs(sound).max()), np.float32)


def onsets(files: Sequence[Path], classes: str, models: Path) -> list[tuple[str, ...]]:
    """Let the program hear files; return the classes of the events that each sound began."""
    sources = [argument for file in files for argument in ("--source", str(file))]
    command = [sys.executable, "-m", "monitor", "run", *sources, "--fast", "--headless", "--json"]
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "MONITOR_MODELS": str(models), "XDG_STATE_HOME": state}
        found = subprocess.run(
            [*command, "--classes", classes, "--bind", f"ipc://{state}/bus"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if found.returncode:
        raise SystemExit(f"monitor run ended with {found.returncode}: {found.stderr[-500:]}")
    heard: dict[str, list[str]] = {file.name: [] for file in files}
    for line in found.stdout.splitlines():
        event = json.loads(line)
        if event["type"] == "onset" and _is_of_the_sound(event["onset_position_s"]):
            heard[event["source_name"]].append(event["class"])
    return [tuple(heard[file.name]) for file in files]


def _is_of_the_sound(onset_s: float) -> bool:
    return BEFORE_S - EARLY_S <= onset_s <= BEFORE_S + LENGTH_S


def listen(args: argparse.Namespace) -> Iterator[Told]:
    """Play everything."""
    beds = backgrounds(args.data, args.folds)
    if not beds:
        raise SystemExit(f"{args.data} has no background of folds {args.folds}; valid: 1 to 4, 6")
    jobs = [
        (kind, variant, snr_db)
        for kind in (*ALARMS, *SIRENS, *OTHERS)
        for snr_db in (CLEAN, *args.snr)
        for variant in range(args.variants)
    ]
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(beds), size=len(jobs))
    with tempfile.TemporaryDirectory() as folder:
        for at in tqdm(range(0, len(jobs), _TOGETHER), desc="listen", unit="run"):
            files = []
            for number, (kind, variant, snr_db) in enumerate(jobs[at : at + _TOGETHER], start=at):
                bed = read_clip(args.data / beds[drawn[number]].path, RATE)
                files.append(Path(folder) / f"{number}.wav")
                sf.write(files[-1], scene(kind, variant, snr_db, bed), RATE)
            told = onsets(files, args.classes, args.models.resolve())
            for job, classes in zip(jobs[at : at + _TOGETHER], told, strict=True):
                yield Told(*job, classes)
            for file in files:
                file.unlink()


def table(told: Sequence[Told], kinds: Sequence[str], classes: frozenset[str]) -> str:
    """Write how many of the files of each kind gave an event of one of the classes, at each SNR."""
    snrs = sorted({one.snr_db for one in told}, reverse=True)
    lines = ["| sound | " + " | ".join("clean" if s == CLEAN else f"{s:g} dB" for s in snrs) + " |"]
    lines.append("| --- |" + " --- |" * len(snrs))
    for name, of_name in {**{kind: [kind] for kind in kinds}, "all": kinds}.items():
        cells = []
        for snr_db in snrs:
            of = [one for one in told if one.snr_db == snr_db and one.kind in of_name]
            hits = sum(not classes.isdisjoint(one.classes) for one in of)
            share = wilson(hits, len(of))
            cells.append(f"{hits}/{len(of)} [{share.low:.2f}, {share.high:.2f}]")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the manifest")
    parser.add_argument("--folds", type=_numbers, default=(REPORT_FOLD, UNSEEN_FOLD), help="of backgrounds")
    parser.add_argument("--snr", type=float, nargs="*", default=[10.0, 0.0], help="dB, beside clean")
    parser.add_argument("--variants", type=int, default=12, help="of each sound")
    parser.add_argument("--classes", default=CLASSES, help="as for monitor run")
    parser.add_argument("--out", type=Path, help="file for what was told of each sound, JSON")
    args = parser.parse_args()
    told = list(listen(args))
    if args.out:
        args.out.write_text(json.dumps([asdict(one) for one in told], indent=1))
    print("Alarms found:\n\n" + table(told, tuple(ALARMS), ALARM_CLASSES))
    print("\nThe same, by fire_smoke_alarm alone:\n")
    print(table(told, tuple(ALARMS), frozenset({"fire_smoke_alarm"})))
    print("\nSirens found:\n\n" + table(told, tuple(SIRENS), SIREN))
    print("\nFalse alarms of other sounds:\n\n" + table(told, (*SIRENS, *OTHERS), ALARM_CLASSES))
    print("\nOther sounds taken for a siren:\n\n" + table(told, (*ALARMS, *OTHERS), SIREN))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
