"""The ONNX encoder: an audio tower and a text tower run by ONNX Runtime. The only file that imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.encoders.store import StoredModel
from monitor.errors import ModelError
from monitor.units import unit_norm

_TEXTS_AT_ONCE = 16
"""More only cost memory, which the runtime keeps."""
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class OnnxEncoder:
    """Runs the two towers of a stored model. Satisfies `Encoder`.

    Graph contract: audio tower ``audio float32 (n, window_len) -> embedding float32 (n, dim)``; text tower
    ``input_ids, attention_mask int64 (n, t) -> embedding float32 (n, dim)``. The text tower is loaded when
    the first text comes.
    """

    def __init__(self, model: StoredModel, provider: str = "cpu", threads: int = 1) -> None:
        """Load the audio tower of `model`.

        Raises
        ------
        ModelError
            A file is missing or altered, the graph does not fit the manifest, or the provider is not there.
        """
        self._model = model
        self._provider = provider
        self._threads = threads
        self._audio = self._session(model.read(model.entry.audio))
        self._text: tuple[Any, Any] | None = None
        self._check_audio()

    @property
    def name(self) -> str:
        """Name in the manifest."""
        return self._model.name

    @property
    def identity(self) -> str:
        """Name and the first digits of the audio tower's hash."""
        return f"{self._model.name}-{self._model.entry.audio.sha256[:12]}"

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._model.entry.sample_rate

    @property
    def window_len(self) -> int:
        """Samples per window."""
        return self._model.entry.window_len

    @property
    def dim(self) -> int:
        """Dimensions of the space."""
        return self._model.entry.dim

    @property
    def template(self) -> str:
        """Prompt template with one `{}`."""
        return self._model.entry.prompt

    def embed_audio(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm.

        Raises
        ------
        ValueError
            `windows` is not (n, window_len) or holds values that are not numbers.
        """
        audio = np.ascontiguousarray(windows, np.float32)
        if audio.ndim != 2 or audio.shape[1] != self.window_len:
            raise ValueError(f"windows must be (n, {self.window_len}), not {audio.shape}")
        if not np.isfinite(audio).all():
            raise ValueError("windows hold values that are not numbers")
        if not len(audio):
            return np.zeros((0, self.dim), np.float32)
        return unit_norm(self._audio.run(None, {self._audio.get_inputs()[0].name: audio})[0])

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, dim), unit norm."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        if self._text is None:
            self._text = self._load_text()
        tokenizer, session = self._text
        parts = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            encodings = tokenizer.encode_batch(list(texts[start : start + _TEXTS_AT_ONCE]))
            ids = np.array([encoding.ids for encoding in encodings], np.int64)
            mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
            parts.append(session.run(None, {"input_ids": ids, "attention_mask": mask})[0])
        return unit_norm(np.concatenate(parts))

    def _load_text(self) -> tuple[Any, Any]:
        from tokenizers import Tokenizer

        entry = self._model.entry
        tokenizer = Tokenizer.from_str(self._model.read(entry.tokenizer).decode())
        tokenizer.enable_truncation(entry.max_tokens)
        tokenizer.enable_padding()
        return tokenizer, self._session(self._model.read(entry.text))

    def _session(self, graph: bytes) -> Any:
        import onnxruntime as ort

        wanted = _PROVIDERS.get(self._provider)
        if wanted is None:
            raise ModelError(f"There is no provider {self._provider!r}; legal: {', '.join(_PROVIDERS)}.")
        absent = ModelError(
            f"The provider {self._provider!r} is not available here; install monitor[gpu] and its CUDA "
            "libraries, or use provider = cpu."
        )
        if wanted not in ort.get_available_providers():
            raise absent
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # At a few windows a second, spinning threads double the CPU share.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            session = ort.InferenceSession(graph, options, providers=[wanted])
        except Exception as error:  # noqa: BLE001 - ONNX Runtime raises many unrelated types
            raise ModelError(f"Model {self.name!r} cannot be loaded: {str(error).splitlines()[0]}") from None
        if wanted not in session.get_providers():  # listed, and yet not usable: it falls back without a word
            raise absent
        return session

    def _check_audio(self) -> None:
        shape = self._audio.get_outputs()[0].shape
        if len(self._audio.get_inputs()) != 1 or (
            shape[-1] not in {self.dim, None} and isinstance(shape[-1], int)
        ):
            raise ModelError(
                f"Model {self.name!r}: the audio tower gives {shape}, the manifest says dim = {self.dim}."
            )
