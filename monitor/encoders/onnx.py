"""The networks of a model in ONNX Runtime (`runtime.py` imports it)."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.config.settings import ModelConfig
from monitor.errors import ModelError
from monitor.models.manifest import ModelFile
from monitor.models.signature import (
    IDS,
    LONGER,
    MASK,
    Graph,
    Port,
    fit_audio,
    fit_text,
)
from monitor.models.store import StoredModel

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_CUDA_OPTIONS = {
    "arena_extend_strategy": "kSameAsRequested",  # the default takes twice what it needs
    "cudnn_conv_algo_search": "HEURISTIC",  # the default tries every algorithm again for each batch size
    "use_tf32": "1",  # products of single precision with 10 bits after the point
}
_SIZES_KEPT = 4
"""Batch sizes whose arrays stay on the device."""
_MOST_TEXT_THREADS = 8


def describe(model: StoredModel, part: ModelFile) -> Graph:
    """Return the inputs and outputs of a graph of `model`; it is read, not optimised.

    Raises
    ------
    ModelError
        The file is missing or altered, or ONNX Runtime cannot load it.
    """
    return _ports(_open(model.read(part), ModelConfig(), model.name, optimise=False))


class OnnxEngine:
    """Runs the towers of a stored model (`graphs.py` has what they take and give). Satisfies `Engine`.

    On a GPU the audio tower's arrays stay on the device: sound goes there and embeddings come back once per
    call.
    """

    def __init__(self, model: StoredModel, config: ModelConfig) -> None:
        """Load the audio tower of `model`.

        Raises
        ------
        ModelError
            A file is missing or altered, the graph does not fit the entry, or the provider is not there.
        """
        self._model = model
        self._config = config
        session = _open(model.read(model.entry.audio), config, model.name)
        front_end = fit_audio(model.name, model.entry, _ports(session))
        if front_end != model.entry.front_end:
            raise ModelError(
                f"Model {model.name!r}: the audio graph needs front_end = {front_end!r}, the entry says "
                f"{model.entry.front_end!r}; install the model again."
            )
        device = "cuda" if config.provider == "cuda" else None
        self._audio = AudioTower(session, model.entry.dim, device)
        self.batches = device is not None

    def audio(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for what the audio tower takes."""
        return self._audio.embed(sound)

    def open_text(self) -> OnnxText:
        """Load the text tower.

        Words are embedded before anything is heard, so it may use every core.

        Raises
        ------
        ModelError
            The file is missing or altered, or the graph does not fit the entry.
        """
        threads = max(self._config.threads, min(_MOST_TEXT_THREADS, len(os.sched_getaffinity(0))))
        config = msgspec.structs.replace(self._config, threads=threads)
        session = _open(self._model.read(self._model.entry.text), config, self._model.name)
        takes_mask = fit_text(self._model.name, self._model.entry, _ports(session))
        return OnnxText(session, takes_mask)


class OnnxText:
    """A loaded text tower. Satisfies `TextTower`."""

    def __init__(self, session: Any, takes_mask: bool) -> None:
        self._session = session
        self._takes_mask = takes_mask
        self._output = session.get_outputs()[0].name

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for texts of one length, token ids int64 (n, t)."""
        feeds = {IDS: ids} | ({MASK: np.ones_like(ids)} if self._takes_mask else {})
        return np.asarray(self._session.run([self._output], feeds)[0])


class AudioTower:
    """A loaded audio tower; what it takes and gives stays on `device`, if one is given, between calls.

    Parameters
    ----------
    session
        An ONNX Runtime session.
    device
        `cuda`, or None: the runtime copies as it likes. `cpu` is `cuda` without a GPU, for tests.
    """

    def __init__(self, session: Any, dim: int, device: str | None = None) -> None:
        self._session = session
        self._input, *asked = [port.name for port in session.get_inputs()]
        self._asks_longer = LONGER in asked
        self._output = session.get_outputs()[0].name
        self._dim = dim
        self._device = device
        self._bound: dict[tuple[int, ...], _Bound] = {}

    def embed(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim) for float32 (n, ...)."""
        if self._device is None:
            feeds = {self._input: sound} | self._longer(len(sound))
            return np.asarray(self._session.run([self._output], feeds)[0])
        if sound.shape not in self._bound:
            if len(self._bound) == _SIZES_KEPT:
                del self._bound[next(iter(self._bound))]
            self._bound[sound.shape] = self._bind(sound.shape, self._device)
        return self._bound[sound.shape].run(self._session, sound)

    def _longer(self, count: int) -> dict[str, NDArray[np.bool_]]:
        """Return that no window is longer than the tower's own, where it asks."""
        return {LONGER: np.zeros((count, 1), np.bool_)} if self._asks_longer else {}

    def _bind(self, shape: tuple[int, ...], device: str) -> _Bound:
        from monitor.encoders.runtime import onnxruntime as ort

        sound = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, device, 0)
        embedding = ort.OrtValue.ortvalue_from_shape_and_type((shape[0], self._dim), np.float32, device, 0)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input, sound)
        for name, values in self._longer(shape[0]).items():
            binding.bind_cpu_input(name, values)
        binding.bind_ortvalue_output(self._output, embedding)
        return _Bound(binding, sound, embedding)


class _Bound(msgspec.Struct, frozen=True):
    """Input and output of one batch size, in the device's memory."""

    binding: Any
    sound: Any
    embedding: Any

    def run(self, session: Any, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        self.sound.update_inplace(np.ascontiguousarray(sound))
        session.run_with_iobinding(self.binding)
        return np.array(self.embedding.numpy())  # the next call writes over what the binding holds


def _open(graph: bytes, config: ModelConfig, name: str, *, optimise: bool = True) -> Any:
    """Return a session that runs `graph` of the model `name`: the very bytes that were checked."""
    from monitor.encoders.runtime import onnxruntime as ort

    wanted = _PROVIDERS.get(config.provider)
    if wanted is None:
        valid = ", ".join([*_PROVIDERS, "torch"])
        raise ModelError(f"There is no provider {config.provider!r}; valid: {valid}.")
    absent = ModelError(
        f"The provider {config.provider!r} is not available here; install sound-monitor[gpu] and its CUDA "
        "libraries, or use provider = cpu."
    )
    if wanted not in ort.get_available_providers():
        raise absent
    on_gpu = config.provider == "cuda"
    if on_gpu and hasattr(ort, "preload_dlls"):
        with contextlib.redirect_stdout(sys.stderr):  # it prints what it does not find
            ort.preload_dlls()  # finds CUDA and cuDNN where they were installed as Python packages
    providers = [(wanted, _CUDA_OPTIONS if on_gpu else {})]
    try:
        session = ort.InferenceSession(graph, _options(config, optimise=optimise), providers=providers)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises many unrelated types
        raise ModelError(f"Model {name!r} cannot be loaded: {str(error).splitlines()[0]}") from None
    if wanted not in session.get_providers():  # listed, and yet not usable: it falls back without a word
        raise absent
    session.disable_fallback()
    session._model_bytes = None  # noqa: SLF001 - it is loaded; the wrapper would keep the file in memory
    return session


def _options(config: ModelConfig, *, optimise: bool) -> Any:
    from monitor.encoders.runtime import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = config.threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if config.spinning else "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 4
    if not optimise:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def _ports(session: Any) -> Graph:
    def ports(nodes: Any) -> tuple[Port, ...]:
        return tuple(Port(node.name, _kind(node.type), _sizes(node.shape)) for node in nodes)

    return Graph(ports(session.get_inputs()), ports(session.get_outputs()))


def _kind(type_: str) -> str:
    """Return `float` for `tensor(float)`."""
    return type_.removeprefix("tensor(").removesuffix(")")


def _sizes(shape: Any) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) else None for size in shape)
