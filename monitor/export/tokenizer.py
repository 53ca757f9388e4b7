"""The tokenizer beside a text tower: whether it belongs to it, and how to know it again.

A wrong tokenizer raises no error anywhere: every label just gets a wrong embedding, often the same one.
"""

from __future__ import annotations

from pathlib import Path

from monitor.errors import ModelError
from monitor.files.reading import read_stored

TEXTS = ("dog barking", "the sound of a siren", "Hello world")
"""Texts whose token ids are kept with the model."""
_ROBERTA_ROWS = 50_265
_ROBERTA = ("Hello world", [0, 31414, 232, 2])
"""What RoBERTa's tokenizer makes of a text (transformers' documentation of RobertaTokenizer)."""


def find_tokenizer(given: Path | None, beside: Path | None) -> Path:
    """Return the tokenizer file the user gave, else the one beside the weights.

    Raises
    ------
    ModelError
        There is neither.
    """
    path = given or beside
    if path is None:
        raise ModelError(
            "There is no tokenizer beside the checkpoint; fetch tokenizer.json of roberta-base "
            "(https://huggingface.co/FacebookAI/roberta-base) and give it with --tokenizer FILE, or export "
            "the audio tower alone with --audio-only."
        )
    return path


def check_tokenizer(path: Path, rows: int) -> dict[str, list[int]]:
    """Return the token ids of `TEXTS`, if the tokenizer belongs to a text tower with `rows` tokens.

    Raises
    ------
    ModelError
        The file cannot be read, or is another model's.
    """
    from tokenizers import Tokenizer

    try:
        content = read_stored(path).decode("utf-8")
    except OSError as error:
        raise ModelError(f"Cannot read the tokenizer {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path} is not a tokenizer.json: it is not text.") from None
    try:
        tokenizer = Tokenizer.from_str(content)
    except Exception as error:  # noqa: BLE001 - the library raises plain Exception
        raise ModelError(f"{path} is not a tokenizer.json: {str(error).splitlines()[0]}.") from None
    found = tokenizer.get_vocab_size(with_added_tokens=True)
    if found != rows:
        raise ModelError(
            f"The tokenizer {path} has {found} tokens, the text tower has {rows}; give the tokenizer.json "
            "that belongs to the checkpoint."
        )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    golden = {text: list(tokenizer.encode(text).ids) for text in TEXTS}
    text, valid = _ROBERTA
    if rows == _ROBERTA_ROWS and golden[text] != valid:
        raise ModelError(
            f"The tokenizer {path} is not RoBERTa's: it makes {golden[text]} of {text!r}, not {valid}; give "
            "the tokenizer.json of roberta-base."
        )
    return golden
