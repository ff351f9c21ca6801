"""Checkpoints of a training: written in one step, read only by the training that wrote them."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_FACTS, _STATE, _FINISHED = "facts", "state", "finished"


class CheckpointError(Exception):
    """A checkpoint cannot be used. ``reason`` is stable; the message says what to do."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def save_checkpoint(
    path: Path, state: Mapping[str, Any], *, facts: Mapping[str, Any], finished: bool
) -> None:
    """Write ``state`` so that after a kill at any moment ``path`` holds it whole or the one before.

    ``state`` is made of tensors, numbers, texts, lists and dicts. ``facts`` say what is trained on
    what and how, as JSON: whoever goes on has to bring the same. A ``finished`` training
    gives way to another one.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as stream:
        torch.save({_FACTS: _written(facts), _STATE: dict(state), _FINISHED: finished}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def load_checkpoint(path: Path, *, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the state of the training with the same ``facts``; None where there is none.

    Raises:
        CheckpointError: ``CHECKPOINT_DIFFERS`` names the facts that an unfinished one does
            not share;
            ``CHECKPOINT_UNREADABLE``: the file was not written by `save_checkpoint`.
    """
    if not path.exists():
        return None
    try:
        document = torch.load(path, weights_only=True)
        began = json.loads(document[_FACTS])
        state: dict[str, Any] = document[_STATE]
        finished = bool(document[_FINISHED])
    except (RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError):
        message = f"{path} is no checkpoint of this release; remove {path.parent} and start anew"
        raise CheckpointError(message, reason="CHECKPOINT_UNREADABLE") from None
    wanted = json.loads(_written(facts))
    other = sorted(name for name in began | wanted if began.get(name) != wanted.get(name))
    if other and finished:
        return None
    if other:
        message = (
            f"{path.parent} holds an unfinished training with other {', '.join(other)}; "
            "ask as before to finish it, or start anew with --restart"
        )
        raise CheckpointError(message, reason="CHECKPOINT_DIFFERS")
    return state


def _written(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)
