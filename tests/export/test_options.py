from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError
from monitor.export.exporter import ExportOptions, export


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"int8": True, "fp16": True}, "cannot go together"),
        ({"short": 3.0}, "2.56 or 5.12"),
        ({"name": "../up"}, "cannot be called"),
        ({"out": Path(__file__).parent}, "is not an empty folder"),
        ({"out": Path(__file__)}, "is not an empty folder"),
    ],
    ids=["forms", "short", "name", "folder in use", "file"],
)
def test_options_that_cannot_work_are_refused_before_anything_is_read(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    options = {"checkpoint": tmp_path / "none.pt", "out": tmp_path / "out"} | change
    with pytest.raises(ConfigError, match=sentence):
        export(ExportOptions(**options))
