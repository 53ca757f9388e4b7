from __future__ import annotations

import pytest

from monitor.config.settings import Config, load_config
from monitor.errors import ConfigError

KUBERNETES = {
    "MONITOR_PORT": "tcp://10.0.0.1:5557",
    "MONITOR_PORT_5557_TCP": "tcp://10.0.0.1:5557",
    "MONITOR_SERVICE_HOST": "10.0.0.1",
    "MONITOR_NAME": "/web/monitor",
    "MONITOR_SERVICE_PORT": "5557",
    "MONITOR_PUBLISH_PORT": "tcp://10.0.0.1:5557",
    "MONITOR_PUBLISH_PORT_5557_TCP_ADDR": "10.0.0.1",
    "MONITOR_PUBLISH_PORT_5557_TCP_PROTO": "tcp",
    "MONITOR_PUBLISH_SERVICE_HOST": "10.0.0.1",
    "MONITOR_PUBLISH_SERVICE_PORT_BUS": "5557",
    "MONITOR_MODEL_STORE_SERVICE_HOST": "10.0.0.2",
}


def test_what_kubernetes_sets_for_a_service_of_our_name_is_passed_over() -> None:
    assert load_config(environment=KUBERNETES) == Config()


def test_other_variables_of_this_and_of_other_programs_are_no_settings() -> None:
    others = {"MONITOR_MODELS": "/m", "MONITOR_NO_CACHE": "1", "MONITOR_DEBUG": "1"}
    assert (
        load_config(environment={**others, "MONITOR_MIRROR": "https://x", "MONITOR_COLOUR": "red"})
        == Config()
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MONITOR_DETECTOR_ONSET_TRESHOLD", "did you mean MONITOR_DETECTOR_ONSET_THRESHOLD?"),
        ("MONITOR_DETECTER_ONSET_THRESHOLD", "did you mean MONITOR_DETECTOR_ONSET_THRESHOLD?"),
        ("MONITOR_MODEL_NAMES", "did you mean MONITOR_MODEL_NAME?"),
        ("MONITOR_PUBLISH_BINDD", "did you mean MONITOR_PUBLISH_BIND?"),
        ("MONITOR_MODEL", "did you mean MONITOR_MODEL_NAME?"),
        ("MONITOR_CLASSES", "did you mean MONITOR_PROMPTS_CLASSES?"),
        ("MONITOR_LEVEL_QQQQ", "`monitor config` lists what there is"),
    ],
)
def test_a_misspelt_setting_is_told_by_its_own_name(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(environment={name: "1"})
    assert str(refused.value).startswith(f"The environment variable {name} is no setting; {hint}")


@pytest.mark.parametrize("digits", ["9" * 5000, "0x" + "f" * 5000, "1" * 60])
@pytest.mark.parametrize("name", ["MONITOR_MODEL_THREADS", "MONITOR_WINDOW_HOP_S"])
def test_a_number_of_thousands_of_digits_is_one_short_sentence(name: str, digits: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: ") as refused:
        load_config(environment={name: digits})
    assert len(str(refused.value)) < 300
