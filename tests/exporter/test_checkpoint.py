"""Checkpoints are whole or not there, and belong to one training."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import torch

from exporter.checkpoint import CheckpointError, load_checkpoint, save_checkpoint

FACTS = {"seed": 1, "rank": 8, "epochs": None}


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    state = {
        "weights": {"up": torch.tensor([1.5, float("nan")])},
        "optimiser": {"state": {0: {"step": torch.tensor(3.0)}}, "groups": [{"lr": 0.1}]},
        "random": json.dumps(random.bit_generator.state),
        "history": [{"step": 25, "loss": 0.1}],
    }
    save_checkpoint(tmp_path / "c.pt", state, facts=FACTS, finished=False)
    loaded = load_checkpoint(tmp_path / "c.pt", facts=dict(reversed(FACTS.items())))
    assert loaded is not None
    up = loaded["weights"]["up"]
    assert float(up[0]) == 1.5
    assert torch.isnan(up[1])
    assert loaded["optimiser"] == state["optimiser"]
    assert loaded["history"] == state["history"]
    again = np.random.default_rng(0)
    again.bit_generator.state = json.loads(loaded["random"])
    assert again.integers(1 << 60) == random.integers(1 << 60)
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]


def test_none_where_there_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "c.pt", facts=FACTS) is None


def test_an_unfinished_training_of_something_else_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"step": 1}, facts=FACTS, finished=False)
    with pytest.raises(CheckpointError, match=r"other loss, rank;.*--restart") as caught:
        load_checkpoint(path, facts=FACTS | {"rank": 9, "loss": "vse++"})
    assert caught.value.reason == "CHECKPOINT_DIFFERS"
    assert load_checkpoint(path, facts=FACTS) == {"step": 1}


def test_a_finished_one_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    save_checkpoint(path, {"step": 1}, facts=FACTS, finished=True)
    assert load_checkpoint(path, facts=FACTS | {"rank": 9}) is None
    assert load_checkpoint(path, facts=FACTS) == {"step": 1}


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None], ids=["empty", "text", "cut"])
def test_an_unreadable_one_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    if content is None:
        save_checkpoint(path, {"weights": torch.ones(2000)}, facts=FACTS, finished=False)
        content = path.read_bytes()[:3000]
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="start anew") as caught:
        load_checkpoint(path, facts=FACTS)
    assert caught.value.reason == "CHECKPOINT_UNREADABLE"


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    """A pickle that calls something is refused, not called."""
    path, mark = tmp_path / "c.pt", tmp_path / "called"
    torch.save({"facts": "{}", "state": _Calls(mark), "finished": False}, path)
    with pytest.raises(CheckpointError):
        load_checkpoint(path, facts={})
    assert not mark.exists()


class _Calls:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))
