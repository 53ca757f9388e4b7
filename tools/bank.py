"""The bank: windows of clean sound in endless variation, and what the audio teacher hears in each.

Every window is made as a waveform, from the training clips (faster or slower, any crop), from two of them
together, or by code; so the teacher answers for just what the student is shown. Noise is added later.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soxr
import torch
from corpus import SAMPLE_RATE, WINDOW_LEN, Audio, Clip, load_audio
from numpy.typing import NDArray
from synthetic import HEARD_AS, MAKERS, sketch
from teacher import RATE, Teacher
from torch import Tensor
from towers import MelPower
from tqdm import tqdm

CHUNK = 64
PART_LEN = 8192
"""Windows in one file."""
LOWEST = 1e-10
"""Mel power under which nothing is kept."""
FAINT_DB = -65.0
"""Fainter clips are not used."""
ACTIVE_DB = 25.0
"""A 20 ms step is active when it is this close to the loudest of its clip."""
STEP_LEN = SAMPLE_RATE // 50
KINDS = ("event", "background", "tonal", "made", "sketch", "pair")
SHARES = (0.50, 0.13, 0.12, 0.09, 0.05, 0.11)
"""How much of the bank is of each kind; `made` has a class, `sketch` has none, `pair` is two clips mixed."""

URGENT = frozenset(
    """
    siren dog_bark fire_smoke_alarm alarm_clock baby_cry glass_break door_knock doorbell car_horn
    gunshot scream telephone_ring ringtone car_alarm alarm_siren civil_defense_siren buzzer speech_shout
    """.split()  # noqa: SIM905
)
"""Classes that people rely on; drawn twice as often."""
CONFUSABLE = frozenset(
    """
    speech music street_music children_playing bird_chirp engine drilling wind train_horn chime
    morse_code
    """.split()  # noqa: SIM905
)
"""Classes that are taken for urgent ones; drawn half as often again."""


def class_weights(clips: list[Clip]) -> NDArray[np.float64]:
    """Weigh clips for sampling: classes by the root of their size, recordings by the root of theirs."""
    groups: dict[str, int] = {}
    for clip in clips:
        groups[clip.group] = groups.get(clip.group, 0) + 1
    weight = np.array([groups[clip.group] ** -0.5 for clip in clips])
    names = np.array([clip.canonical for clip in clips])
    for name in np.unique(names):
        boost = 2.0 if name in URGENT else 1.5 if name in CONFUSABLE else 1.0
        weight[names == name] *= boost / np.sqrt(weight[names == name].sum())
    return np.asarray(weight / weight.sum())


@dataclass(frozen=True)
class Bank:
    """The windows, in no order."""

    power: Tensor
    """float16 (n, frames, N_MELS): log10 of mel power."""
    hidden: Tensor
    """float16 (n, 512): the teacher's last hidden layer."""
    logits: Tensor
    """float16 (n, 527): the teacher's answer."""
    classes: Tensor
    """int16 (n, 2): indices into `names` of the sounds in it; -1 where there is none."""
    shares: Tensor
    """float16 (n, 2): how much of the answer each is; they add up to one where there is a first."""
    kinds: Tensor
    """int8 (n,): index into KINDS."""
    names: list[str]
    """Class words."""

    @staticmethod
    def load(folder: Path) -> Bank:
        """Read all parts."""
        parts = [np.load(path) for path in sorted(folder.glob("part_*.npz"))]
        arrays = {
            key: torch.from_numpy(np.concatenate([part[key] for part in parts]))
            for key in ("power", "hidden", "logits", "classes", "shares", "kinds")
        }
        return Bank(**arrays, names=[str(name) for name in parts[0]["names"]])

    def prior(self) -> Tensor:
        """Average the teacher's logits: (527,)."""
        return self.logits.float().mean(dim=0)

    def drop_unheard(self, audioset: list[str], among: int = 10) -> int:
        """Take the class from made sounds that the teacher hears as something else; count them."""
        dropped = 0
        for name, names in HEARD_AS.items():
            if name not in self.names:
                continue
            made = (self.kinds == KINDS.index("made")) & (self.classes[:, 0] == self.names.index(name))
            items = torch.nonzero(made).flatten()
            best = (self.logits[items].float() - self.prior()).topk(among, dim=1).indices
            wanted = torch.tensor([audioset.index(one) for one in names])
            unheard = items[~torch.isin(best, wanted).any(dim=1)]
            self.classes[unheard, 0], self.shares[unheard, 0] = -1, 0.0
            dropped += len(unheard)
        return dropped


class _Drawer:
    """Draws clean windows as waveforms."""

    def __init__(self, clips: list[Clip], audio: Audio, names: list[str], seed: list[int]) -> None:
        self._audio, self.rng = audio, np.random.default_rng(seed)
        self._index = {name: at for at, name in enumerate(names)}
        usable = [clip for clip in clips if clip.rms_db > FAINT_DB]
        kinds = {"event": ("event",), "background": ("background",), "tonal": ("speech", "music")}
        self._pools = {key: [clip for clip in usable if clip.kind in of] for key, of in kinds.items()}
        self._weights = {key: class_weights(pool) for key, pool in self._pools.items()}
        self._makers = [name for name in MAKERS if name in self._index]

    def draw(self) -> tuple[NDArray[np.float32], tuple[int, int], float, int]:
        """Return a window (WINDOW_LEN,), its classes, the share of the first, and its kind."""
        kind = str(self.rng.choice(KINDS, p=SHARES))
        number = KINDS.index(kind)
        if kind == "sketch" or (kind == "made" and not self._makers):
            return self._level(sketch(self.rng)), (-1, -1), 0.0, number
        if kind == "made":
            name = str(self.rng.choice(self._makers))
            return self._level(self._place(MAKERS[name](self.rng))), (self._index[name], -1), 1.0, number
        if kind == "pair":
            (one, first), (two, second) = (
                self._clip(str(self.rng.choice(["event", "event", "background", "tonal"]))) for _ in range(2)
            )
            ratio_db = self.rng.uniform(-9, 9)
            share = 1 / (1 + 10 ** (-ratio_db / 10))
            mixed = self._level(one) + self._level(two) * 10 ** (-ratio_db / 20)
            return self._level(mixed), (first, second), share, number
        window, name = self._clip(kind)
        return self._level(window), (name, -1), 1.0 if name >= 0 else 0.0, number

    def _clip(self, kind: str) -> tuple[NDArray[np.float32], int]:
        pool = self._pools[kind]
        clip = pool[self.rng.choice(len(pool), p=self._weights[kind])]
        return self._place(self._audio.clip(clip.row)), self._index.get(clip.canonical, -1)

    def _place(self, samples: NDArray[np.floating]) -> NDArray[np.float32]:
        """Cut a window around an active step, slightly faster or slower; short sounds lie anywhere in it."""
        speed = float(np.exp(self.rng.uniform(-0.2, 0.2))) if self.rng.random() < 0.6 else 1.0
        need = int(WINDOW_LEN * speed)
        steps = np.pad(samples, (0, -len(samples) % STEP_LEN)).reshape(-1, STEP_LEN)
        power = np.square(steps, dtype=np.float64).mean(axis=1)
        active = np.flatnonzero(power >= power.max() / 10 ** (ACTIVE_DB / 10))
        start = int(self.rng.choice(active)) * STEP_LEN - int(self.rng.uniform(0.05, 0.9) * need)
        if len(samples) >= need and self.rng.random() < 0.75:
            start = min(max(start, 0), len(samples) - need)
        part = samples[max(0, start) : max(0, start + need)]
        part = np.pad(part, (max(0, -start), 0))
        part = np.pad(part, (0, need - len(part))).astype(np.float32)
        if need == WINDOW_LEN:
            return part
        return np.resize(soxr.resample(part, need, WINDOW_LEN, "LQ"), WINDOW_LEN).astype(np.float32)

    def _level(self, window: NDArray[np.floating]) -> NDArray[np.float32]:
        """Bring the loudest quarter second to some level."""
        power = np.square(window, dtype=np.float64).reshape(8, -1).mean(axis=1).max()
        gain = 10 ** (self.rng.uniform(-30, -14) / 20) / np.sqrt(power + 1e-12)
        return np.clip(window * min(gain, 1e4), -1, 1).astype(np.float32)


def class_names(clips: list[Clip]) -> list[str]:
    """List the class words of clips."""
    return sorted({clip.canonical for clip in clips if not clip.canonical.startswith("unlabelled")})


@dataclass(frozen=True)
class _Part:
    """One file of the bank to make."""

    path: Path
    data: Path
    work: Path
    teacher: Path
    clips: list[Clip]
    windows: int
    seed: list[int]


@torch.inference_mode()
def _make_part(part: _Part) -> int:
    torch.set_num_threads(1)
    names = class_names(part.clips)
    drawer = _Drawer(part.clips, load_audio(part.data, part.work), names, part.seed)
    teacher, front = Teacher(part.teacher), MelPower()
    chunks: list[dict[str, NDArray[np.generic]]] = []
    for _ in range(part.windows // CHUNK):
        windows, classes, shares, kinds = zip(*(drawer.draw() for _ in range(CHUNK)), strict=True)
        stack, second = np.stack(windows), np.array(classes)[:, 1] >= 0
        wide = soxr.resample(stack.T, SAMPLE_RATE, RATE, "MQ").T.astype(np.float32)
        with torch.autocast("cpu", torch.bfloat16):
            hidden, logits = teacher(torch.from_numpy(np.ascontiguousarray(wide)))
        chunks.append(
            {
                "power": front(torch.from_numpy(stack)).clamp(min=LOWEST).log10().half().numpy(),
                "hidden": hidden.half().numpy(),
                "logits": logits.half().numpy(),
                "classes": np.array(classes, np.int16),
                "shares": np.stack([shares, np.where(second, 1 - np.array(shares), 0)], axis=1).astype(
                    np.float16
                ),
                "kinds": np.array(kinds, np.int8),
            }
        )
    unfinished = part.path.with_suffix(".unfinished.npz")
    np.savez(
        unfinished,
        names=np.array(names),
        **{key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]},
    )
    unfinished.replace(part.path)
    return len(chunks) * CHUNK


def make(args: argparse.Namespace, folder: Path, clips: list[Clip], windows: int) -> None:
    """Make the parts that are not there yet, on all threads."""
    folder.mkdir(parents=True, exist_ok=True)
    load_audio(args.data, args.work)
    parts = [
        _Part(
            folder / f"part_{at:03d}.npz",
            args.data,
            args.work,
            args.teacher,
            clips,
            PART_LEN,
            [args.seed, at],
        )
        for at in range(-(-windows // PART_LEN))
    ]
    missing = [part for part in parts if not part.path.exists()]
    with (
        ProcessPoolExecutor(args.threads, get_context("spawn")) as pool,
        tqdm(total=len(missing) * PART_LEN, desc="bank", unit="window") as bar,
    ):
        for count in pool.map(_make_part, missing):
            bar.update(count)
