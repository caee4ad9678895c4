"""Trained speech systems as files: checkpoints/deepsc_s/<setting>_<system>_<channel>.pt, each with the setting it is for.

The feature codec, which no channel trains, is <setting>_features.pt.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.arguments import shown
from semcom_lib.deepsc_s.features import FeatureCodec, codec_to_checkpoint, load_codec
from semcom_lib.deepsc_s.link import SpeechLink
from semcom_lib.deepsc_s.model import DeepScS, SpeechSizes, from_checkpoint, to_checkpoint
from semcom_lib.deepsc_s.settings import SETTINGS
from semcom_lib.learning.checkpoints import load_checkpoint, save_checkpoint
from semcom_lib.physical_layer.fading import Awgn, Rayleigh, Rician

FOLDER = paths.CHECKPOINTS / "deepsc_s"

CHANNELS = ("awgn", "rayleigh", "rician")
ROBUST = "robust"
"""Stands in a file's name for the channel that validation chose, see :mod:`semcom_lib.deepsc_s.robust`."""
SYSTEMS = {"deepsc_s": "se_resnet", "cnn": "cnn"}
"""The kind of module of each system that is trained over a channel."""


def link_of(channel: str, k_factor: float) -> SpeechLink:
    """One of CHANNELS, one gain a clip, which the receiver knows  [deepsc_s Sec. V]. Raises ValueError for another channel."""
    laws = {"awgn": Awgn(), "rayleigh": Rayleigh(), "rician": Rician(k_factor)}
    if channel not in laws:
        raise ValueError(f"channel = {shown(channel)} is unknown; one of: {', '.join(CHANNELS)}")
    return SpeechLink(laws[channel])


def sizes_of(setting: str, system: str, num_modules: int, filters: int) -> SpeechSizes:
    """The sizes of one of SYSTEMS in a ``setting``: kind and channel filters are the paper's, the rest is given.

    Raises ValueError for an unknown setting or system, and as SpeechSizes.
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting = {shown(setting)} must be one of {', '.join(SETTINGS)}")
    if system not in SYSTEMS:
        raise ValueError(f"system = {shown(system)} is unknown; one of: {', '.join(SYSTEMS)}")
    return replace(SETTINGS[setting].sizes, kind=SYSTEMS[system], num_modules=num_modules, filters=filters)


def save_model(model: DeepScS, setting: str, system: str, channel: str) -> None:
    """Write the checkpoint of a system that was trained over ``channel``, one of CHANNELS, or ROBUST."""
    save_checkpoint(_path(setting, f"{system}_{channel}"), {"setting": setting, **to_checkpoint(model)})


def load_model(setting: str, system: str, channel: str, folder: Path | None = None) -> DeepScS:
    """The model of a checkpoint, in evaluation mode.

    Raises FileNotFoundError, or ValueError, one line with the file's name, for another setting's or another kind of module.
    """
    path = _path(setting, f"{system}_{channel}", folder)
    checkpoint = load_checkpoint(path, "setting", "sizes", "state")
    _check_setting(checkpoint, setting, path)
    model = from_checkpoint(checkpoint, str(path))
    if model.sizes.kind != SYSTEMS.get(system, model.sizes.kind):
        raise ValueError(f"{path} holds modules of kind {model.sizes.kind}, {system} has others; remove it and retrain")
    return model


def save_codec(codec: FeatureCodec, setting: str) -> None:
    """Write the feature codec of a ``setting``."""
    save_checkpoint(_path(setting, "features"), {"setting": setting, **codec_to_checkpoint(codec)})


def load_codec_of(setting: str, folder: Path | None = None) -> FeatureCodec:
    """The feature codec of a ``setting``, in evaluation mode. Raises FileNotFoundError or ValueError naming the file."""
    path = _path(setting, "features", folder)
    _check_setting(load_checkpoint(path, "setting"), setting, path)
    return load_codec(path)


def _path(setting: str, name: str, folder: Path | None = None) -> Path:
    return (folder or FOLDER) / f"{setting}_{name}.pt"


def _check_setting(checkpoint: Mapping[str, Any], setting: str, path: Path) -> None:
    if checkpoint["setting"] != setting:
        raise ValueError(f"{path} is of the setting {checkpoint['setting']}, not {setting}; remove it and retrain")
