"""One model at work on the methods: what it heard and the words of the classes, scored and measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.encoders import Encoder
from monitor.evaluation.methods.methods import Method, Settings, Words, repetitions, score
from monitor.evaluation.methods.window_batch import MethodInput
from monitor.evaluation.metrics.ground_truth import Figures, Truth, mean
from monitor.records import ClassPrompt
from monitor.scoring.prompts import build_prompts
from monitor.scoring.prototypes import embed_phrases, in_noise

BACKGROUND_PHRASES = ("background noise", "traffic noise", "crowd noise", "wind noise", "background noise")
"""What the text background is made of: any place, since a monitor is not told where it is."""

PROMPTS = (
    "{}",
    "I can hear {}",
    "This is an audio of {}",
    "This is {}",
    "This is a sound of {}",
)
"""Templates 1 to 5 (Kushwaha & Fuentes, Interspeech 2023, arXiv 2306.12300); 5 was best for LAION-CLAP."""
Parameter = Literal["tau", "beta", "k"]
Measure = Callable[[Truth, NDArray[np.float32]], Figures]
"""`truth.measure` or `truth.headline`."""


class Grid(msgspec.Struct, frozen=True):
    """A number of the methods and the values it is tried at."""

    parameter: Parameter
    """`tau`: share of the background that is taken off; `beta`: weight of the drift bonus; `k`: clips in a
    prototype of `tgap`.
    """
    values: tuple[float, ...]

    def applies(self, method: Method) -> bool:
        """Say whether a method has the number."""
        if self.parameter == "tau":
            return method.background in ("text", "audio")
        return method.drift if self.parameter == "beta" else method.prototypes == "tgap"

    def set(self, settings: Settings, value: float) -> Settings:
        """Return the settings with one of the values."""
        if self.parameter == "tau":
            return replace(settings, tau_text=value, tau_audio=value)
        return replace(settings, beta=value) if self.parameter == "beta" else replace(settings, k=int(value))


class MethodRunner(msgspec.Struct, frozen=True):
    """One model, what it heard, and what was there."""

    encoder: Encoder
    config: Config
    classes: Sequence[ClassPrompt]
    words: Words
    """The text side in the template of the configuration, or the model's own."""
    given: MethodInput
    truths: Sequence[Truth]
    """Per SNR."""

    def words_in(self, template: str) -> Words:
        """Return the classes in a template; for methods that need no other words."""
        prompts = replace(self.config.prompts, template=template)
        return words_of(self.encoder, replace(self.config, prompts=prompts), self.classes)

    def figures(
        self, method: Method, settings: Settings, measure: Measure, words: Words | None = None
    ) -> list[Figures]:
        """Return the figures per SNR; of a method that draws lots, the mean over its draws."""
        several = []
        for one in repetitions(method, settings):
            scores = score(method, self.given, words or self.words, one)
            several.append([measure(truth, own) for truth, own in zip(self.truths, scores, strict=True)])
        return [mean(figures) for figures in zip(*several, strict=True)]


def words_of(
    encoder: Encoder, config: Config, classes: Sequence[ClassPrompt], methods: Iterable[Method] = ()
) -> Words:
    """Return the text side of a model, as far as methods need it."""
    methods = list(methods)
    prompts = build_prompts(classes, config, encoder.info.templates)
    wordings = prompts.wordings
    background = BACKGROUND_PHRASES if any(method.background == "text" for method in methods) else ()
    noise = config.drift.phrases if any(method.drift for method in methods) else ()
    phrases = [*wordings, *background, *in_noise(wordings, noise)]
    vectors = embed_phrases(encoder.embed_text, prompts.templates, phrases)
    of_classes, of_background, of_noisy = np.split(vectors, [len(wordings), len(wordings) + len(background)])
    return Words(
        classes=of_classes,
        background=of_background,
        noisy=of_noisy.reshape(len(wordings), len(noise), encoder.dim),
        names=prompts.classes,
    )
