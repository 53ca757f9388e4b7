"""Published taggers as models: the network, its front end, its evidence over names, and what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.cli.main import main
from monitor.config.settings import ModelConfig
from monitor.encoders import load
from monitor.errors import ConfigError, ModelError
from monitor.export.exporter import ExportOptions, export
from monitor.export.result import ExportReport
from monitor.models.store import find_model, read_folder, sha256_of

onnx = pytest.importorskip("onnx", reason="onnx is not installed; it comes with the extra 'export'")
torch = pytest.importorskip("torch", reason="torch is not installed; it comes with the extra 'export'")
pytest.importorskip("transformers", reason="transformers is not installed; it comes with the extra 'export'")
pytest.importorskip("safetensors", reason="safetensors is not installed; it comes with the extra 'export'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed; it comes with the extra 'export'")

from monitor.encoders.kaldi_mel import RATE  # noqa: E402
from monitor.export.checkpoints import read_checkpoint  # noqa: E402
from monitor.export.evidence import Evidence, names_of, typical_logits  # noqa: E402
from monitor.export.kaldi_mel import FrontEnd, PlainFrontEnd  # noqa: E402
from monitor.export.mobilenet import MobileNet  # noqa: E402
from monitor.export.tagger import read_tagger  # noqa: E402
from tests.export import tiny_tagger  # noqa: E402

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]

DOG = 74
"""AudioSet's number of it."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """A tagger that hears a dog in everything."""
    folder = tmp_path_factory.mktemp("tagger")
    checkpoint = tiny_tagger.write_tagger(folder / "mn01_as_mAP_298.pt", tiny_tagger.sure_of(DOG))
    return export(ExportOptions(checkpoint, folder / "mine"))


@pytest.mark.parametrize("width", [0.1, 0.4])
def test_a_network_of_any_width_answers_as_its_layout_says(width: float) -> None:
    state = tiny_tagger.make_state(width)
    mel = torch.randn(2, 1, 128, 60)
    network = MobileNet(state).eval()
    torch.testing.assert_close(network(mel)[1], tiny_tagger.logits_of(state, mel), atol=1e-3, rtol=1e-3)
    assert network.width == width


def test_the_front_end_of_the_graph_is_the_one_by_torchs_own_transform() -> None:
    plain, cheap = PlainFrontEnd(), FrontEnd()
    for audio in (torch.randn(2, 2 * RATE) * 0.1, torch.randn(1, RATE) * 1e-4, torch.zeros(1, RATE)):
        torch.testing.assert_close(cheap(audio), plain(audio), atol=1e-3, rtol=0)


def test_a_tone_is_in_the_band_that_kaldis_scale_says() -> None:
    tone = torch.sin(2 * np.pi * 1000 * torch.arange(RATE) / RATE)[None]
    band = int(PlainFrontEnd()(tone).mean(3).argmax())
    mels = [1127 * np.log1p(hz / 700) for hz in (1000, 15_000)]
    assert band == pytest.approx(mels[0] / mels[1] * 129 - 1, abs=1)


def test_evidence_lies_where_the_name_of_the_class_is_that_is_more_than_typical() -> None:
    names = torch.nn.functional.normalize(torch.randn(527, 64, generator=torch.Generator().manual_seed(1)))
    prior = typical_logits()
    evidence = Evidence(names, prior)
    logits = torch.stack([prior, prior])
    logits[0, 3] += 12
    logits[1, 500] += 12
    points = evidence(logits)
    assert (points @ names.T).argmax(1).tolist() == [3, 500]
    torch.testing.assert_close(points.norm(dim=1), torch.ones(2))


def test_there_is_a_typical_logit_of_every_class() -> None:
    typical = typical_logits()
    assert typical.shape == (527,)
    assert int(typical.argmax()) == 0  # speech is what is heard most


def test_the_model_in_the_box_keeps_the_names() -> None:
    box = (Path(__file__).parents[2] / "models/embedded/audio.onnx").read_bytes()
    names = names_of(box)
    assert len(names) == 527
    torch.testing.assert_close(names.norm(dim=1), torch.ones(len(names)))


def test_typed_words_find_what_the_tagger_hears(exported: ExportReport) -> None:
    encoder = load(ModelConfig(name=exported.folder))
    sound = np.random.default_rng(0).standard_normal((1, encoder.window_len)).astype(np.float32) * 0.1
    words = [
        "the sound of a siren",
        "the sound of a dog barking",
        "the sound of a piano",
        "the sound of rain",
    ]
    cosines = encoder.embed_text(words) @ encoder.embed_audio(sound)[0]
    assert int(cosines.argmax()) == 1
    assert (encoder.sample_rate, encoder.window_len) == (32_000, 64_000)


def test_the_folder_is_a_model_of_three_whole_files(exported: ExportReport) -> None:
    folder = Path(exported.folder)
    read_folder(folder).verify()
    assert b"site-packages" not in (folder / "audio.onnx").read_bytes()
    assert "width 0.1" in exported.network
    assert min(row.cosine for row in exported.parity) > 0.9999
    assert any("width 0.4" in note for note in exported.notes)
    weights = onnx.load(folder / "audio.onnx").graph.initializer
    assert onnx.TensorProto.FLOAT16 in {weight.data_type for weight in weights}
    assert not [weight.name for weight in weights if weight.name.startswith("front")]
    entry = read_folder(folder).entry
    assert (entry.front_end, entry.mel) == ("log_mel", "kaldi")


def test_weights_that_float16_would_spoil_stay_whole(tmp_path: Path) -> None:
    state = tiny_tagger.make_state()
    state["classifier.5.weight"] *= 3000
    report = export(ExportOptions(tiny_tagger.write_tagger(tmp_path / "a.pt", state), tmp_path / "out"))
    kinds = {weight.data_type for weight in onnx.load(tmp_path / "out" / "audio.onnx").graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in kinds
    assert min(row.cosine for row in report.parity) > 0.9999
    assert not list((tmp_path / "out").glob("*.half"))


CATALOGUE = """
[checkpoints.tagger]
repository = "lab/tagger"
release = "v1"
checkpoint = {{ file = "tagger.pt", bytes = {size}, sha256 = "{sha256}" }}
sample_rate = 32000
window_len = 64000
dim = 256
licence = "none"
"""


def test_an_install_makes_the_model_of_a_checkpoint_that_was_brought_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONITOR_MODELS", str(tmp_path))
    (tmp_path / "tagger.partial").mkdir()
    path = tiny_tagger.write_tagger(tmp_path / "tagger.partial" / "tagger.pt")
    sha256 = sha256_of(path)
    catalogue = CATALOGUE.format(size=path.stat().st_size, sha256=sha256)
    (tmp_path / "catalogue.toml").write_text(catalogue, "utf-8")
    assert main(["models", "install", "tagger", "--offline"]) == 0
    assert "tagger is installed" in capsys.readouterr().out
    model = find_model("tagger")
    model.verify()
    assert sha256 in model.entry.source
    assert main(["models", "install", "tagger", "--offline"]) == 0
    assert "was installed already" in capsys.readouterr().out


class Code:
    """A pickle that runs code when it is read by those who trust it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


def test_a_pickle_with_code_is_refused_and_the_code_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "mn01_as.pt"
    torch.save(tiny_tagger.make_state() | {"more": Code(tmp_path / "ran")}, checkpoint)
    argv = ["models", "export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "out")]
    assert main(argv) == 2
    assert "mn01_as.pt holds more than weights" in capsys.readouterr().err
    checkpoint.write_bytes(pickle.dumps(Code(tmp_path / "ran")))
    assert main(argv) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"mn01_as.pt"}


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda state: state.pop(name)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_without("classifier.5.bias"), r"no tensor classifier\.5\.bias"),
        (_without("features.16.1.running_var"), r"no tensor features\.16\.1\.running_var"),
        (lambda state: state.update({"dynamic.weight": torch.ones(2)}), r"another network, dynamic\.weight"),
        (lambda state: state.update({"features.3.block.0.0.weight": torch.ones(3)}), "not a convolution"),
        (lambda state: state.update({"features.0.0.weight": torch.ones(8, 1, 5, 5)}), "1 x 5 x 5"),
        (lambda state: state.update({"classifier.2.weight": torch.ones(128, 4)}), "do not fit"),
        (lambda state: state.update({"classifier.5.weight": torch.ones(4, 1, 1, 1)}), "not a matrix"),
    ],
)
def test_another_network_is_refused_in_one_sentence(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    state = tiny_tagger.make_state()
    change(state)
    with pytest.raises(ModelError, match=sentence) as caught:
        read_tagger(tiny_tagger.write_tagger(tmp_path / "a.pt", state))
    assert "valid: an EfficientAT MobileNet" in str(caught.value)


def test_a_tagger_of_other_classes_or_another_front_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="knows 50 classes"):
        read_tagger(tiny_tagger.write_tagger(tmp_path / "a.pt", tiny_tagger.make_state(classes=50)))
    with pytest.raises(ModelError, match=r"another front end \(mels_64\)"):
        read_tagger(tiny_tagger.write_tagger(tmp_path / "mn10_as_mels_64_mAP_461.pt"))


def test_what_only_clap_can_do_is_refused_of_a_tagger(tmp_path: Path) -> None:
    path = tiny_tagger.write_tagger(tmp_path / "a.pt")
    with pytest.raises(ConfigError, match=r"a\.pt is a tagger; --audio-only, --int8"):
        export(ExportOptions(path, tmp_path / "out", int8=True))
    with pytest.raises(ModelError, match=r"a\.pt is a tagger"):
        read_checkpoint(path)
