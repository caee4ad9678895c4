"""Checkpoint files: tensors and plain values, written whole, checked before they are read, never code."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from semcom_lib import paths


def save_checkpoint(path: Path, checkpoint: Mapping[str, Any]) -> None:
    """Write a checkpoint whole or not at all; equal contents give equal bytes."""
    buffer = io.BytesIO()
    torch.save(dict(checkpoint), buffer)
    with paths.replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def load_checkpoint(path: Path, *needed: str) -> dict[str, Any]:
    """Read a checkpoint's tensors and plain values. Raises FileNotFoundError or ValueError, one line naming the file.

    ``needed`` are keys without which it is somebody else's. Every record's checksum is verified: torch itself would load altered
    weights in silence.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; dvc repro trains it, stage by stage")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        loaded = torch.load(path, map_location="cpu", weights_only=True) if damaged is None else None
    except Exception as error:
        raise ValueError(
            f"{path} is not a readable checkpoint ({type(error).__name__}); remove it and retrain"
        ) from error
    if damaged is not None:
        raise ValueError(f"{path} is damaged (the checksum of {damaged} is wrong); remove it and retrain")
    keys = set(loaded) if isinstance(loaded, dict) else set()
    if missing := [key for key in needed if key not in keys]:
        raise ValueError(f"{path} is another kind of checkpoint: it has no {missing[0]!r}; remove it and retrain")
    return loaded


def load_state(model: nn.Module, state: Any, name: str) -> None:
    """``model.load_state_dict(state)``; raises ValueError, one line naming the file, where names or shapes differ."""
    expected = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    found = {key: tuple(getattr(value, "shape", ())) for key, value in dict(state).items()}
    if expected != found:
        key = min(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        shapes = f"{key} is {found.get(key, 'missing')}, the model's is {expected.get(key, 'missing')}"
        raise ValueError(f"{name} holds another model: {shapes}; remove it and retrain")
    model.load_state_dict(state)


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values of the tensors."""
    digest = hashlib.sha256()
    for name, tensor in state.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
