"""What a graph takes and gives, and whether it is a tower that can be used.

Audio towers take ``float (n, samples)``; or ``input_features float (n, 1, frames, bands)`` and perhaps
``is_longer bool (n, 1)``, as public CLAP files do: the encoder then draws the log-mel. Text towers take
``input_ids int64 (n, t)``, with ``attention_mask int64 (n, t)`` or without it. The first output of both is
the embedding, ``float (n, dim)``. Which it is, is read off the graphs, not believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from monitor.errors import ModelError
from monitor.models.manifest import Filterbank, ModelEntry

FEATURES = "input_features"
LONGER = "is_longer"
IDS = "input_ids"
MASK = "attention_mask"


@dataclass(frozen=True)
class Port:
    """One input or output of a graph."""

    name: str
    kind: str
    """`float`, `int64`, `bool` …"""
    shape: tuple[int | None, ...]
    """None where any size will do."""

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.kind} ({sizes})"


@dataclass(frozen=True)
class Graph:
    """What goes into a graph and what comes out."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def fit_entry(name: str, entry: ModelEntry, audio: Graph, text: Graph) -> ModelEntry:
    """Return `entry` with the front end and the attention mask that its graphs have.

    Raises
    ------
    ModelError
        A graph takes or gives something that is not known here.
    """
    return msgspec.structs.replace(
        entry, front_end=fit_audio(name, entry, audio), text_mask=fit_text(name, entry, text)
    )


def fit_audio(name: str, entry: ModelEntry, graph: Graph) -> Literal["waveform", "log_mel"]:
    """Return what the audio tower of a model takes.

    Raises
    ------
    ModelError
        It takes or gives something that is not known here.
    """
    _check_embedding(name, entry, "audio", graph)
    length = entry.input_len or entry.window_len
    spectrogram = _spectrogram(entry.mel, length)
    first, *others = graph.inputs
    if first.name == FEATURES and _takes(first, "float", (None, *spectrogram)):
        if all(port.name == LONGER for port in others):
            return "log_mel"
    elif not others and _takes(first, "float", (None, length)):
        return "waveform"
    raise ModelError(
        f"Model {name!r}: the audio graph takes {_list(graph.inputs)}; valid: sound float (any, {length}), "
        f"or {FEATURES} float (any, {', '.join(map(str, spectrogram))})."
    )


def fit_text(name: str, entry: ModelEntry, graph: Graph) -> bool:
    """Return whether the text tower of a model takes an attention mask.

    Raises
    ------
    ModelError
        It takes or gives something that is not known here.
    """
    _check_embedding(name, entry, "text", graph)
    names = {port.name for port in graph.inputs}
    if names in ({IDS}, {IDS, MASK}) and all(_takes(port, "int64", (None, None)) for port in graph.inputs):
        return MASK in names
    raise ModelError(
        f"Model {name!r}: the text graph takes {_list(graph.inputs)}; valid: {IDS} int64 (any, any), with "
        f"{MASK} alike or without."
    )


def _spectrogram(mel: Filterbank, length: int) -> tuple[int, int, int]:
    """Return channels, frames and bands of so many samples; a CLAP hears 10 s."""
    return (1, 1 + (length - 1) // 320, 128) if mel == "kaldi" else (1, 1001, 64)


def _check_embedding(name: str, entry: ModelEntry, tower: str, graph: Graph) -> None:
    if not graph.outputs or not _takes(graph.outputs[0], "float", (None, entry.dim)):
        raise ModelError(
            f"Model {name!r}: the {tower} graph gives {_list(graph.outputs)}; valid: float (any, "
            f"{entry.dim}) first."
        )


def _takes(port: Port, kind: str, wanted: tuple[int | None, ...]) -> bool:
    """Return whether the port is of the kind and the sizes; where None is wanted, it must be open."""
    return (
        port.kind == kind
        and len(port.shape) == len(wanted)
        and all(has in {None, size} for has, size in zip(port.shape, wanted, strict=True))
    )


def _list(ports: tuple[Port, ...]) -> str:
    return ", ".join(map(str, ports)) or "nothing"
