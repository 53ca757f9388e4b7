"""What else there is to hear: what every listed class is weighed against, unless a user names others."""

from __future__ import annotations

DISTRACTORS = (
    "speech", "people talking", "crowd", "children playing", "music", "singing", "laughter", "cough",
    "footsteps", "door slam", "dishes", "typing on a keyboard", "click", "knocking", "clapping",
    "wind", "rain", "thunder", "water running", "sea waves", "stream", "traffic", "car passing by",
    "engine", "truck", "motorcycle", "train", "airplane", "helicopter", "drill", "hammering", "saw",
    "vacuum cleaner", "fan", "air conditioner", "hum", "white noise", "static", "bird song", "crow",
    "rooster", "cat", "cow", "sheep", "insects", "frog", "dog bark", "siren", "car horn", "bell",
    "alarm", "telephone ringing", "beep", "baby crying", "scream", "glass breaking", "gunshot",
    "fireworks", "explosion", "silence",
    "aircraft", "sneezing", "snoring", "clock ticking", "water dripping", "toilet flushing",
    "pouring water", "washing machine", "chainsaw", "hand saw", "jackhammer", "church bells", "coin",
    "keys", "zipper", "camera shutter", "lighter", "bicycle bell", "subway", "boat",
    "fire crackling", "owl", "goat", "horse", "pig", "hen", "lion", "wolf howl", "monkey", "whale",
    "crickets", "bees", "heavy machine", "helicopter rotor", "electric razor", "hair dryer",
    "microwave", "boiling", "chopping", "crumpling paper", "writing", "door creaking", "drawer",
    "shower", "brushing teeth", "drinking", "breathing", "heartbeat", "whistle", "yelling", "choir",
    "guitar", "piano", "drum", "violin", "flute", "electronic music", "radio", "television",
    "video game", "ship horn", "train horn", "steam", "hiss", "rattle", "squeak", "thump", "whoosh",
    "rustle", "splash", "squeal", "growl", "meow", "machine gun",
)  # fmt: skip
