"""Published tensors into networks: every tensor has its place, and every place its tensor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from torch import Tensor, nn

from monitor.encoders.weights import reason
from monitor.errors import ModelError

Network = TypeVar("Network", bound=nn.Module)
Tensors = Mapping[str, Tensor]

_MADE_BY_THE_NETWORK = ("num_batches_tracked", "position_ids", "token_type_ids", "relative_position_index")
"""Tensors that follow from the shape and need not be stored."""


def below(tensors: Tensors, prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}


def without(tensors: Tensors, patterns: Iterable[str]) -> dict[str, Tensor]:
    """Return the tensors whose names match none of the patterns."""
    left_out = re.compile("|".join(patterns))
    return {name: one for name, one in tensors.items() if not left_out.match(name)}


def shape(tensors: Tensors, name: str) -> tuple[int, ...]:
    """Return the shape of a tensor.

    Raises
    ------
    ModelError
        There is no such tensor.
    """
    if name not in tensors:
        raise ModelError(f"The weights have no tensor {name}; they are not the published ones.")
    return tuple(tensors[name].shape)


def count(tensors: Tensors, pattern: str) -> int:
    """Return how many layers there are: one more than the highest number in the group of `pattern`."""
    found = (re.match(pattern, name) for name in tensors)
    return max((int(one[1]) + 1 for one in found if one), default=0)


def fit(network: Network, tensors: Tensors, what: str) -> Network:
    """Put tensors into a network, and return it ready to be asked.

    Raises
    ------
    ModelError
        One is missing, has another shape, or has no place in it.
    """
    try:
        missing, extra = network.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise ModelError(f"The weights of the {what} do not fit: {reason(error)}.") from None
    lacking = [name for name in missing if not name.endswith(_MADE_BY_THE_NETWORK)]
    unknown = [name for name in extra if not name.endswith(_MADE_BY_THE_NETWORK)]
    for names, says in ((lacking, "lack"), (unknown, "have, and should not,")):
        if names:
            raise ModelError(
                f"The weights of the {what} {says} {len(names)} tensors, {names[0]} the first; they are not "
                "the published ones."
            )
    return network.eval()
