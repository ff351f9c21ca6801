"""The plan of EfficientNet-Lite: which blocks a variant has and how each convolution pads.

Tan and Le (2019), "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"; the
Lite models of 2020 drop squeeze-and-excitation, use ReLU6, and leave the first and the last stage
and the stem unscaled. The torch module and the ONNX graph are both built from this plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

STEM_CHANNELS = 32
TOP_CHANNELS = 1280
CLASSES = 1000
NORM_EPSILON = 1e-3
_CHANNEL_STEP = 8
_MOST_ROUNDED_AWAY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How one Lite model scales the base stages, and the side (px) of the squares it was fed."""

    name: str
    width: float
    depth: float
    resolution: int


LITE2 = Variant(name="efficientnet-lite2", width=1.1, depth=1.2, resolution=260)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One inverted residual: expand by ``expansion``, filter each channel, project."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    expansion: int

    @property
    def inner(self) -> int:
        """Channels between the expansion and the projection."""
        return self.inputs * self.expansion

    @property
    def residual(self) -> bool:
        """Whether the block's input is added to its output."""
        return self.stride == 1 and self.inputs == self.outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
    _Stage(repeats=2, kernel=3, stride=2, expansion=6, channels=24),
    _Stage(repeats=2, kernel=5, stride=2, expansion=6, channels=40),
    _Stage(repeats=3, kernel=3, stride=2, expansion=6, channels=80),
    _Stage(repeats=3, kernel=5, stride=1, expansion=6, channels=112),
    _Stage(repeats=4, kernel=5, stride=2, expansion=6, channels=192),
    _Stage(repeats=1, kernel=3, stride=1, expansion=6, channels=320),
)


def plan_blocks(variant: Variant) -> tuple[Block, ...]:
    """List a variant's blocks in order; the last one's outputs feed the top convolution.

    >>> len(plan_blocks(LITE2))
    21
    """
    blocks: list[Block] = []
    channels = STEM_CHANNELS
    for number, stage in enumerate(_STAGES):
        outputs = scale_channels(stage.channels, width=variant.width)
        fixed = number in (0, len(_STAGES) - 1)
        repeats = stage.repeats if fixed else math.ceil(stage.repeats * variant.depth)
        for repeat in range(repeats):
            block = Block(
                inputs=channels,
                outputs=outputs,
                kernel=stage.kernel,
                stride=stage.stride if repeat == 0 else 1,
                expansion=stage.expansion,
            )
            blocks.append(block)
            channels = outputs
    return tuple(blocks)


def scale_channels(channels: int, *, width: float) -> int:
    """Scale a channel count to the nearest multiple of eight, never down by more than a tenth.

    >>> [scale_channels(channels, width=1.1) for channels in (16, 24, 40, 320)]
    [16, 24, 48, 352]
    """
    scaled = channels * width
    rounded = max(_CHANNEL_STEP, int(scaled + _CHANNEL_STEP / 2) // _CHANNEL_STEP * _CHANNEL_STEP)
    return rounded + _CHANNEL_STEP if rounded < (1 - _MOST_ROUNDED_AWAY) * scaled else rounded


def same_padding(size: int, *, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after one axis so that it comes out ``ceil(size / stride)`` long.

    The odd zero goes after, as in TensorFlow, where the weights were trained.

    >>> same_padding(224, kernel=3, stride=2), same_padding(65, kernel=5, stride=2)
    ((0, 1), (2, 2))
    """
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
