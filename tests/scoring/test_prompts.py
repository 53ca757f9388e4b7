from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.settings import MAX_CLASSES, load_config
from monitor.errors import ConfigError
from monitor.names import class_id, folded_words
from monitor.scoring.prompts import build_prompts, parse_classes


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
        ("siren,do🔔r", "cannot be a class name"),
        ("siren,door=\x1b]0;x\x07", "wording of class 'door'"),
        ("siren,door=bell\u202e", "wording of class 'door'"),
        ("siren,\u3164\u3164", "cannot be a class name"),
        ("siren,a\u202eb", "cannot be a class name"),
        ("siren," + "x" * 41, "cannot be a class name"),
        ("siren,ドアベル", 'one letter from a to z .* as in ドアベル="doorbell"'),
        ("dog-bark,dog_bark", r"'dog-bark' is listed twice \('dog-bark' and 'dog_bark' are one name\)"),
        ("Dog Bark,dog_bark", "listed twice"),
        ("SIREN,siren", "listed twice"),
        ("Türklingel=bell,Tu\u0308rklingel=ring", "listed twice"),
        ("Türklingel=bell,Turklingel=ring", "'Türklingel' and 'Turklingel' are one name"),
        ('a="dog bark",b="Dog-Bark"', "'a' and 'b' both listen for 'Dog-Bark', and one sound would be two"),
        ('barking="dog bark.",dog_bark', "'barking' and 'dog_bark' both listen for 'dog bark'"),
        ('犬="dog bark",dog_bark', "'犬' and 'dog_bark' both listen"),
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


@pytest.mark.parametrize(
    ("text", "name", "label", "wording"),
    [
        ('Türklingel="doorbell"', "turklingel", "Türklingel", "doorbell"),
        ("siren,été", "ete", "été", "été"),
        ('犬="dog bark"', "4de08035", "犬", "dog bark"),
        ('ni\u0308n\u0303o="child crying"', "nino", "nïño", "child crying"),
        ('می\u200cزنگ="doorbell"', "6fbda4c2", "میزنگ", "doorbell"),
        ('Дверной звонок="doorbell"', class_id("дверной звонок"), "Дверной звонок", "doorbell"),
    ],
)
def test_a_class_may_be_called_in_any_script(text: str, name: str, label: str, wording: str) -> None:
    found = parse_classes(text)[-1]
    assert (found.label, found.wording) == (label, wording)
    assert found.name == name
    assert re.fullmatch("[a-z0-9_-]{1,40}", found.name)


def test_an_alias_is_found_however_its_name_is_written() -> None:
    assert parse_classes("Dog Bark", {"dog-bark": "big dog barking"})[0].wording == "big dog barking"
    with pytest.raises(ConfigError, match="'dog-bark' and 'dog_bark', which are one class"):
        parse_classes("siren", {"dog-bark": "a dog", "dog_bark": "a big dog"})


def test_two_aliases_that_say_the_same_are_refused() -> None:
    with pytest.raises(ConfigError, match="'alarm' and 'siren' both listen for 'siren'"):
        parse_classes("alarm,siren", {"alarm": "Siren"})


LABELS = st.lists(
    st.sampled_from(["siren", "Siren", "dog bark", "dog-bark", "été", "e\u0301te\u0301", "犬", "Hund"]),
    min_size=1,
    max_size=6,
)


@given(LABELS)
def test_what_is_accepted_has_names_and_wordings_of_its_own(labels: list[str]) -> None:
    try:
        classes = parse_classes(",".join(f'{label}="sound of {label}x"' for label in labels))
    except ConfigError:
        assert len({folded_words(label) for label in labels}) < len(labels)
        return
    assert len({item.name for item in classes}) == len(labels)
    assert len({folded_words(item.wording) for item in classes}) == len(labels)


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


def test_a_name_that_a_plain_locale_could_not_read_is_read_as_utf_8() -> None:
    given = 'Türklingel="doorbell"'.encode().decode("ascii", "surrogateescape")
    assert [item.label for item in parse_classes(given)] == ["Türklingel"]
