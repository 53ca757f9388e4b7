from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from monitor.config.settings import Config, load_config
from monitor.errors import ConfigError
from tests.tools.load import load_tool

CONFIGS = Path(__file__).parents[2] / "configs"


def test_default_toml_lists_every_key_with_the_default_of_the_code() -> None:
    listed = tomllib.loads((CONFIGS / "default.toml").read_text("utf-8"))
    assert listed == msgspec.json.decode(msgspec.json.encode(Config()))


@pytest.mark.parametrize(
    ("tool", "path"),
    [
        ("tools.maintain.write_default_config", "configs/default.toml"),
        ("tools.maintain.write_configuration_page", "docs/configuration.md"),
    ],
)
def test_what_is_written_from_the_code_is_up_to_date(tool: str, path: str) -> None:
    written = (CONFIGS.parent / path).read_text("utf-8")
    assert load_tool(tool).document() == written, f"run: python -m {tool} > {path}"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_configuration_loads(path: Path) -> None:
    load_config(path)


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('[model]\nname = "file"\nthreads = 3\n[window]\nhop_s = 0.5\n', "utf-8")
    environment = {"MONITOR_MODEL_NAME": "environment", "MONITOR_MODEL_THREADS": "2", "HOME": "x"}
    config = load_config(path, environment, {"model": {"name": "flag"}})
    assert (config.model.name, config.model.threads, config.window.hop_s) == ("flag", 2, 0.5)
    assert config.level == Config().level


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[detector]\nonset_treshold = 0.5",
            "unknown key 'onset_treshold' in [detector]; did you mean 'onset_threshold'?",
        ),
        ("[detectr]\n", "did you mean 'detector'?"),
        ("[detector.classes.siren]\nloud = 1", "unknown key 'loud' in [detector.classes.siren]"),
        ("[detector]\nonset_threshold = 1.5", "detector.onset_threshold"),
        ("[window]\nhop_s = -1", "window.hop_s"),
        ("[window]\nhop_s = 0.001", "window.hop_s is 0.001; valid: 0"),
        ('[window]\nhop_s = "fast"', "window.hop_s"),
        ("[detector]\nonset_threshold = 0.2\noffset_threshold = 0.6", "above onset_threshold"),
        ("[detector]\nonset_threshold = 0.5\n[detector.classes.siren]\noffset_threshold = 0.9", "siren"),
        ("[prompts]\ntemplate = 5", "prompts.template is 5; expected text or a list of texts"),
        ("[prompts]\ntemplate = [5]", "prompts.template[0]"),
        ("[model]\nwindow_s = -1", "model.window_s is -1"),
        ("model = 3", "model"),
        ("[detector]\nclasses = {siren = 3}", "detector.classes"),
        ("[capture]\nring_s = inf", "capture.ring_s is inf"),
        ("[level]\nsilent_dbfs = nan", "level.silent_dbfs is nan"),
        ("[background]\nmemory_s = 1e12", "background.memory_s"),
        ("[level]\nbands = 1000000000", "level.bands"),
        ("[model]\nthreads = 1000000", "model.threads"),
        ("[drift]\nbeta = 1e38", "drift.beta"),
        ("a = " + "[" * 5000, "not valid TOML"),
        ("[model", "not valid TOML"),
    ],
)
def test_a_bad_configuration_is_refused_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_config(path)
    assert says in str(refusal.value)
    assert "bad.toml" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no/such\.toml"):
        load_config(Path("no/such.toml"))


def test_a_bad_variable_of_the_environment_is_named_with_its_value() -> None:
    with pytest.raises(ConfigError, match=r"MONITOR_DETECTOR_ONSET_THRESHOLD: .* is 'foo'"):
        load_config(environment={"MONITOR_DETECTOR_ONSET_THRESHOLD": "foo"})
