from __future__ import annotations

import pytest

from monitor.config import MAX_CLASSES, load_config
from monitor.errors import ConfigError
from monitor.prompts import build_prompts, parse_classes


def test_a_class_name_becomes_words() -> None:
    assert [(c.name, c.wording) for c in parse_classes("siren,dog_bark")] == [
        ("siren", "siren"),
        ("dog_bark", "dog bark"),
    ]


@pytest.mark.parametrize("text", ['alarm="smoke alarm, beeping",siren', '"alarm=smoke alarm, beeping",siren'])
def test_a_user_may_word_a_class_himself(text: str) -> None:
    assert parse_classes(text)[0].wording == "smoke alarm, beeping"


def test_a_shell_that_removed_the_quotes_does_no_harm() -> None:
    assert parse_classes("alarm=smoke alarm beeping,siren")[0].wording == "smoke alarm beeping"


def test_words_with_spaces_get_a_name_fit_for_a_topic() -> None:
    assert parse_classes("Dog Bark")[0].name == "dog_bark"


def test_an_alias_gives_the_wording() -> None:
    assert parse_classes("bell", {"bell": "doorbell ringing"})[0].wording == "doorbell ringing"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" , ,", "empty"),
        ("siren,siren", "twice"),
        (",".join(f"c{i}" for i in range(501)), f"501 classes are listed, at most {MAX_CLASSES}"),
        ("siren,do.g", "'do.g' cannot be a class name"),
        ("siren,été", "cannot be a class name"),
        ("alarm=", "at least one letter"),
        ("alarm=???", "at least one letter"),
        ('alarm="beep,siren', "quote is not closed"),
        ("a=b=c", "neither '='"),
    ],
)
def test_bad_class_lists_are_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refusal:
        parse_classes(text)
    assert "\n" not in str(refusal.value)


def test_the_template_of_the_configuration_wins_over_the_models_own() -> None:
    classes = parse_classes("siren")
    own = load_config(flags={"prompts": {"template": "I can hear {}"}})
    assert build_prompts(classes, own, "the sound of {}").class_prompts == ("I can hear siren",)
    assert build_prompts(classes, load_config(), "the sound of {}").class_prompts == ("the sound of siren",)


def test_several_templates_are_an_ensemble_and_the_first_is_shown() -> None:
    own = load_config(flags={"prompts": {"template": ["I can hear {}", "a {}"]}})
    prompts = build_prompts(parse_classes("siren,dog_bark"), own, "the sound of {}")
    assert prompts.templates == ("I can hear {}", "a {}")
    assert prompts.class_prompts == ("I can hear siren", "I can hear dog bark")


def test_the_ensemble_of_a_model_counts_where_nothing_is_configured() -> None:
    prompts = build_prompts(parse_classes("siren"), load_config(), ("the sound of {}", "a {}"))
    assert prompts.templates == ("the sound of {}", "a {}")


@pytest.mark.parametrize("template", ["no place", "{} and {}", ("a {}", "no place"), ("a {}", "{} and {}")])
def test_a_template_without_one_place_is_refused(template: str | tuple[str, ...]) -> None:
    config = load_config(flags={"prompts": {"template": template}})
    with pytest.raises(ConfigError, match="once"):
        build_prompts(parse_classes("siren"), config, "{}")
