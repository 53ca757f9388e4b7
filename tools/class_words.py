"""The class words in many wordings, as points of the joint space."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from corpus import words
from joint_space import JointSpace, TextTeacher
from phrases import PROMPTS
from tokenizers import Tokenizer
from torch import Tensor
from towers import TextTower
from train_text import encode

SYNONYMS = {
    "siren": (
        "ambulance siren",
        "police siren",
        "fire engine siren",
        "ambulance passing",
        "emergency vehicle",
    ),
    "civil_defense_siren": ("air raid siren", "tornado siren"),
    "alarm_siren": ("alarm", "emergency alarm"),
    "dog_bark": ("dog barking", "dogs barking", "a dog", "puppy yapping"),
    "fire_smoke_alarm": ("smoke alarm", "fire alarm", "smoke detector beeping", "smoke alarm beeping"),
    "alarm_clock": ("alarm clock ringing", "alarm clock beeping", "wake up alarm"),
    "baby_cry": ("baby crying", "infant crying", "crying baby"),
    "glass_break": ("glass breaking", "glass shattering", "broken glass", "window smashing"),
    "door_knock": ("knocking on a door", "someone knocking at the door", "knock", "door knocking"),
    "doorbell": ("door bell", "doorbell ringing", "ding dong"),
    "car_horn": ("car honking", "vehicle horn", "honking", "beeping car horn"),
    "gunshot": ("gun shot", "gunfire", "gun shooting"),
    "scream": ("screaming", "someone screaming"),
    "speech_shout": ("shouting", "someone shouting", "yelling"),
    "telephone_ring": ("telephone ringing", "phone ringing"),
    "ringtone": ("mobile phone ringing", "phone ringtone"),
    "speech": ("people talking", "a person speaking", "conversation"),
    "children_playing": ("kids playing", "children shouting and playing"),
    "keyboard_typing": ("typing on a keyboard", "computer keyboard"),
    "footsteps": ("someone walking", "walking footsteps"),
    "water_running": ("running water", "water tap", "faucet"),
    "vacuum_cleaner": ("vacuum cleaning", "hoover"),
    "engine": ("engine idling", "motor running"),
    "cat_meow": ("cat meowing", "a cat"),
    "cough": ("coughing", "someone coughing"),
    "bird_chirp": ("birds chirping", "bird song"),
}
"""Other words for the classes that matter most."""


class ClassTexts:
    """Text embeddings of the classes, in many wordings."""

    def __init__(self, classes: list[str], args: argparse.Namespace, left_out: Collection[int]) -> None:
        self._far = torch.zeros(len(classes), 1)  # a word left out is no wrong answer either
        self._far[list(left_out)] = 1.0
        wordings = [[words(name), *SYNONYMS.get(name, ())] for name in classes]
        prompts = [[prompt.format(item) for item in items for prompt in PROMPTS] for items in wordings]
        # the plain class word is drawn half of the time
        self._odds = [
            np.repeat(
                [0.5, *[0.5 / (len(items) - 1)] * (len(items) - 1)] if len(items) > 1 else [1.0], len(PROMPTS)
            )
            for items in wordings
        ]
        flat = embed_texts([text for texts in prompts for text in texts], args)
        sizes = [len(texts) for texts in prompts]
        self._embeddings = list(torch.split(flat, sizes))

    def draw(self, rng: np.random.Generator) -> Tensor:
        """Draw one wording for each class: (n_classes, d)."""
        picks = [int(rng.choice(len(odds), p=odds / odds.sum())) for odds in self._odds]
        drawn = torch.stack([items[pick] for items, pick in zip(self._embeddings, picks, strict=True)])
        return drawn * (1 - self._far)


def embed_texts(texts: list[str], args: argparse.Namespace) -> Tensor:
    """Embed texts by our text tower or, while it is not trained, by its teacher: (n, d), joint space."""
    if args.texts == "minilm":
        space = JointSpace.load(args.work / "space.npz")
        return torch.from_numpy(space.project(TextTeacher(args.minilm).embed(texts)))
    tower = load_text_tower(args.work)
    ids, mask = encode(Tokenizer.from_file(str(args.work / "tokenizer.json")), texts)
    with torch.inference_mode():
        parts = [tower(ids[at : at + 256], mask[at : at + 256]) for at in range(0, len(texts), 256)]
    return torch.cat(parts).clone()


def load_text_tower(work: Path) -> TextTower:
    """Load the trained text tower from the work folder."""
    state = torch.load(work / "text.pt", weights_only=True)["tower"]
    tower = TextTower(state["out.weight"].shape[0], len(state["tokens.weight"]))
    tower.load_state_dict(state)
    return tower.eval()
