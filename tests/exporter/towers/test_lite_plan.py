"""The blocks of EfficientNet-Lite2 and TensorFlow's padding, from the published tables."""

import itertools

import pytest

from exporter.towers.lite_plan import LITE2, plan_blocks, same_padding, scale_channels


def test_lite2_ends_its_stages_at_the_published_widths() -> None:
    blocks = plan_blocks(LITE2)
    ends = [0, 3, 6, 10, 14, 19, 20]  # 1, 3, 3, 4, 4, 5 and 1 blocks
    assert [blocks[end].outputs for end in ends] == [16, 24, 48, 88, 120, 208, 352]
    assert [block.stride for block in blocks].count(2) == 4
    assert [block.residual for block in blocks[:4]] == [False, False, True, True]
    assert all(a.outputs == b.inputs for a, b in itertools.pairwise(blocks))


@pytest.mark.parametrize(
    ("channels", "width", "scaled"),
    [(32, 1.0, 32), (40, 1.1, 48), (24, 1.1, 24), (112, 1.1, 120), (16, 0.25, 8), (24, 0.5, 16)],
)
def test_scaled_channels(channels: int, width: float, scaled: int) -> None:
    assert scale_channels(channels, width=width) == scaled


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        (260, 3, 2, (0, 1)),
        (130, 5, 2, (1, 2)),
        (65, 5, 2, (2, 2)),
        (65, 3, 1, (1, 1)),
        (9, 1, 1, (0, 0)),
    ],
)
def test_padding(size: int, kernel: int, stride: int, padding: tuple[int, int]) -> None:
    assert same_padding(size, kernel=kernel, stride=stride) == padding
