"""From sound to a version, and to whether it is kept: the whole recipe, with an encoder that hears pitch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.config.settings import Config
from monitor.corpus.layouts import read_data
from monitor.errors import ConfigError, ModelError
from monitor.learning.adaptation import Adapted, AdaptOptions, Place, adapt, try_adapter
from monitor.learning.adapter_training import TrainingOptions
from monitor.learning.adapter_versions import AdapterVersion, AdapterVersions
from monitor.learning.captions import Captions, embed_captions, read_captions
from monitor.learning.curation import CurationOptions
from monitor.learning.heard_sound import HeardSound, SoundDescription, hear_recordings, remember
from monitor.learning.transferred import taught_sounds_of, transfer
from monitor.learning.trial import LeftOut
from monitor.models.adapter import Adapter, find_adapter
from monitor.records import Cohort, Moment
from monitor.scoring.prompts import parse_classes
from monitor.storage.database import open_database
from monitor.storage.moments import open_moments
from monitor.storage.moments.opening import SCHEMA
from monitor.storage.own_sounds import load, save
from monitor.units import unit_norm
from tests.evaluation.layouts import write_esc50
from tests.fakes import FakeEncoder
from tests.learning.sounds import taught

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
OPTIONS = AdaptOptions(
    curation=CurationOptions(share=1.0, standardised=False, near=0.5),
    training=TrainingOptions(rank=2, epochs=3, batch=32),
)


def place() -> Place:
    encoder = FakeEncoder({"siren": 800.0, "low": 250.0, "high": 3000.0})
    vectors = np.abs(np.random.default_rng(1).normal(0.0, 0.3, (400, encoder.dim))).astype(np.float32)
    vectors[:, -1] += 1.0
    encoder.cohort = Cohort(unit_norm(vectors), (), np.full(400, -1, np.intp), 100.0)
    return Place(encoder, tuple(parse_classes("low,high")), Config())


def heard(count: int = 300) -> HeardSound:
    """Sounds between the pitches, ten in each stretch, every fifth stretch left out."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(0.0, 0.1, (count, 4)).astype(np.float32)
    vectors[np.arange(count), rng.integers(1, 3, count)] += 1.0
    stretch_of = np.arange(count) // 10
    described = SoundDescription("recordings", count, count // 10, float(count))
    return HeardSound(unit_norm(vectors), stretch_of, 0 * stretch_of, stretch_of % 5 == 0, (), described)


def captions(of: Place) -> Captions:
    return embed_captions(of.encoder, ["low", "high"], ["low", "high", "siren"], ("{}",))


def version(adapted: Adapted, kept: bool = True) -> AdapterVersion:
    return AdapterVersion(
        number=0,
        fingerprint=adapted.adapter.fingerprint,
        made=NOON,
        sound=heard().description,
        listened_for=("low", "high"),
        pairs=adapted.pairs,
        captions=adapted.captions,
        own_captions=True,
        losses=adapted.losses,
        options=OPTIONS,
        verdict=replace(adapted.verdict, kept=kept),
    )


@pytest.fixture
def adapted() -> Adapted:
    return adapt(place(), heard(), captions(place()), OPTIONS)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_only_stretches_that_are_not_left_out_are_learnt_from_and_the_others_are_tried(
    adapted: Adapted,
) -> None:
    assert adapted.pairs == 240
    assert adapted.captions == 2
    assert sum(one.sounds for one in adapted.verdict.classes) == 60
    assert len(adapted.losses) == 3


def test_what_only_the_model_itself_calls_good_is_not_kept_unless_that_is_wanted() -> None:
    trusting = replace(OPTIONS, own_judgement=True, training=replace(OPTIONS.training, epochs=0))
    wary = replace(trusting, own_judgement=False)
    assert adapt(place(), heard(), captions(place()), trusting).verdict.kept
    refused = adapt(place(), heard(), captions(place()), wary).verdict
    assert not refused.kept
    assert "nobody but the model itself" in refused.reason


def test_taught_sounds_say_whether_a_version_is_kept() -> None:
    save(taught("low", FakeEncoder.identity))
    examples = taught_sounds_of(("low", "high"), FakeEncoder().info, None)
    assert examples is not None
    assert examples.truth.tolist() == [[True, False]] * 3
    unchanged = replace(OPTIONS, training=replace(OPTIONS.training, epochs=0))
    verdict = adapt(replace(place(), taught=examples), heard(), captions(place()), unchanged).verdict
    assert verdict.kept
    assert [one.sounds for one in verdict.classes][:2] == [3, 0]


def test_alarms_that_nobody_listens_for_are_tried_all_the_same(adapted: Adapted) -> None:
    assert {one.name for one in adapted.verdict.classes} > {"low", "high", "siren"}
    assert any(one.found is not None for one in adapted.verdict.alarms)


def test_a_map_that_turns_sounds_into_their_opposites_is_refused() -> None:
    whole = np.eye(4, dtype=np.float32)
    harmful = Adapter(FakeEncoder.identity, whole, -2.0 * whole)
    truth = np.repeat(np.eye(2, dtype=np.bool_), 10, axis=0)
    vectors = np.eye(4, dtype=np.float32)[[1] * 10 + [2] * 10]
    verdict = try_adapter(place(), harmful, LeftOut(vectors, np.arange(20), truth))
    assert not verdict.kept
    assert verdict.reason.startswith("Not kept: of 10 left-out sounds of ")


def test_a_version_that_could_not_be_tried_on_what_is_listened_for_is_refused(adapted: Adapted) -> None:
    verdict = try_adapter(place(), adapted.adapter, None)
    assert not verdict.kept
    assert "nobody knows whether" in verdict.reason


def test_too_few_pairs_are_refused_with_what_to_do() -> None:
    few = replace(OPTIONS, curation=replace(OPTIONS.curation, min_cosine=1.0))
    with pytest.raises(ConfigError, match=r"^0 pairs of sound and caption were found, and 32 or more are"):
        adapt(place(), heard(), captions(place()), few)


def test_a_kept_version_is_in_use_until_it_is_put_aside(adapted: Adapted) -> None:
    versions = AdapterVersions(FakeEncoder.identity)
    versions.add(adapted.adapter, version(adapted))
    used = find_adapter("auto", FakeEncoder.identity, 4)
    assert used is not None
    assert used.fingerprint == adapted.adapter.fingerprint
    again = AdapterVersions(FakeEncoder.identity)
    assert again.all == versions.all
    assert again.roll_back(NOON) is None
    assert find_adapter("auto", FakeEncoder.identity, 4) is None
    with pytest.raises(ModelError, match=r"^No adapter of this model is in use"):
        again.roll_back(NOON)


def test_a_refused_version_is_told_of_and_never_used(adapted: Adapted) -> None:
    versions = AdapterVersions(FakeEncoder.identity)
    versions.add(adapted.adapter, version(adapted))
    other = Adapter(FakeEncoder.identity, adapted.adapter.down, -adapted.adapter.up)
    refused = versions.add(other, version(adapted, kept=False))
    assert refused.number == 2
    assert versions.in_use is not None
    assert versions.in_use.number == 1
    assert [one.number for one in AdapterVersions(FakeEncoder.identity).all] == [1, 2]


def test_a_damaged_history_is_refused_in_one_sentence(adapted: Adapted) -> None:
    versions = AdapterVersions(FakeEncoder.identity)
    versions.add(adapted.adapter, version(adapted))
    (versions.folder / "history.json").write_text("{")
    with pytest.raises(ModelError, match=r"history\.json is no history of adapters: .* to begin again\.$"):
        AdapterVersions(FakeEncoder.identity)


def test_what_was_taught_to_the_model_goes_on_being_known_to_the_adapted_one(adapted: Adapted) -> None:
    save(taught("doorbell", FakeEncoder.identity))
    assert transfer(FakeEncoder.identity, None, adapted.adapter) == ["doorbell"]
    transferred = load("doorbell", adapted.adapter.identity, 4)
    assert transferred is not None
    np.testing.assert_allclose(
        transferred.sound.vectors, adapted.adapter.apply(taught("doorbell").sound.vectors), atol=1e-3
    )
    assert transfer(FakeEncoder.identity, None, adapted.adapter) == []


def test_recordings_are_heard_window_by_window_and_never_by_their_labels(tmp_path: Path) -> None:
    corpus = read_data(write_esc50(tmp_path, folds=tuple(range(1, 15))))
    sound = hear_recordings(FakeEncoder(), corpus, ())
    assert sound.description.kind == "ESC-50"
    assert len(sound.vectors) == len(sound.stretch_of) >= 50
    left_out = {sound.clips[at].group for at in sound.stretch_of[sound.left_out]}
    learnt = {sound.clips[at].group for at in sound.stretch_of[~sound.left_out]}
    assert left_out
    assert not left_out & learnt


def test_too_little_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^There are \d+ windows with sound in these recordings, and 50"):
        hear_recordings(FakeEncoder(), read_data(write_esc50(tmp_path)), (1,))


def test_the_memory_gives_back_what_was_heard_through_an_adapter(tmp_path: Path, adapted: Adapted) -> None:
    path = tmp_path / "memory.db"
    plain = heard(200).vectors
    through = adapted.adapter.apply(plain)
    open_database(path, SCHEMA, make=True).close()
    with open_moments(path) as moments:
        assert moments is not None
        moments.add(moment(plain[at], FakeEncoder.identity, at) for at in range(100))
        moments.add(moment(through[at], adapted.adapter.identity, at) for at in range(100, 200))
        sound = remember(moments, FakeEncoder.identity, [adapted.adapter], 0.5)
    assert sound.description.seconds == 100.0
    np.testing.assert_allclose(sound.vectors, plain, atol=5e-3)  # they are remembered in 16 bits


def moment(vector: NDArray[np.float32], model: str, minute: int) -> Moment:
    return Moment(
        "mic0", model, NOON + timedelta(minutes=minute), vector.astype(np.float16), {}, -40.0, -60.0
    )


def test_captions_of_a_file_are_taken_once_each(tmp_path: Path) -> None:
    path = tmp_path / "captions.txt"
    path.write_text("a dog barks\n\nrain on a roof\na dog barks\n", "utf-8")
    assert read_captions(path) == ["a dog barks", "rain on a roof"]
    path.write_text("\n", "utf-8")
    with pytest.raises(ConfigError, match=r"holds 0 captions; valid: 1 to"):
        read_captions(path)
