from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import SourceError
from monitor.sources.devices import Device, find, find_id, printable, stable_id, with_unique_ids


def device(index: int, name: str, is_default: bool = False) -> Device:
    return Device(index, stable_id("ALSA", name, Path("nowhere")), name, "ALSA", 2, 48_000, is_default)


USB, BUILT_IN, DOCK = device(2, "USB Mic"), device(0, "Built-in Mic", is_default=True), device(5, "Dock")
DEVICES = [BUILT_IN, USB, DOCK]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("2", USB),
        ("alsa-usb-mic", USB),
        ("usb mic", USB),
        ("USB", USB),
        ("dOcK", DOCK),
        ("default", BUILT_IN),
        ("", BUILT_IN),
    ],
)
def test_a_microphone_is_found_by_index_id_name_part_or_as_the_default(spec: str, expected: Device) -> None:
    assert find(DEVICES, spec) == expected


def test_without_a_default_the_first_is_taken() -> None:
    assert find([USB, DOCK], "default") == USB


def test_a_whole_name_wins_over_a_part_of_another() -> None:
    longer = device(7, "Dock extra")
    assert find([longer, DOCK], "dock") == DOCK


@pytest.mark.parametrize("spec", ["1", "9999999999999999999999", "nope", "-1", "alsa-nope"])
def test_an_unknown_microphone_is_refused_with_what_there_is(spec: str) -> None:
    with pytest.raises(SourceError, match=r"no microphone .*0 \(Built-in Mic.*monitor devices") as caught:
        find(DEVICES, spec)
    assert repr(spec) in str(caught.value)


def test_an_ambiguous_name_lists_the_candidates_only() -> None:
    with pytest.raises(SourceError, match="more than one") as caught:
        find(DEVICES, "mic")
    assert "alsa-usb-mic" in str(caught.value)
    assert "Dock" not in str(caught.value)


def test_many_devices_are_listed_in_part() -> None:
    many = [device(index, f"thing {index}") for index in range(20)]
    with pytest.raises(SourceError, match="and 12 more"):
        find(many, "nope")


def test_a_machine_without_microphones_is_told_so() -> None:
    with pytest.raises(SourceError, match="No microphone was found"):
        find([], "default")


def test_binding_by_id_never_takes_another() -> None:
    assert find_id(DEVICES, "alsa-dock", "Dock") == DOCK
    with pytest.raises(SourceError, match="Dock is not connected"):
        find_id([BUILT_IN, device(5, "Dock extra")], "alsa-dock", "Dock")


def cards(folder: Path, *ids: str) -> Path:
    for number, card_id in enumerate(ids):
        (folder / f"card{number}").mkdir(parents=True)
        (folder / f"card{number}" / "id").write_text(f"{card_id}\n", "utf-8")
    return folder


def test_an_id_survives_renumbering(tmp_path: Path) -> None:
    before = stable_id("ALSA", "USB Mic: Audio (hw:1,0)", cards(tmp_path / "a", "PCH", "Mic"))
    after = stable_id("ALSA", "USB Mic: Audio (hw:2,0)", cards(tmp_path / "b", "PCH", "Webcam", "Mic"))
    assert before == after == "alsa-usb-mic-audio-mic-0"


def test_two_of_one_model_have_two_ids(tmp_path: Path) -> None:
    folder = cards(tmp_path, "Mic", "Mic_1")
    first, second = (stable_id("ALSA", f"USB Mic: Audio (hw:{card},0)", folder) for card in (0, 1))
    assert first != second


def test_ids_that_coincide_are_numbered() -> None:
    ids = [found.id for found in with_unique_ids([USB, DOCK, USB])]
    assert ids == ["alsa-usb-mic", "alsa-dock", "alsa-usb-mic-2"]


def test_names_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2J\n b\x9b") == "a [2J b"
