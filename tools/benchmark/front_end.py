"""What it gains that the encoder draws the log-mel, and keeps it from window to window, and what it changes.

    git show COMMIT:models/embedded/audio.onnx > before.onnx        # of when the front end was in the graph
    python -m tools.benchmark.front_end --before before.onnx
    python -m tools.benchmark.front_end --before before.onnx --data ../shared/data

The first times a window of the demo street at several hops, both in turns of five windows, in processor time
of the one thread; with `--pause-s` each is left alone for so long before, as a window is that is heard live.
The second compares the embeddings of clips of folds 1 to 3, and which class's words each is nearest to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor import load_encoder
from monitor.encoders import Encoder
from monitor.encoders.encoder import embed_windows
from monitor.records import Span, Window
from monitor.sources.demo import demo_scene
from monitor.stream.windows import Windower
from monitor.units import unit_norm
from tools.benchmark.benchmark import summarise
from tools.train.corpus import loudest_window, read_clip, read_index, words
from tools.train.graphs import open_session

HOPS_S = (0.25, 0.5, 1.0, 0.3001)
"""The last is no whole number of frames: everything is drawn from scratch."""
_WARM_UP_S = 3.0
_IN_A_ROW = 5
"""Windows that one of them hears before it is the other's turn; the first is not counted."""

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def open_before(path: Path) -> Embed:
    """Open a graph that has its front end inside: sound (n, samples) -> embeddings."""
    session = open_session(path)
    name = session.get_inputs()[0].name
    return lambda windows: unit_norm(session.run(None, {name: windows})[0])


def windows_of(hop_s: float, encoder: Encoder) -> list[Window]:
    """Return the windows of the demo street."""
    scene = demo_scene()
    rate = encoder.sample_rate
    if scene.sample_rate != rate:
        import soxr

        sound = np.asarray(soxr.resample(scene.samples, scene.sample_rate, rate), np.float32)
    else:
        sound = scene.samples
    windower = Windower(encoder.window_len, round(hop_s * rate), rate)
    return windower.push(Span(0, sound, True, 0.0))[round(_WARM_UP_S / hop_s) :]


def time_hop(before: Embed, encoder: Encoder, hop_s: float, rounds: int, pause_s: float) -> str:
    """Return a row: ms a window of both, and the ratio."""
    calls = (lambda one: before(one.samples[np.newaxis]), lambda one: embed_windows(encoder, [one]))
    windows = windows_of(hop_s, encoder)
    laps = []
    for at in range(rounds):
        begin = at * _IN_A_ROW % (len(windows) - _IN_A_ROW)
        row = windows[begin : begin + _IN_A_ROW]
        laps.append([[_timed_ms(call, window, pause_s) for window in row][1:] for call in calls])
    first, second = summarise(np.array(laps).transpose(0, 2, 1).reshape(-1, 2))
    shown = " | ".join(
        f"{one.median_ms:.2f} [{one.low_ms:.2f}, {one.high_ms:.2f}]" for one in (first, second)
    )
    ratio = f"{second.ratio:.2f} [{second.ratio_low:.2f}, {second.ratio_high:.2f}]"
    return f"| {hop_s:g} s | {shown} | {ratio} | {rounds * (_IN_A_ROW - 1)} |"


def _timed_ms(call: Callable[[Window], object], window: Window, pause_s: float) -> float:
    time.sleep(pause_s)
    begun_s = time.thread_time()
    call(window)
    return (time.thread_time() - begun_s) * 1e3


def compare(before: Embed, encoder: Encoder, data: Path, count: int) -> str:
    """Return how far embeddings of clips differ, and how many are nearest to another class's words."""
    events = [clip for clip in read_index(data) if clip.kind == "event" and clip.fold in {1, 2, 3}]
    names = sorted({clip.canonical for clip in events})
    texts = encoder.embed_text([encoder.info.templates[0].format(words(name)) for name in names])
    chosen = np.random.default_rng(0).permutation(len(events))[:count]
    most, changed, least = 0.0, 0, 1.0
    for at in chosen:
        sound = read_clip(data / events[at].path, encoder.sample_rate)
        window = loudest_window(sound, encoder.window_len, encoder.sample_rate // 10)[np.newaxis]
        one, other = before(window)[0], encoder.embed_audio(window)[0]
        most, least = max(most, float(np.abs(one - other).max())), min(least, float(one @ other))
        changed += int((texts @ one).argmax() != (texts @ other).argmax())
    return (
        f"{len(chosen)} clips of folds 1 to 3, {len(names)} classes: embeddings differ by {most:.1e} at most "
        f"(numbers of a unit vector), least cosine {least:.9f}; {changed} are nearest to another class"
    )


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--before", type=Path, required=True, help="audio.onnx with its front end inside")
    parser.add_argument("--data", type=Path, help="folder with index.csv: compare clips, and time nothing")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=60, help="of each hop")
    parser.add_argument("--pause-s", type=float, default=0.0, help="before each window")
    args = parser.parse_args()
    before, encoder = open_before(args.before), load_encoder()
    if args.data:
        print(compare(before, encoder, args.data, args.clips))
        return
    print("| hop | before, ms a window [quartiles] | after | ratio [95 %] | windows |\n|---|---|---|---|---|")
    for hop_s in HOPS_S:
        print(time_hop(before, encoder, hop_s, args.rounds, args.pause_s), flush=True)


if __name__ == "__main__":
    main()
