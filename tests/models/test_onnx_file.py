"""An ONNX file is taken only where every byte of it is known to stand for something inside it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.models.onnx_file import NotOneGraph, check_one_graph
from monitor.models.store import find_model
from tests.encoders.tiny_models import log_mel_tower, text_tower, waveform_tower

GRAPHS = [waveform_tower(), log_mel_tower(), text_tower(), text_tower(mask=False)]
ELSEWHERE = "it keeps weights in other files"


def varint(number: int) -> bytes:
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def delimited(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


PAIR = delimited(1, b"location") + delimited(2, b"../secret")
OUTSIDE = [
    delimited(13, PAIR),
    varint(14 << 3) + varint(1),
    delimited(8, b"w") + varint(14 << 3) + b"\x81\x00" + delimited(13, PAIR),
]
"""Tensors whose numbers lie in another file; the last writes the location in a longer way."""
WAYS_TO_A_TENSOR: list[tuple[int, ...]] = [
    (7, 5),  # a weight of the graph
    (7, 15, 1),  # the values of a sparse one
    (7, 15, 2),  # its indices
    (7, 1, 5, 5),  # an attribute of a node
    (7, 1, 5, 10),  # one of several
    (7, 1, 5, 22, 1),
    (7, 1, 5, 23, 2),
    (7, 1, 5, 6, 5),  # a weight of an inner graph
    (7, 1, 5, 11, 1, 5, 5),
    (7, 1, 5, 6, 1, 5, 6, 15, 1),
    (25, 7, 5, 5),  # a node of a function
    (25, 11, 5),  # a default of its attributes
    (25, 11, 6, 5),
    (20, 1, 5),  # what training begins with
    (20, 2, 1, 5, 5),
]


def within(way: Sequence[int], content: bytes) -> bytes:
    for field in reversed(way):
        content = delimited(field, content)
    return content


@pytest.mark.parametrize("content", GRAPHS)
def test_a_graph_with_its_weights_inside_is_taken(content: bytes) -> None:
    check_one_graph(content)


def test_the_models_that_come_with_the_program_are_taken() -> None:
    model = find_model("embedded")
    for part in model.graphs:
        check_one_graph(model.read(part))


@pytest.mark.parametrize("tensor", OUTSIDE, ids=["entries", "location", "both"])
@pytest.mark.parametrize("way", WAYS_TO_A_TENSOR, ids=str)
def test_weights_in_another_file_are_found_wherever_they_are_named(
    way: tuple[int, ...], tensor: bytes
) -> None:
    for content in (GRAPHS[0] + within(way, tensor), within(way, tensor) + GRAPHS[0]):
        with pytest.raises(NotOneGraph, match=ELSEWHERE):
            check_one_graph(content)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (varint(99 << 3 | 3) + varint(99 << 3 | 4), "field 99 of a model is not known"),
        (varint(7 << 3 | 3) + varint(7 << 3 | 4), "field 7 of a model is not known"),
        (varint(1000 << 3) + b"\x01", "field 1000 of a model is not known"),
        (delimited(0, b""), "field 0 of a model is not known"),
        (varint(7 << 3) + b"\x01", "field 7 of a model is not known"),
        (varint(2 << 3 | 5) + b"abcd", "field 2 of a model is not known"),
        (b"\xba\x80\x80\x80\x80\x00", "a number is too long"),
        (b"\x08" + b"\xff" * 11, "a number is too long"),
        (varint(2 << 3 | 2) + varint(10**9), "it ends too early"),
        (within([7, *[1, 5, 6] * 40], b""), "nested too deeply"),
        (within([7, 1], delimited(4, b"EPContext")), ELSEWHERE),
    ],
    ids=[
        "unknown group", "graph as a group", "unknown field", "field nought", "graph as a number",
        "text as a number", "long key", "long number", "too early", "too deep", "names a file",
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_wherever_it_stands(before: bytes, says: str) -> None:
    for content in (before + GRAPHS[0], GRAPHS[0] + before):
        with pytest.raises(NotOneGraph, match=says):
            check_one_graph(content)


@pytest.mark.parametrize("content", [b"", b"\x08\x09", b"not a graph at all", b"\x00" * 64, b"ORTM" * 20])
def test_what_is_no_graph_is_refused(content: bytes) -> None:
    with pytest.raises(NotOneGraph):
        check_one_graph(content)


LAST_FIELD = 4
"""Bytes of the operator set, which comes last in each of `GRAPHS`."""


@given(st.sampled_from(GRAPHS), st.integers(0, 10_000))
def test_a_file_that_was_cut_is_refused(content: bytes, kept: int) -> None:
    kept %= len(content)
    if kept != len(content) - LAST_FIELD:
        with pytest.raises(NotOneGraph):
            check_one_graph(content[:kept])


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"\x3a", b"\x3a\x05", b"{}", b"PK\x03\x04", b"\xff" * 4])
def test_bytes_behind_the_graph_are_refused(tail: bytes) -> None:
    with pytest.raises(NotOneGraph):
        check_one_graph(GRAPHS[0] + tail)


@settings(max_examples=500)
@given(st.binary(max_size=300), st.sampled_from(GRAPHS), st.integers(0, 10_000), st.integers(0, 40))
def test_whatever_the_bytes_the_answer_is_yes_or_a_reason(
    noise: bytes, content: bytes, at: int, gone: int
) -> None:
    at %= len(content)
    for one in (noise, content[:at] + noise + content[at + gone :]):
        try:
            check_one_graph(one)
        except NotOneGraph:
            continue


@settings(max_examples=300)
@given(st.sampled_from(GRAPHS), st.binary(min_size=1, max_size=40), st.integers(0, 10_000))
def test_what_is_taken_keeps_no_weights_elsewhere_for_the_library_either(
    content: bytes, noise: bytes, at: int
) -> None:
    onnx = pytest.importorskip("onnx", reason="a second opinion needs the onnx library")
    at %= len(content)
    changed = content[:at] + noise + content[at:]
    try:
        check_one_graph(changed)
    except NotOneGraph:
        return
    try:
        model = onnx.ModelProto.FromString(changed)
    except Exception:  # noqa: BLE001 - what the library refuses, nobody loads
        return
    tensors = list(model.graph.initializer)
    assert not any(tensor.external_data or tensor.data_location for tensor in tensors)
