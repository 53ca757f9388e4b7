"""The table of sounds, and the phrases that are made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tools.load import load_tool

word_examples = load_tool("tools.train.word_examples")

TABLE = '''
[[sound]]
is = ["siren", "wailing siren"]
things = "ambulance, police car"
acts = """passing,
  in a hurry"""
events = "make way for the doctor, somebody at the door"

[[sound]]
is = ["doorbell"]
alone = false
things = "visitor"
acts = "ringing"
events = "somebody at the door, siren"
'''


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.toml"
    path.write_text(TABLE)
    return path


@pytest.fixture
def ontology(tmp_path: Path) -> Path:
    path = tmp_path / "ontology.json"
    path.write_text(
        json.dumps([{"name": "Police car", "description": "A loud vehicle of the police. It drives."}])
    )
    return path


def test_things_are_said_alone_and_with_each_act_unless_they_say_little(table: Path) -> None:
    phrases = {entry.phrase for entry in word_examples.read_table(table)}
    assert {"ambulance", "ambulance passing", "police car in a hurry", "visitor ringing"} < phrases
    assert "visitor" not in phrases


def test_a_phrase_under_two_sounds_means_both(table: Path) -> None:
    (entry,) = [one for one in word_examples.read_table(table) if one.phrase == "somebody at the door"]
    assert entry.sounds == (("siren", "wailing siren"), ("doorbell",))


def test_the_name_of_a_sound_is_no_entry(table: Path) -> None:
    assert "siren" not in {entry.phrase for entry in word_examples.read_table(table)}


def test_an_entry_with_a_secret_phrase_in_it_is_dropped(table: Path) -> None:
    left = {
        entry.phrase
        for entry in word_examples.without(word_examples.read_table(table), ["ambulance", "sit", "way"])
    }
    assert {"visitor ringing", "police car"} < left
    assert not any("ambulance" in phrase or "make way" in phrase for phrase in left)
    assert len(word_examples.without(word_examples.read_table(table), [])) == len(
        word_examples.read_table(table)
    )


def test_no_paraphrase_is_ever_taught() -> None:
    secret = [phrase for phrases in word_examples.read_paraphrases().values() for phrase in phrases]
    left = {entry.phrase for entry in word_examples.without(word_examples.read_table(), secret)}
    assert len(left) > 5_000
    assert left.isdisjoint(secret)


def test_every_lesson_about_one_phrase_pulls_with_weight_one(table: Path, ontology: Path) -> None:
    entries = word_examples.read_table(table)
    made = word_examples.make_examples(entries, ontology, scenes=0)
    assert made
    assert all(sum(weight for _, weight in example.heard) == pytest.approx(1.0) for example in made)


def test_the_sound_is_asked_for_in_the_prompt_of_the_phrase(table: Path, ontology: Path) -> None:
    made = {
        example.text: example
        for example in word_examples.make_examples(word_examples.read_table(table), ontology, 0)
    }
    assert dict(made["the sound of make way for the doctor"].heard) == {
        "the sound of siren": 0.5,
        "the sound of wailing siren": 0.5,
    }


def test_a_description_is_drawn_to_its_name(table: Path, ontology: Path) -> None:
    made = {
        example.text: example
        for example in word_examples.make_examples(word_examples.read_table(table), ontology, 0)
    }
    assert made["a loud vehicle of the police"].heard == (("police car", 1.0),)


def test_a_scene_is_drawn_to_both_sounds_and_the_second_never_outweighs_the_first(
    table: Path, ontology: Path
) -> None:
    entries = [entry for entry in word_examples.read_table(table) if len(entry.sounds) == 1]
    alone = {example.text for example in word_examples.make_examples(entries, ontology, 0)}
    scenes = [one for one in word_examples.make_examples(entries, ontology, 200) if one.text not in alone]
    assert len(scenes) > 50
    for scene in scenes:
        total = sum(weight for _, weight in scene.heard)
        assert 1.5 - 1e-9 <= total <= 2 + 1e-9


def test_the_same_seed_draws_the_same_lessons(table: Path, ontology: Path) -> None:
    entries = word_examples.read_table(table)
    assert word_examples.make_examples(entries, ontology, 30, seed=3) == word_examples.make_examples(
        entries, ontology, 30, seed=3
    )


def test_what_the_table_speaks_for_holds_prompts_and_places(table: Path) -> None:
    forms = word_examples.spoken_for(word_examples.read_table(table))
    assert {"ambulance passing", "the sound of ambulance passing", "ambulance passing outside"} < forms


def test_the_table_covers_the_classes_people_rely_on() -> None:
    sounds = {wordings[0] for entry in word_examples.read_table() for wordings in entry.sounds}
    assert {"siren", "fire smoke alarm", "doorbell", "door knock", "baby cry", "dog bark", "car horn",
            "glass break", "gunshot", "scream"} <= sounds  # fmt: skip
