from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.encoders.embedding_cache import TextCache
from monitor.encoders.text_tower import PieceCounter, Texts, load_tokenizer
from monitor.errors import ModelError
from tests.encoders.engines import PitchEngine, pitch_model
from tests.encoders.tiny_models import tiny_model
from tests.export.tokens import make_tokenizer

PHRASES = [
    f"{word} number {number}" for word in ("siren", "dog bark", "a crying baby") for number in range(30)
]


def texts_of(engine: PitchEngine, cache: TextCache | None = None, **entry: object) -> Texts:
    return Texts(pitch_model(**entry), engine.open_text, cache)


def test_texts_of_one_length_go_together_and_nothing_is_padded() -> None:
    engine = PitchEngine()
    together = texts_of(engine).embed(PHRASES)
    assert len(engine.read) < len(PHRASES) / 4
    alone = np.concatenate([texts_of(PitchEngine()).embed([phrase]) for phrase in PHRASES])
    assert (together == alone).all()


def test_a_tower_without_mask_gets_one_text_at_a_time() -> None:
    engine = PitchEngine()
    texts_of(engine, text_mask=False).embed(PHRASES)
    assert {count for count, _ in engine.read} == {1}
    assert len(engine.read) == len(PHRASES)


def test_a_phrase_given_twice_is_embedded_once_and_the_order_is_kept() -> None:
    engine = PitchEngine()
    siren, dog, again = texts_of(engine).embed(["siren", "dog", "siren"])
    assert (siren == again).all()
    assert not (siren == dog).all()
    assert sum(count for count, _ in engine.read) == 2


def test_the_second_start_loads_no_tower(tmp_path: Path) -> None:
    model = pitch_model()
    first, second = PitchEngine(), PitchEngine()
    path = tmp_path / "texts.sqlite3"
    embeddings = [
        texts_of(engine, TextCache(path, model.text_identity, model.entry.dim)).embed(PHRASES)
        for engine in (first, second)
    ]
    assert (first.loads, second.loads) == (1, 0)
    assert (embeddings[0] == embeddings[1]).all()


def test_only_what_is_new_is_embedded(tmp_path: Path) -> None:
    cache = TextCache(tmp_path / "texts.sqlite3", "model", pitch_model().entry.dim)
    texts_of(PitchEngine(), cache).embed(PHRASES)
    engine = PitchEngine()
    texts_of(engine, cache).embed([*PHRASES, "something else"])
    assert [count for count, _ in engine.read] == [1]


def test_progress_counts_up_to_what_is_missing() -> None:
    told: list[tuple[int, int]] = []
    engine = PitchEngine()
    model = pitch_model()
    Texts(model, engine.open_text, None, lambda done, total: told.append((done, total))).embed(PHRASES)
    assert told[-1] == (len(PHRASES), len(PHRASES))
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_nothing_in_nothing_out() -> None:
    engine = PitchEngine()
    assert texts_of(engine).embed([]).shape == (0, pitch_model().entry.dim)
    assert engine.loads == 0


def test_a_tokenizer_of_another_size_is_refused() -> None:
    """A tokenizer without its vocabulary knows five tokens, and every word would be the same."""
    with pytest.raises(ModelError, match="knows 12000 tokens, the model 50265"):
        texts_of(PitchEngine(), vocabulary=50265).embed(["siren"])


def test_a_tokenizer_that_reads_differently_is_refused() -> None:
    ids = load_tokenizer(pitch_model()).encode("dog barking").ids
    assert load_tokenizer(pitch_model(vocabulary=12000, golden={"dog barking": ids}))
    with pytest.raises(ModelError, match="turns 'dog barking' into"):
        load_tokenizer(pitch_model(golden={"dog barking": [*ids, 2]}))


def test_a_long_text_is_cut_at_what_the_tower_takes() -> None:
    engine = PitchEngine()
    texts_of(engine, max_tokens=7).embed(["word " * 100])
    assert engine.read == [(1, 7)]


def test_words_are_counted_in_pieces_as_they_stand_within_a_text(tmp_path: Path) -> None:
    """RoBERTa's tokenizer has "Ġbarking", after a blank, and frames every text with two tokens of its own."""
    model = tiny_model(tokenizer=make_tokenizer(600).to_str().encode()).write(tmp_path / "bpe")
    assert PieceCounter(lambda: model)(["barking", "world", "xyz"]) == [1, 1, 4]


def test_a_word_that_a_tokenizer_has_no_piece_for_is_not_whole(tmp_path: Path) -> None:
    model = tiny_model().write(tmp_path / "words")
    assert PieceCounter(lambda: model)(["siren", "sirne"]) == [1, 0]
