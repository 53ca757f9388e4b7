"""Where the text tower's phrases are to lie."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.tools.load import load_tool

train_text = load_tool("tools.train.train_text")
word_examples = load_tool("tools.train.word_examples")


def embed(texts: list[str]) -> NDArray[np.float32]:
    """Place each text at random, the same text at the same point; `lorry ...` beside `truck ...`."""
    points = []
    for text in texts:
        rng = np.random.default_rng(zlib.crc32(text.replace("lorry", "truck").encode()))
        own = np.random.default_rng(zlib.crc32(text.encode())).normal(size=64)
        points.append(rng.normal(size=64) + 0.3 * own)
    return np.asarray([point / np.linalg.norm(point) for point in points], np.float32)


def curriculum() -> Any:
    entry = word_examples.Entry("truck backing up", "truck", (("reversing beeps",),))
    example = word_examples.Example("truck backing up", (("reversing beeps", 1.0),))
    composed = ["lorry backing up", "wholly unrelated", "reversing beeps"]
    return train_text.Curriculum([entry], [example], composed, ["reversing beeps"])


def cosine(row: NDArray[np.float32], text: str) -> float:
    return float(row @ embed([text])[0])


def test_a_lesson_lies_between_its_words_and_its_sound() -> None:
    example = train_text.make_targets(embed, curriculum())[0]
    assert cosine(example, "truck backing up") > 0.6
    assert cosine(example, "reversing beeps") > 0.6


def test_a_phrase_near_an_entry_goes_where_the_entry_goes() -> None:
    near = train_text.make_targets(embed, curriculum())[1]
    assert cosine(near, "reversing beeps") > 0.5


def test_names_and_phrases_of_other_things_stay_where_the_teacher_has_them() -> None:
    _, _, other, name = train_text.make_targets(embed, curriculum())
    assert cosine(other, "wholly unrelated") > 0.999
    assert cosine(name, "reversing beeps") > 0.999


def test_all_targets_have_unit_norm() -> None:
    targets = train_text.make_targets(embed, curriculum())
    np.testing.assert_allclose(np.linalg.norm(targets, axis=1), 1, atol=1e-5)
