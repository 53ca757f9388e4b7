from __future__ import annotations

from pathlib import Path

from monitor.vocabulary.measured import of_word, read_measurements
from tests.tools.load import load_tool

measured_words = load_tool("tools.train.measured_words")
TABLE = """model,method,class_name,snr_db,metric,value,low,high,n
embedded,zero-shot,dog_bark,inf,top1,0.875,0,1,52
embedded,zero-shot,dog_bark,10.0,top1,0.5,0,1,52
embedded,zero-shot,dog_bark,0.0,top1,0.25,0,1,52
embedded,zero-shot,dog_bark,3.0,top1,0.3,0,1,52
embedded,zero-shot,dog_bark,inf,recall,0.1,0,1,52
teacher,zero-shot,dog_bark,inf,top1,0.2,0,1,52
"""


def test_what_was_evaluated_is_read_back_as_what_was_measured(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text(TABLE)
    words = measured_words.words_of(tmp_path / "classes.csv", "embedded")
    path = tmp_path / "measured.toml"
    path.write_text(measured_words.as_toml([("fold 4", words), ("fold 6", words)], "aa"))
    found = of_word(read_measurements(path, "aa"), "dog bark")
    assert [one.recordings for one in found] == ["fold 4", "fold 6"]
    assert (found[0].clips, found[0].percent) == (52, {"clean": 87.5, "10 dB": 50.0, "0 dB": 25.0})
