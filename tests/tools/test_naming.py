"""How much each name weighs, learnt from labelled recordings and from sound made by code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tools.load import load_tool

torch: Any = load_tool("torch")
naming, network = load_tool("tools.train.student.naming"), load_tool("tools.train.student.network")
torch.set_num_threads(1)


def test_what_is_made_by_code_teaches_its_words_and_not_what_is_ordinary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A made sound raises logit 12, whose name is not its own, and is called three."""
    monkeypatch.setattr(naming, "STEPS", 60)
    monkeypatch.setattr(naming, "PEAK_RATE", 0.03)
    torch.manual_seed(4)
    names = torch.nn.functional.normalize(torch.randn(network.LOGITS, 32), dim=1)
    meant = names[[10, 11, 40]]
    logits = torch.randn(400, network.LOGITS) - 3
    truth = torch.arange(400) % 2
    logits[torch.arange(400), 10 + truth] += 12
    notes = naming.Notes(torch.zeros(400, network.HIDDEN), logits, truth, ["one", "two"])
    beeps = torch.randn(200, network.LOGITS) - 3
    beeps[:, 12] += 12
    hidden = torch.nn.functional.one_hot(torch.zeros(200).long(), network.HIDDEN) * 30.0
    made = naming.Notes(hidden, beeps, torch.zeros(200).long(), ["three"])

    def embed(texts: list[str]) -> Any:
        return np.stack([meant[("two" in text) + 2 * ("three" in text)].numpy() for text in texts])

    taught = naming.teach(notes, names, embed, 1, made=made)
    with torch.inference_mode():
        points = taught(hidden, beeps)
        before = naming.Evidence(names, taught.prior)(hidden, beeps)
    torch.testing.assert_close(taught.prior, logits.mean(0))
    assert bool(((points @ meant.T).argmax(1) == 2).all())
    assert float(((points - before) @ meant[2]).mean()) > 0.3


def test_examples_of_two_kinds_are_joined_by_the_names_of_their_classes() -> None:
    one = naming.Notes(torch.zeros(2, 1), torch.zeros(2, 1), torch.tensor([0, 1]), ["beep", "dog_bark"])
    other = naming.Notes(torch.ones(2, 1), torch.ones(2, 1), torch.tensor([1, 0]), ["alarm", "beep"])
    both = one.joined(other)
    assert [both.classes[at] for at in both.truth] == ["beep", "dog_bark", "beep", "alarm"]
    assert both.hidden.flatten().tolist() == [0, 0, 1, 1]
