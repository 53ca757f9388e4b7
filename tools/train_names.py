"""Teach a trained audio tower the class words, by its last layer alone.

The network is not touched: what it says of many mixtures is noted once, and how much each AudioSet name
weighs is learnt from the notes, within minutes. So a class can be left out, to see how words fare that no
label taught:

    python tools/train_names.py --work DIR --leave-out cat_meow cow --to DIR/audio_without.pt
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from bank import Bank
from class_words import ClassTexts, embed_texts
from corpus import load_audio, read_index, words
from joint_space import audioset_names
from lessons import Naming
from mixing import Batch, Mixer
from probe import PROBE_PROMPT, make_probe, measure
from torch import Tensor, nn
from towers import AudioTower, log_mel
from tqdm import tqdm
from train_audio import LABEL_DECAY

NOTE_BATCH = 256
BATCH = 512
STEPS = 3_000
PEAK_RATE = 6e-3


@dataclass(frozen=True)
class Notes:
    """What a trained tower says of mixtures."""

    hidden: Tensor
    """float16 (n, 512)."""
    items: Tensor
    """int64 (n, 2)."""
    shares: Tensor
    """float32 (n, 2)."""

    def without(self, bank: Bank, left_out: Collection[int]) -> Notes:
        """Leave out every mixture with a class that is left out."""
        told = bank.classes[self.items.flatten()].reshape(len(self.items), -1)
        kept = ~torch.isin(told.long(), torch.tensor(list(left_out), dtype=torch.int64)).any(dim=1)
        return Notes(self.hidden[kept], self.items[kept], self.shares[kept])


def take_notes(tower: AudioTower, bank: Bank, trunk: Path, count: int, seed: int) -> Notes:
    """Hear `count` mixtures, or read what was noted of the same tower before."""
    count -= count % NOTE_BATCH
    digest = hashlib.sha256(trunk.read_bytes()).hexdigest()
    path = trunk.with_name("notes.pt")
    if path.exists():
        stored = torch.load(path, weights_only=True)
        if stored.pop("trunk") == digest and len(stored["items"]) == count:
            return Notes(**stored)
    mixer, parts = Mixer(bank, seed), []
    tower.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for _ in tqdm(range(count // NOTE_BATCH), desc="notes"):
            batch = mixer.draw(NOTE_BATCH)
            parts.append((tower(log_mel(batch.power))[0].half(), batch.items, batch.shares))
    hidden, items, shares = (torch.cat(part).clone() for part in zip(*parts, strict=True))
    torch.save({"trunk": digest, "hidden": hidden, "items": items, "shares": shares}, path)
    return Notes(hidden, items, shares)


def learn(tower: AudioTower, notes: Notes, naming: Naming, seed: int) -> None:
    """Fit what labels teach, from where an untaught tower starts."""
    fresh = AudioTower(tower.names).naming()
    taught = tower.naming()
    with torch.no_grad():
        for name, one in taught.items():
            one.copy_(fresh[name])
    groups = [
        {"params": [one], "weight_decay": LABEL_DECAY if name == "correction.weight" else 0.0}
        for name, one in taught.items()
    ]
    optimizer = torch.optim.AdamW(groups, lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS, eta_min=PEAK_RATE / 50)
    rng = np.random.default_rng(seed)
    for _ in tqdm(range(STEPS), desc="names"):
        drawn = torch.from_numpy(rng.integers(0, len(notes.items), BATCH))
        hidden = notes.hidden[drawn].float()
        with torch.no_grad():
            evidence = tower.evidence(hidden)
        batch = Batch(torch.empty(0), notes.items[drawn], notes.shares[drawn])
        loss = naming.loss(tower.odds, tower.place(hidden, evidence), batch, rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(taught.values(), 5.0)
        optimizer.step()
        schedule.step()


def train(args: argparse.Namespace) -> None:
    """Teach the words and store the tower; print its accuracy on validation before and after."""
    trunk: Path = args.work / "audio_trunk.pt"
    state = torch.load(trunk, weights_only=True)
    tower = AudioTower(state["names"])
    tower.load_state_dict(state)
    clips = read_index(args.data)
    bank = Bank.load(args.work / "bank")
    bank.drop_unheard(audioset_names(args.teacher))
    left_out = [bank.names.index(name) for name in args.leave_out]
    probe = make_probe(clips, load_audio(args.data, args.work))
    texts = embed_texts([PROBE_PROMPT.format(words(name)) for name in probe.classes], args)
    unseen = {name for name in probe.classes if name not in bank.names or name in args.leave_out}
    before = measure(tower, probe, texts, unseen)
    notes = take_notes(tower, bank, trunk, args.notes, args.seed + 1).without(bank, left_out)
    learn(tower, notes, Naming(bank, ClassTexts(bank.names, args, left_out), tower.names), args.seed)
    after = measure(tower, probe, texts, unseen)
    for label, scores in (("with the network", before), ("on its own", after)):
        shown = " ".join(f"{score:.3f}" for score in scores)
        print(f"names taught {label}: clean, 10 dB, 0 dB, clean macro, unseen: {shown}")
    torch.save(tower.state_dict(), args.to or args.work / "audio_final.pt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this stage that the earlier ones have not added."""
    parser.add_argument(
        "--notes", type=int, default=196_608, help="mixtures to hear before the words are learnt"
    )
    parser.add_argument("--to", type=Path, help="where to store the tower (default WORK/audio_final.pt)")


def main() -> None:
    """Run this stage alone."""
    import train_audio
    import train_text

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    train_text.add_arguments(parser)
    train_audio.add_arguments(parser)
    add_arguments(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args)


if __name__ == "__main__":
    main()
