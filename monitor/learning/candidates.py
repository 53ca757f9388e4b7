"""Examples as they come: each is checked, alone and among those before it, and taken or not."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.encoders import Encoder
from monitor.learning.checks import Doubt, Surroundings, check_example, check_take, nearer_taught, oddness
from monitor.learning.examples import Example, hear_take
from monitor.learning.listed import Listed, surroundings
from monitor.learning.takes import Take
from monitor.records import Cohort

_FEWEST = 3
"""So many stay, however unlike one another they are: fewer say less."""


class Considered(msgspec.Struct, frozen=True):
    """One example and what was found about it."""

    example: Example
    doubts: tuple[Doubt, ...]
    taken: bool

    @property
    def grave(self) -> Doubt | None:
        """What it is not taken for, unless the user insists."""
        return next((one for one in self.doubts if one.grave), None)


class Candidates:
    """What a class is to be taught by, as far as it has come.

    Parameters
    ----------
    before
        Examples by which it was taught before, and that stay.
    insist
        Take examples that have something grave against them too.
    """

    def __init__(
        self, listed: Listed, encoder: Encoder, before: Sequence[Example] = (), insist: bool = False
    ) -> None:
        self._listed = listed
        self._encoder = encoder
        self._insist = insist
        self._before = list(before)
        self._taken: list[Example] = []
        self._surroundings: Surroundings | None = None

    @property
    def examples(self) -> list[Example]:
        """Those that are taken, and those of before."""
        return [*self._before, *self._taken]

    @property
    def news(self) -> int:
        """How many have been taken beside those of before."""
        return len(self._taken)

    def know_place(self, samples: NDArray[np.float32]) -> None:
        """Compare with what the place alone sounds like too, float32 (n,), at the model's rate."""
        self._surroundings = surroundings(self._listed, self._encoder, samples)

    def consider_take(self, take: Take) -> Considered:
        """Check a take, and take it or not."""
        return self.consider(hear_take(take, self._encoder), check_take(take))

    def consider(self, example: Example, doubts: Sequence[Doubt] = ()) -> Considered:
        """Check what a model makes of an example, and take it or not."""
        if self._surroundings is None:
            self._surroundings = surroundings(self._listed, self._encoder)
        found = (*doubts, *check_example(example, self.examples, self._surroundings))
        silent = any(one.kind == "silent" for one in found)
        taken = not silent and (self._insist or not any(one.grave for one in found))
        if taken:
            remarks = tuple(one.sentence for one in found)
            note = msgspec.structs.replace(example.note, remarks=remarks)
            example = msgspec.structs.replace(example, note=note)
            self._taken.append(example)
        return Considered(example, found, taken)

    def drop_last(self) -> bool:
        """Take the last one back; False: there is none."""
        return bool(self._taken) and self._taken.pop() is not None

    def review(self) -> list[Example]:
        """Check each among all the others, now that they are there; return what is taken no longer.

        The first ones could be compared with nothing that says which of them is the odd one.
        """
        out: list[Example] = []
        cohort = self._encoder.info.cohort
        while not self._insist and len(self.examples) > _FEWEST:
            odd = {at: self._oddness(one, cohort) for at, one in enumerate(self._taken)}
            worst = max(odd, key=odd.__getitem__, default=None)
            if worst is None or odd[worst] < 1.0:
                break
            out.append(self._taken.pop(worst))
        return out

    def another(self) -> str:
        """Return what another taught class is called that most of those taken are nearer to; or nothing."""
        around = self._surroundings
        if around is None:
            return ""
        found = [nearer_taught(one, self._beside(one), around) for one in self._taken]
        return next((name for name in found if name and 2 * found.count(name) > len(found)), "")

    def _beside(self, example: Example) -> list[Example]:
        return [one for one in self.examples if one is not example]

    def _oddness(self, example: Example, cohort: Cohort | None) -> float:
        return oddness(example, self._beside(example), cohort)
