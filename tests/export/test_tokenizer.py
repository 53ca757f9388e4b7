from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ModelError
from monitor.export.tokenizer import check_tokenizer, find_tokenizer
from tests.export.tokens import make_tokenizer, write_tokenizer


def test_the_tokens_of_some_texts_are_kept_without_padding(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    tokenizer = make_tokenizer(500)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(path))
    golden = check_tokenizer(path, 500)
    assert golden["dog barking"][0] == 0
    assert golden["dog barking"][-1] == 2
    assert len(golden["dog barking"]) == 4


def test_the_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    path = write_tokenizer(tmp_path / "tokenizer.json", 500)
    with pytest.raises(ModelError, match=r"500 tokens, the text tower has 50265"):
        check_tokenizer(path, 50_265)


def test_robertas_vocabulary_with_other_words_is_refused(tmp_path: Path) -> None:
    right = write_tokenizer(tmp_path / "right.json", 50_265)
    assert check_tokenizer(right, 50_265)["Hello world"] == [0, 31414, 232, 2]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(right.read_text("utf-8").replace('"Hello"', '"hullo"'), "utf-8")
    with pytest.raises(ModelError, match=r"not a tokenizer\.json|not RoBERTa's"):
        check_tokenizer(wrong, 50_265)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}", "utf-8")
    with pytest.raises(ModelError, match=r"not a tokenizer\.json"):
        check_tokenizer(path, 500)
    path.write_bytes(b"\xff")
    with pytest.raises(ModelError, match="it is not text"):
        check_tokenizer(path, 500)
    with pytest.raises(ModelError, match=r"none\.json: No such file or directory\.$"):
        check_tokenizer(tmp_path / "none.json", 500)


def test_without_a_tokenizer_the_sentence_says_what_to_fetch() -> None:
    with pytest.raises(ModelError, match=r"fetch tokenizer\.json of roberta-base"):
        find_tokenizer(None, None)


def test_the_users_tokenizer_goes_before_the_one_beside_the_weights() -> None:
    assert find_tokenizer(Path("mine.json"), Path("theirs.json")) == Path("mine.json")
    assert find_tokenizer(None, Path("theirs.json")) == Path("theirs.json")
