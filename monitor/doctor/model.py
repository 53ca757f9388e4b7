"""Does the model listen on this machine, and does it know the words."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

import numpy as np

from monitor.config.settings import ModelConfig
from monitor.doctor.findings import Examined, Finding, attention, fault, ok, unchecked
from monitor.encoders import Encoder, count_pieces, find, load
from monitor.encoders.encoder import embed_windows
from monitor.errors import MonitorError
from monitor.records import Span
from monitor.scoring.prompts import parse_classes
from monitor.scoring.prototypes import embed_phrases
from monitor.storage.own_sounds import taught_sounds
from monitor.stream.windows import Windower
from monitor.units import seconds_to_len
from monitor.vocabulary.judge import Judge

_WINDOWS = 9
"""Windows that are timed, beside the first, which takes longer."""
_EASY, _HARD = 0.5, 0.9
"""Shares of the hop that a window may take: up to the first there is time to spare, from the second none."""
_SHOWN = 5
_loaded = lru_cache(maxsize=1)(load)


def check_model(examined: Examined) -> Iterator[Finding]:
    """Find whether the model's files are unaltered, whether it loads, and whether this machine keeps up."""
    config = examined.config
    name = config.model.name
    try:
        model = find(config.model)
        model.verify()
        yield ok("model files", f"{name}: all {len(model.parts)} there, each with the hash of the manifest")
        encoder = _loaded(config.model)
    except MonitorError as error:
        again = (
            f"`monitor models install {name}`, or take the one in the box: `monitor run --model embedded`."
        )
        yield fault("model", str(error), again)
        return
    hop_s = config.window.hop_s or encoder.info.hop_s
    yield keeps_up(_window_s(encoder, hop_s), hop_s)


def keeps_up(window_s: float, hop_s: float) -> Finding:
    """Return whether a machine that takes `window_s` for a window has time for one every `hop_s` seconds."""
    share = window_s / hop_s
    took = f"a window takes {1000.0 * window_s:.1f} ms, one comes every {1000.0 * hop_s:.0f} ms"
    if share <= _EASY:
        return ok("speed", f"{took}: this computer keeps up, {100.0 * share:.0f} % of one core")
    do = f"End other programs, or take windows less often: hop_s = {2.0 * hop_s:g} in [window]."
    if share < _HARD:
        return attention("speed", f"{took}: little is left for anything else", do)
    return fault("speed", f"{took}: this computer does not keep up, and sound would be passed over", do)


def check_words(examined: Examined) -> Iterable[Finding]:
    """Find whether the text side works, and knows the words of the configuration."""
    config = examined.config
    try:
        classes = parse_classes(",".join(config.prompts.classes), config.prompts.aliases)
        encoder = _loaded(config.model)
        taught = {one.sound.name for one in taught_sounds()[0] if one.model == encoder.info.identity}
        asked = [one.wording for one in classes if one.name not in taught]
        verdicts = _judge(encoder, config.model).judge(asked) if asked else []
    except MonitorError as error:
        return [fault("words", str(error), "Correct [prompts] classes; `monitor words` tries them.")]
    unknown = [one.wording for one in verdicts if one.known is False]
    if unknown:
        shown = ", ".join(map(repr, unknown[:_SHOWN]))
        do = f"Ask what is near: `monitor words {' '.join(map(repr, unknown[:_SHOWN]))}`."
        return [attention("words", f"the model does not know {shown}", do)]
    if any(one.known is None for one in verdicts):
        return [unchecked("words", "this model does not tell names of sounds from other words")]
    if not verdicts:
        return []
    return [ok("words", f"the model knows all {len(verdicts)}: {', '.join(one.wording for one in verdicts)}")]


def _judge(encoder: Encoder, config: ModelConfig) -> Judge:
    embed: Callable[..., np.ndarray] = partial(embed_phrases, encoder.embed_text, encoder.info.templates)
    return Judge(embed, count_pieces(config))


def _window_s(encoder: Encoder, hop_s: float) -> float:
    """Return the seconds that a window of a stream takes: the median of some, of noise."""
    hop_len = min(seconds_to_len(hop_s, encoder.sample_rate), encoder.window_len)
    length = encoder.window_len + _WINDOWS * hop_len
    sound = (0.1 * np.random.default_rng(0).standard_normal(length)).astype(np.float32)
    windows = Windower(encoder.window_len, hop_len, encoder.sample_rate).push(Span(0, sound, True, 0.0))
    taken = []
    for window in windows[-_WINDOWS - 1 :]:
        began_s = time.perf_counter()
        embed_windows(encoder, [window])
        taken.append(time.perf_counter() - began_s)
    return statistics.median(taken[1:])
