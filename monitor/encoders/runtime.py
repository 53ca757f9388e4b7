"""ONNX Runtime without its telemetry. The only file that imports it; others import it from here."""

from __future__ import annotations

from monitor.privacy import keep_private

keep_private()  # it decides at its import; its own Python call comes too late

import onnxruntime  # noqa: E402

__all__ = ["onnxruntime"]
