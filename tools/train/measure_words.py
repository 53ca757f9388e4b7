"""Measure how well the program tells known words from others (`monitor/vocabulary`).

    python -m tools.train.measure_words                                  # the model in the box
    python -m tools.train.measure_words --model ./FOLDER --wrong  # any other; what is judged wrongly, too

Of each list of `word_trials.toml` and `paraphrases.toml` the 1st, 3rd, 5th ... item was for choosing, the
2nd, 4th ... is for reporting. Words of the program's own list of sounds are left out: it knows them by rote.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from monitor.config.settings import ModelConfig
from monitor.encoders import count_pieces, load
from monitor.scoring.prototypes import embed_phrases
from monitor.vocabulary.judge import Judge, Verdict

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class WordList:
    """Words that are to be judged alike."""

    name: str
    words: tuple[str, ...]
    known: bool
    """What they should be held for."""
    meant: tuple[str, ...] = ()
    """Of misspelt ones: what each was meant as."""


def read_lists(reported: bool, folder: Path = FOLDER) -> list[WordList]:
    """Read one half of all lists."""
    lists = {
        name: _items(text)[int(reported) :: 2]
        for name, text in tomllib.loads((folder / "word_trials.toml").read_text()).items()
    }
    typed, meant = zip(*(item.split(" = ") for item in lists["misspelt"]), strict=True)
    phrases = tomllib.loads((folder / "paraphrases.toml").read_text()).values()
    return [
        WordList("sounds, as people type them", lists["sounds"], True),
        WordList(
            "sounds, described", tuple(one for some in phrases for one in some[int(reported) :: 2]), True
        ),
        WordList("words that name no sound", lists["soundless"], False),
        WordList("nonsense", lists["nonsense"], False),
        WordList("sounds, misspelt", typed, False, meant),
        WordList("sounds, in other languages", lists["foreign"], False),
    ]


def _items(text: str) -> tuple[str, ...]:
    return tuple(" ".join(item.split()) for item in text.split(",") if item.strip())


def unlisted(words: WordList, judge: Judge) -> WordList:
    """Leave out what the list of sounds has."""
    places = [place for place, word in enumerate(words.words) if not judge.is_listed(word)]
    meant = tuple(words.meant[place] for place in places) if words.meant else ()
    return WordList(words.name, tuple(words.words[place] for place in places), words.known, meant)


def row(words: WordList, verdicts: Sequence[Verdict]) -> str:
    """Return one line of the table."""
    known = float(np.mean([bool(one.known) for one in verdicts]))
    right = [one.meant == meant for one, meant in zip(verdicts, words.meant, strict=False)]
    shares = (
        known,
        1.0 - known if words.known else known,
        np.mean([one.why == "misspelt" for one in verdicts]),
    )
    cells = (words.name, len(verdicts), *(f"{100 * share:.0f} %" for share in shares))
    return "| " + " | ".join(map(str, cells)) + f" | {f'{100 * np.mean(right):.0f} %' if right else ''} |"


def main() -> None:
    """Print the tables of both halves."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--wrong", action="store_true", help="list what is judged wrongly of the first half")
    args = parser.parse_args()
    config = ModelConfig(name=args.model)
    encoder = load(config)
    judge = Judge(partial(embed_phrases, encoder.embed_text, encoder.info.templates), count_pieces(config))
    wrong = f"{100 * judge.reach.error:.0f} % of the own lists are wrong, each word judged by the others"
    print(f"{encoder.info.identity}: {wrong}")
    for reported in (False, True):
        print(f"\n{'reported' if reported else 'chosen on'}:\n")
        print("| words | n | known | wrong | held for misspelt | put right |")
        print("| --- | --- | --- | --- | --- | --- |")
        for words in read_lists(reported):
            part = unlisted(words, judge)
            verdicts = judge.judge(part.words)
            print(row(part, verdicts))
            if args.wrong and not reported:
                missed = [one for one in verdicts if bool(one.known) != part.known]
                print("   ", [(one.wording, one.why, one.meant) for one in missed])


if __name__ == "__main__":
    main()
