"""The whole export on tiny models of the real structure: files, entry, parity, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor import load_encoder
from monitor.errors import ModelError
from monitor.export.exporter import ExportOptions, export
from monitor.export.result import ExportReport
from monitor.models.onnx_file import check_one_graph
from monitor.models.store import read_folder
from tests.export.tokens import write_tokenizer

onnx = pytest.importorskip("onnx", reason="onnx is not installed; it comes with the extra 'export'")
torch = pytest.importorskip("torch", reason="torch is not installed; it comes with the extra 'export'")
pytest.importorskip("transformers", reason="transformers is not installed; it comes with the extra 'export'")
pytest.importorskip("safetensors", reason="safetensors is not installed; it comes with the extra 'export'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed; it comes with the extra 'export'")

from tests.export import tiny  # noqa: E402

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]


def session(path: Path) -> Any:
    from monitor.encoders.runtime import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def least(report: ExportReport, tower: str, form: str) -> float:
    found = [
        row.cosine
        for row in report.summaries
        if (row.comparison.tower, row.comparison.form) == (tower, form)
        and "repeated" not in row.comparison.against
    ]
    return min(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint in transformers' layout, unfused, safetensors."""
    model = tiny.make_model(tiny.make_config())
    torch.nn.init.constant_(model.logit_scale_a, 3.0)
    return tiny.write_folder(tmp_path_factory.mktemp("hub") / "clap-htsat-unfused", model)


@pytest.fixture(scope="module")
def exported(folder: Path) -> ExportReport:
    return export(ExportOptions(folder, folder.parent / "out"))


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """A laion-clap checkpoint, fused, as int8."""
    home = tmp_path_factory.mktemp("laion")
    model = tiny.make_model(tiny.make_config(fused=True, text_eps=1e-5))
    tokenizer = write_tokenizer(home / "roberta.json", tiny.VOCABULARY)
    checkpoint = tiny.write_laion(home / "630k unfused.pt", model)
    return export(ExportOptions(checkpoint, home / "out", int8=True, tokenizer=tokenizer))


def test_the_exported_pair_is_its_source(exported: ExportReport) -> None:
    assert least(exported, "audio", "fp32") > 0.99999
    assert least(exported, "text", "fp32") > 0.99999
    assert exported.notes == ()
    assert exported.network.endswith("unfused")


def test_the_folder_is_a_model_that_monitor_reads(exported: ExportReport) -> None:
    folder = Path(exported.folder)
    model = read_folder(folder)
    model.verify()
    assert (model.entry.sample_rate, model.entry.input_len, model.entry.dim) == (48_000, 480_000, 32)
    assert model.entry.vocabulary == tiny.VOCABULARY
    assert model.entry.tuning is not None
    assert model.entry.tuning.temperature == pytest.approx(np.exp(-3.0))
    assert len(model.entry.golden["dog barking"]) == 4
    assert sorted(path.name for path in folder.iterdir()) == [
        "audio.onnx",
        "model.toml",
        "parity.json",
        "parity.md",
        "text.onnx",
        "tokenizer.json",
    ]
    assert not list(folder.parent.glob(".out-*"))


def test_parity_is_written_down(exported: ExportReport) -> None:
    rows = json.loads((Path(exported.folder) / "parity.json").read_text("utf-8"))
    assert {row["item"] for row in rows} >= {"silence", "sweep 50 Hz to 14 kHz", "dog barking"}
    assert "| audio fp32 | source in torch | 9 |" in (Path(exported.folder) / "parity.md").read_text("utf-8")


def test_any_number_of_windows_goes_through_the_graph_at_once(exported: ExportReport) -> None:
    audio = session(Path(exported.folder) / "audio.onnx")
    windows = np.random.default_rng(0).standard_normal((3, 480_000)).astype(np.float32) * np.float32(0.1)
    together = audio.run(None, {"audio": windows})[0]
    alone = np.concatenate([audio.run(None, {"audio": window[None]})[0] for window in windows])
    assert together == pytest.approx(alone, abs=1e-5)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_graphs_are_whole_and_tell_nothing_of_the_machine(exported: ExportReport) -> None:
    for name in ("audio.onnx", "text.onnx"):
        content = (Path(exported.folder) / name).read_bytes()
        check_one_graph(content)
        assert b"site-packages" not in content
        assert str(Path.home()).encode() not in content
    graph = onnx.load(Path(exported.folder) / "text.onnx").graph
    assert [value.name for value in graph.input] == ["input_ids", "attention_mask"]
    assert [value.name for value in graph.output] == ["embedding"]


def test_a_fused_laion_checkpoint_is_known_by_its_tensors_not_its_name(fused: ExportReport) -> None:
    assert fused.network.endswith(", fused")
    assert fused.layout == "laion-clap"
    assert "htk" in fused.front_end
    assert "16 bits" in fused.front_end
    assert fused.name == "630k-unfused"


def test_a_fused_checkpoint_is_compared_as_one_that_hears_ten_seconds(fused: ExportReport) -> None:
    assert least(fused, "audio", "fp32") > 0.99999


def test_int8_is_near_and_keeps_the_front_end(fused: ExportReport) -> None:
    assert least(fused, "audio", "int8") > 0.98
    assert least(fused, "text", "int8") > 0.98
    graph = onnx.load(Path(fused.folder) / "audio.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.index("Log") < kinds.index("MatMulInteger")


def test_float16_computes_the_front_end_in_float32(folder: Path, tmp_path: Path) -> None:
    report = export(ExportOptions(folder, tmp_path / "out", fp16=True))
    assert least(report, "audio", "fp16") > 0.9999
    assert least(report, "text", "fp16") > 0.9999
    kinds = {value.data_type for value in onnx.load(tmp_path / "out" / "audio.onnx").graph.initializer}
    assert {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16} <= kinds


def test_a_short_tower_hears_what_the_whole_one_hears_of_the_repeated_sound(
    folder: Path, tmp_path: Path
) -> None:
    report = export(ExportOptions(folder, tmp_path / "out", short=2.56, audio_only=True))
    assert report.input_len == 122_880
    assert least(report, "audio", "fp32") > 0.99999
    whole = [row for row in report.parity if "repeated" in row.comparison.against]
    assert min(row.cosine for row in whole) > 0.8
    assert "approximation" in report.notes[0]
    assert "cannot run it" in report.notes[1]
    assert not (tmp_path / "out" / "model.toml").exists()


def test_a_pickle_with_code_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "hook": print}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match=r"evil\.pt holds more than weights"):
        export(ExportOptions(tmp_path / "evil.pt", tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["evil.pt"]


def test_a_laion_checkpoint_needs_a_tokenizer(tmp_path: Path) -> None:
    checkpoint = tiny.write_laion(
        tmp_path / "a.pt", tiny.make_model(tiny.make_config(text_eps=1e-5)), prefix=""
    )
    with pytest.raises(ModelError, match="--tokenizer FILE"):
        export(ExportOptions(checkpoint, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_what_was_exported_hears_and_reads_as_the_checkpoint_in_torch(
    exported: ExportReport, folder: Path
) -> None:
    """Two libraries, and two front ends: one in the graph, one in NumPy."""
    onnx_runtime, in_torch = load_encoder(exported.folder), load_encoder(str(folder), provider="torch")
    sounds = 0.1 * np.random.default_rng(0).standard_normal((2, 480_000)).astype(np.float32)
    words = ["dog barking", "the sound of a siren", "rain"]
    assert onnx_runtime.embed_audio(sounds) == pytest.approx(in_torch.embed_audio(sounds), abs=1e-5)
    assert onnx_runtime.embed_text(words) == pytest.approx(in_torch.embed_text(words), abs=1e-5)
