"""Every option of the program, and how a configuration is read."""

from __future__ import annotations

from monitor.config.settings.base import Channel, Threshold, within
from monitor.config.settings.fleet import FleetConfig, FleetSource, GroupConfig
from monitor.config.settings.loading import Layer, as_toml, checked, load_config, load_layers
from monitor.config.settings.mqtt import MqttConfig
from monitor.config.settings.notify import NotifyConfig, TargetConfig, without_addresses
from monitor.config.settings.refusals import valid_values
from monitor.config.settings.scan import ScanConfig
from monitor.config.settings.sections import (
    MAX_CLASSES,
    Auto,
    BackgroundConfig,
    CalibrationConfig,
    CaptureConfig,
    ClassConfig,
    ClipsConfig,
    Config,
    DetectorConfig,
    DiaryConfig,
    DriftConfig,
    HistoryConfig,
    LevelConfig,
    MemoryConfig,
    MetricsConfig,
    ModelConfig,
    PromptConfig,
    PublishConfig,
    ScorerConfig,
    SelfTestConfig,
    Tau,
    WindowConfig,
)
from monitor.config.settings.uplink import UplinkConfig

__all__ = [
    "MAX_CLASSES",
    "Auto",
    "BackgroundConfig",
    "CalibrationConfig",
    "CaptureConfig",
    "Channel",
    "ClassConfig",
    "ClipsConfig",
    "Config",
    "DetectorConfig",
    "DiaryConfig",
    "DriftConfig",
    "FleetConfig",
    "FleetSource",
    "GroupConfig",
    "HistoryConfig",
    "Layer",
    "LevelConfig",
    "MemoryConfig",
    "MetricsConfig",
    "ModelConfig",
    "MqttConfig",
    "NotifyConfig",
    "PromptConfig",
    "PublishConfig",
    "ScanConfig",
    "ScorerConfig",
    "SelfTestConfig",
    "TargetConfig",
    "Tau",
    "Threshold",
    "UplinkConfig",
    "WindowConfig",
    "as_toml",
    "checked",
    "load_config",
    "load_layers",
    "valid_values",
    "within",
    "without_addresses",
]
