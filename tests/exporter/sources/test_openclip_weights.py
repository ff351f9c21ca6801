"""Checkpoints of OpenCLIP as files: wrapped, cut short, pickled; and its names in `CLIPModel`'s."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.sources.errors import SourceError  # noqa: E402
from exporter.sources.openclip_weights import read_checkpoint, renamed  # noqa: E402


@pytest.mark.parametrize(
    "wrapped",
    [
        {"logit_scale": 1.0},
        {"module.logit_scale": 1.0},
        {"state_dict": {"module.logit_scale": 1.0}, "epoch": 1, "optimizer": {"lr": 0.1}},
        {"state_dict": {"_orig_mod.text.logit_scale": 1.0}},
    ],
)
def test_wrappings_are_taken_off(tmp_path: Path, wrapped: dict[str, Any]) -> None:
    def tensors(value: Any) -> Any:  # noqa: ANN401 - a tree of either
        if isinstance(value, dict):
            return {name: tensors(held) for name, held in value.items()}
        return torch.tensor(value)

    path = tmp_path / "epoch.pt"
    torch.save(tensors(wrapped), path)

    assert read_checkpoint(path) == {"logit_scale": torch.tensor(1.0)}


def test_joined_projections_are_taken_apart() -> None:
    joined = torch.arange(12.0).reshape(6, 2)
    weights, unknown = renamed(
        {
            "visual.transformer.resblocks.3.attn.in_proj_weight": joined,
            "transformer.resblocks.0.mlp.c_fc.bias": torch.zeros(2, dtype=torch.float16),
            "visual.proj": torch.tensor([[1.0, 2.0]]),
            "logit_bias": torch.zeros(1),
            "transformer.resblocks.0.ls_1.gamma": torch.zeros(1),
            "visual.head": torch.zeros(1),
        }
    )
    layer = "vision_model.encoder.layers.3.self_attn"

    assert torch.equal(weights[f"{layer}.q_proj.weight"], torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    assert torch.equal(weights[f"{layer}.v_proj.weight"], torch.tensor([[8.0, 9.0], [10.0, 11.0]]))
    assert weights["text_model.encoder.layers.0.mlp.fc1.bias"].dtype == torch.float32
    assert weights["visual_projection.weight"].tolist() == [[1.0], [2.0]]
    assert unknown == ["transformer.resblocks.0.ls_1.gamma", "visual.head"]


class Runs:
    """A pickle that would leave a file, were it run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": Runs(tmp_path / "ran")}, tmp_path / "bad.pt")

    assert_refused(tmp_path / "bad.pt", "SOURCE_PICKLED")
    assert not (tmp_path / "ran").exists()


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, tmp_path / "cut.pt")
    whole = (tmp_path / "cut.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")

    assert_refused(tmp_path / "cut.pt", "SOURCE_UNREADABLE")
    assert_refused(tmp_path / "list.pt", "SOURCE_UNREADABLE")
    assert_refused(tmp_path / "cut.safetensors", "SOURCE_UNREADABLE")
    assert_refused(tmp_path / "none.pt", "SOURCE_NOT_FOUND")


def assert_refused(path: Path, reason: str) -> None:
    with pytest.raises(SourceError) as refusal:
        read_checkpoint(path)
    assert refusal.value.reason == reason
