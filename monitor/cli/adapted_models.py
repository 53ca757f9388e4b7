"""A model adapted to clips that nobody labelled, in the four ways of Wang et al., for `monitor eval paper`.

What `monitor adapt` does (arXiv 2305.01864), without its trial: here the figures are the trial. It is beside
the verb because it brings together what learns and what measures, which know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

if TYPE_CHECKING:
    from monitor.evaluation.methods.method_runner import MethodRunner

_LABELS = {"hard labels": 0.0, "soft labels": 0.3}
"""Weight of the soft part of the targets; .3 as published."""
_LEAST_PAIRS = 32


class AdaptedModels:
    """Makes four models of each, with the user's captions or, without any, the program's names of sounds."""

    def __init__(self, captions: Sequence[str] = ()) -> None:
        self._captions = captions

    def __call__(self, runner: MethodRunner) -> Iterator[tuple[str, MethodRunner]]:
        """Yield each with its name, as far as there are pairs of sound and caption to learn from."""
        from monitor.learning.adapter_training import TrainingOptions, train
        from monitor.learning.captions import embed_captions
        from monitor.learning.curation import CurationOptions, Domain, curate
        from monitor.models.adapter import Adapter
        from monitor.scoring.prompts import build_prompts

        info, pool = runner.encoder.info, runner.given.pool
        prompts = build_prompts(runner.classes, runner.config, info.templates)
        captions = embed_captions(runner.encoder, prompts.wordings, self._captions, prompts.templates)
        ordinary = pool if info.cohort is None else info.cohort.vectors
        for domain, (labels, softness) in product(get_args(Domain), _LABELS.items()):
            options = CurationOptions(domain=domain)
            pairs = curate(pool, captions.vectors, runner.words.classes, options, ordinary)
            if len(pairs.sounds) < _LEAST_PAIRS:
                continue
            learnt = pool[pairs.sounds], captions.vectors[pairs.captions]
            trained = train(*learnt, TrainingOptions(softness=softness))
            adapter = Adapter(info.identity, trained.down, trained.up)
            windows = runner.given.windows
            heard = adapter.apply(windows.reshape(-1, windows.shape[-1])).reshape(windows.shape)
            given = replace(runner.given, windows=heard)
            yield f"adapt, {domain}, {labels}", replace(runner, given=given)
