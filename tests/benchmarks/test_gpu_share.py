"""The counting behind the GPU figures, and a refusal where there is no GPU."""

import pytest

from benchmarks import gpu_share


def test_operations_are_those_of_the_published_models() -> None:
    # Twice the multiply-adds that the papers and tools give: 4.4, 17.6 and 81.1 billion.
    counted = {shape.name: shape.operations / 2e9 for shape in gpu_share.SHAPES}
    assert counted == pytest.approx({"ViT-B/32": 4.4, "ViT-B/16": 17.6, "ViT-L/14": 81.1}, rel=0.01)


def test_patches_and_the_class_token_are_counted() -> None:
    assert [shape.tokens for shape in gpu_share.SHAPES] == [50, 197, 257]


def test_nothing_is_claimed_without_a_gpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_share, "has_gpu", lambda: False)
    with pytest.raises(SystemExit) as caught:
        gpu_share.main(["--json"])
    assert caught.value.code == 1
    assert "not measured" in capsys.readouterr().err
