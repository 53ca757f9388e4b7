"""A network without its front end is the same network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.encoders.kaldi_mel import HOP, draw
from monitor.errors import ModelError

onnx = pytest.importorskip("onnx", reason="onnx is not installed; it comes with the extra 'export'")
torch = pytest.importorskip("torch", reason="torch is not installed; it comes with the extra 'export'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed; it comes with the extra 'export'")

from monitor.encoders.runtime import onnxruntime  # noqa: E402
from monitor.export.bare_network import feed_of, take_off_front_end  # noqa: E402
from monitor.export.kaldi_mel import FrontEnd  # noqa: E402
from monitor.export.onnx_graphs import write_audio  # noqa: E402
from tests.encoders.tiny_models import text_tower, waveform_tower  # noqa: E402

LENGTH = 20 * HOP


def network() -> Any:
    """The front end, a convolution, and a point of unit norm, whose shape asks for that of the sound."""
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(1, 4, 3, bias=False), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()

    class Network(torch.nn.Module):  # type: ignore[misc,name-defined,unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.front_end, self.layers = FrontEnd(), torch.nn.Sequential(*layers)

        def forward(self, audio: Any) -> Any:
            return torch.nn.functional.normalize(self.layers(self.front_end(audio)), dim=1)

    return Network()


def run(path: Path, sound: Any) -> Any:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, feed_of(session.get_inputs()[0].name, sound))[0]


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")  # what torch's exporter says about torch itself
def test_it_answers_the_spectrogram_as_the_whole_answered_the_sound(tmp_path: Path) -> None:
    whole, bare = tmp_path / "whole.onnx", tmp_path / "bare.onnx"
    write_audio(network(), whole, LENGTH)
    bare.write_bytes(whole.read_bytes())
    take_off_front_end(bare)
    sound = np.random.default_rng(0).normal(0.0, 0.1, (3, LENGTH)).astype(np.float32)
    np.testing.assert_allclose(run(bare, sound), run(whole, sound), atol=1e-5)
    np.testing.assert_array_equal(feed_of("input_features", sound)["input_features"][1, 0], draw(sound[1]))
    weights = {one.name: one.raw_data for one in onnx.load(whole).graph.initializer}
    kept = {one.name: one.raw_data for one in onnx.load(bare).graph.initializer}
    assert "layers.0.weight" in kept
    assert not [name for name in kept if name.startswith("front_end")]
    assert all(weights[name] == data for name, data in kept.items())


@pytest.mark.parametrize("content", [text_tower(), waveform_tower()], ids=["text", "no convolution"])
def test_what_has_no_front_end_is_refused_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "audio.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="no network behind a front end; valid: sound in, convolutions"):
        take_off_front_end(path)
    assert path.read_bytes() == content
