"""How the trial of each paper is run: methods, SNRs, prompts, numbers that are tried; and on which folds."""

from __future__ import annotations

from importlib.util import find_spec

import msgspec

from monitor.corpus.layouts import Corpus
from monitor.evaluation.methods.method_runner import PROMPTS, Grid
from monitor.evaluation.methods.methods import Method, parse_method
from monitor.evaluation.synthesis.mixtures import CLEAN_DB
from monitor.extras import install

_TAUS = tuple(round(0.1 * step, 1) for step in range(16))
_BETAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_KS = tuple(float(k) for k in (*range(1, 10), *range(10, 50, 5), *range(50, 101, 10)))
_CROSS_VALIDATED = ("ESC-50", "UrbanSound8K")
"""Collections of which every fold is heard once, and the mean is the figure."""
_VARIANTS = ("text-background", "audio-background", "tgap+text-background", "tgap+audio-background")
"""The four of Acevedo et al.: prototypes from words or clips, the background in words or heard."""


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """The trial of one paper."""

    models: tuple[str, ...]
    """Which it used, by their names here."""
    methods: tuple[str, ...]
    snrs_db: tuple[float, ...] = (CLEAN_DB,)
    prompts: tuple[int, ...] = ()
    grids: tuple[Grid, ...] = ()
    over: tuple[tuple[str, str], ...] = ()
    """Pairs of methods that are compared draw by draw, beside each with zero-shot."""
    adapts: bool = False
    """Whether models are adapted to the clips to learn from."""


PROTOCOLS: dict[str, Protocol] = {
    "2306.12300": Protocol(
        models=("wav2clip", "audioclip", "msclap", "clap"),
        methods=("zero-shot", "tgap", "class-means", "mlp"),
        prompts=tuple(range(1, len(PROMPTS) + 1)),
        grids=(Grid("k", _KS),),
    ),
    "2506.04376": Protocol(
        models=("clap",),
        methods=("zero-shot", "tgap", *_VARIANTS, "auto"),
        snrs_db=(CLEAN_DB, 10.0, 8.0, 6.0),
        grids=(Grid("tau", _TAUS), Grid("k", _KS)),
        over=(("tgap+text-background", "tgap"), ("tgap+audio-background", "tgap")),
    ),
    "2606.04844": Protocol(
        models=("clap",),
        methods=("zero-shot", "drift", *(name for one in _VARIANTS for name in (one, f"{one}+drift"))),
        snrs_db=(CLEAN_DB, 20.0, 10.0, 5.0, 0.0),
        grids=(Grid("beta", _BETAS),),
        over=tuple((f"{one}+drift", one) for one in _VARIANTS),
    ),
    "2305.01864": Protocol(
        models=("clap",), methods=("zero-shot", "tgap", "class-means", "mlp"), adapts=True
    ),
}
"""By number on arXiv."""


class Runnable(msgspec.Struct, frozen=True):
    """What of a protocol can be run here."""

    methods: tuple[Method, ...]
    left_out: tuple[str, ...]
    """Why the rest cannot, sentences."""


def runnable(protocol: Protocol) -> Runnable:
    """Return the methods whose libraries are installed."""
    lacking = find_spec("sklearn") is None and "mlp" in protocol.methods
    names = tuple(name for name in protocol.methods if not (lacking and name == "mlp"))
    why = f"mlp, the supervised network, needs scikit-learn: {install(extra='eval')}"
    return Runnable(tuple(map(parse_method, names)), (why,) if lacking else ())


def folds_of(corpus: Corpus) -> tuple[tuple[int, ...], ...]:
    """Return the folds heard, each by itself: all of ESC-50 and UrbanSound8K, else the usual ones."""
    heard = corpus.folds if is_cross_validated(corpus) else corpus.usual_folds
    return tuple((fold,) for fold in heard)


def is_cross_validated(corpus: Corpus) -> bool:
    """Return whether the figure of a corpus is the mean of its folds."""
    return corpus.layout in _CROSS_VALIDATED
