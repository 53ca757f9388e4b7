"""Train the small network that takes a room out of an embedding, for any model the program knows.

    python tools/train_room.py --model embedded --work DIR
    python tools/train_room.py --model clap --work DIR --mixtures 16000 --install

It learns from mixtures of training recordings (`tools/rooms.py`): given the embedding of a sound in a room,
and the mean embedding of other windows of that room, to say what the sound alone would be, in cosine and in
what it means to the words of `prompts.distractors`. In some lessons the room is another one, or unknown, so
that a wrong room does little harm. Nothing in a run is chosen by the validation figures that it prints.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from graphs import digest, open_session, pin_part, store_as_half
from rooms import TRIAL_SNRS_DB, Floats, Lessons, Trial, embed_words, kept_lessons, make_trial, project_off
from torch import Tensor, nn
from torch.nn import functional

from monitor import load_encoder
from monitor.config import PromptConfig
from monitor.encoders import Encoder
from monitor.encoders.store import MODEL_FILE, ModelFile, StoredModel, find_model, write_entry

OPSET = 18
HIDDEN = 256
DROPOUT = 0.5
EPOCHS = 8
BATCH = 512
RATE = 2e-3
DECAY = 1e-2
WORDS_SHARE = 0.5
"""Of the loss: the divergence over words; the rest is the cosine."""
TEMPERATURE = 0.1
"""Of the softmax over words."""
WRONG_SHARE, UNKNOWN_SHARE = 0.2, 0.1
"""Of the lessons, whose room is another one's, or zeros."""
SPREAD = 16.0
"""Brings the values of a unit vector of some hundred dimensions near 1."""

Clear = Callable[[Floats, Floats], Floats]


class RoomNetwork(nn.Module):
    """Embedding and room, (n, d) each -> the embedding without the room.

    Before it has learnt anything, that is the embedding less its share in the direction of the room.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Linear(3 * dim + 1, HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
        )
        self.outer = nn.Linear(HIDDEN, dim)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, embedding: Tensor, room: Tensor) -> Tensor:
        """Return (n, d), unit norm."""
        direction = functional.normalize(room, dim=1)
        share = (embedding * direction).sum(dim=1, keepdim=True)
        rest = embedding - share * direction
        parts = [SPREAD * embedding, SPREAD * room, SPREAD * rest, share]
        return functional.normalize(rest + self.outer(self.inner(torch.cat(parts, dim=1))), dim=1)


@dataclass(frozen=True)
class Line:
    """Top-1 on validation of one way to listen, in percent, at each of TRIAL_SNRS_DB."""

    way: str
    top1: list[float]

    def __str__(self) -> str:
        return f"{self.way:13s} " + " ".join(f"{value:5.1f}" for value in self.top1)


def train(lessons: Lessons, words: Floats, trial: Trial, seed: int = 0, epochs: int = EPOCHS) -> RoomNetwork:
    """Train a network, and print after each epoch what it does on validation."""
    torch.manual_seed(seed)
    network = RoomNetwork(words.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    steps = epochs * -(-len(lessons.heard) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    rows = [torch.from_numpy(array) for array in (lessons.heard, lessons.rooms, lessons.clean)]
    for epoch in range(epochs):
        network.train()
        for picked in torch.split(torch.randperm(len(lessons.heard)), BATCH):
            heard, rooms, clean = (array[picked] for array in rows)
            loss = miss(network(heard, mislead(rooms)), clean, torch.from_numpy(words))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {epochs}")
        print("\n".join(map(str, judge(trial, as_function(network)))), flush=True)
    return network.eval()


def mislead(rooms: Tensor) -> Tensor:
    """Replace some rooms (n, d) by those of other lessons, and some by zeros."""
    fate = torch.rand(len(rooms), 1)
    others = rooms[torch.randperm(len(rooms))]
    known = torch.where(fate < WRONG_SHARE, others, rooms)
    return torch.where(fate > 1 - UNKNOWN_SHARE, torch.zeros_like(rooms), known)


def miss(found: Tensor, clean: Tensor, words: Tensor) -> Tensor:
    """Return how far points (n, d) are from the clean ones, in themselves and to words (k, d)."""
    by_words = functional.kl_div(
        functional.log_softmax(found @ words.T / TEMPERATURE, dim=1),
        functional.log_softmax(clean @ words.T / TEMPERATURE, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    by_point = 1 - (found * clean).sum(dim=1).mean()
    return WORDS_SHARE * by_words + (1 - WORDS_SHARE) * by_point


def judge(trial: Trial, clear: Clear) -> list[Line]:
    """Compare ways to listen on the validation mixtures."""
    wrong = np.roll(trial.rooms, len(trial.rooms) // 2, axis=0)
    ways: dict[str, Callable[[Floats], Floats]] = {
        "zero-shot": lambda heard: heard,
        "auto": lambda heard: project_off(heard, trial.rooms),
        "learned": lambda heard: clear(heard, trial.rooms),
        "wrong room": lambda heard: clear(heard, wrong),
        "unknown room": lambda heard: clear(heard, np.zeros_like(trial.rooms)),
    }
    return [Line(way, [trial.top1(hear(heard)) for heard in trial.heard]) for way, hear in ways.items()]


def as_function(network: RoomNetwork) -> Clear:
    """Return a network as a function of arrays, without dropout."""

    def clear(embeddings: Floats, rooms: Floats) -> Floats:
        network.eval()
        with torch.inference_mode():
            found = network(torch.from_numpy(embeddings), torch.from_numpy(rooms))
        return np.asarray(found.numpy())

    return clear


def export_room(network: RoomNetwork, path: Path, trial: Trial) -> Clear:
    """Write embedding, room (n, d) -> cleared (n, d), stored as float16; return the graph as a function.

    Raises
    ------
    SystemExit
        The graph differs from the network.
    """
    sample = torch.from_numpy(trial.heard[-1]), torch.from_numpy(trial.rooms)
    torch.onnx.export(
        network.eval(),
        sample,
        str(path),
        input_names=["embedding", "room"],
        output_names=["cleared"],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("n")}, {0: torch.export.Dim("n")}),
        external_data=False,
    )
    store_as_half(path)
    session = open_session(path)

    def clear(embeddings: Floats, rooms: Floats) -> Floats:
        return np.asarray(session.run(["cleared"], {"embedding": embeddings, "room": rooms})[0])

    wanted = as_function(network)(trial.heard[-1], trial.rooms)
    least = float((clear(trial.heard[-1], trial.rooms) * wanted).sum(axis=1).min())
    if least < 0.999:
        raise SystemExit(f"room.onnx differs from torch: least cosine {least:.5f}, legal >= 0.999")
    print(f"room.onnx: {path.stat().st_size / 1e6:.2f} MB, least cosine to torch {least:.6f}")
    return clear


def install(path: Path, model: StoredModel) -> None:
    """Put a network beside the other files of a model, and pin it in the model's entry."""
    place = model.folder / Path(model.entry.audio.file).with_name("room.onnx")
    place.write_bytes(path.read_bytes())
    pinned = ModelFile(place.relative_to(model.folder).as_posix(), digest(place))
    if (model.folder / MODEL_FILE).exists():
        write_entry(msgspec.structs.replace(model.entry, room=pinned), model.folder)
    else:
        pin_part(model.folder / "manifest.toml", model.name, "room", pinned)
    print(f"{place} is pinned in the entry of {model.name!r}")


def make_room(encoder: Encoder, args: argparse.Namespace) -> None:
    """Mix, train, export and, where asked, install; what the card says of it goes to `room.json`."""
    args.work.mkdir(parents=True, exist_ok=True)
    file = args.work / f"room_{encoder.identity}_{args.mixtures}_{args.seed}.npz"
    lessons = kept_lessons(file, encoder, args.data, args.mixtures, args.seed)
    trial = make_trial(encoder, args.data, args.work / "room_trial.sqlite3")
    network = train(lessons, embed_words(encoder, PromptConfig().distractors), trial, args.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "room.onnx"
        clear = export_room(network, path, trial)
        table = as_table(judge(trial, clear), trial)
        facts = {
            "megabytes": path.stat().st_size / 1e6,
            "parameters": sum(weight.numel() for weight in network.parameters()),
            "time": f"{median_ms(clear, trial):.2f} ms for one window",
            "mixtures": len(lessons.heard),
            "table": table,
        }
        if args.install:
            install(path, find_model(encoder.name))
    print(table)
    (args.work / "room.json").write_text(json.dumps(facts, indent=1))


def median_ms(clear: Clear, trial: Trial) -> float:
    """Time one embedding: the median of 200, in ms."""
    one = trial.heard[-1, :1], trial.rooms[:1]
    return 1e3 * float(np.median(timeit.repeat(lambda: clear(*one), number=1, repeat=200)))


def as_table(lines: list[Line], trial: Trial) -> str:
    """Draw the figures in Markdown."""
    head = ["top-1, %", *("clean" if np.isinf(snr) else f"{snr:g} dB" for snr in TRIAL_SNRS_DB)]
    rows = [head, ["---"] * len(head), *([line.way, *(f"{v:.1f}" for v in line.top1)] for line in lines)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    clips, classes = len(trial.truth), len(trial.words)
    return f"{table}\n\n{clips} validation clips of {trial.groups} recordings, {classes} classes."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this stage."""
    parser.add_argument("--mixtures", type=int, default=64_000, help="from which the room network learns")


def main() -> None:
    """Run this stage alone."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with index.csv")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for what is heard, kept between runs"
    )
    parser.add_argument("--model", default="embedded", help="a name of `monitor models list`")
    parser.add_argument("--install", action="store_true", help="put room.onnx beside the model and pin it")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    make_room(load_encoder(args.model), args)


if __name__ == "__main__":
    main()
