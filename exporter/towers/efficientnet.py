"""EfficientNet-Lite in torch: the convolutional trunk of the image tower.

The Lite variants (Tan and Le, 2019, "EfficientNet: Rethinking Model Scaling for Convolutional
Neural Networks"; the Lite models of 2020 drop squeeze-and-excitation and use ReLU6) are described
by seven stages. Parameter names follow the published weights, so they load without renaming.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping

STEM_CHANNELS = 32
TOP_CHANNELS = 1280
CLASSES = 1000
_NORM_EPSILON = 1e-3
_CHANNEL_STEP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How one Lite model scales the base stages, and the resolution (px) it was trained at."""

    name: str
    width: float
    depth: float
    resolution: int


LITE0 = Variant(name="efficientnet-lite0", width=1.0, depth=1.0, resolution=224)
LITE2 = Variant(name="efficientnet-lite2", width=1.1, depth=1.2, resolution=260)


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


def scale_channels(channels: int, *, width: float) -> int:
    """Scale a channel count to the nearest multiple of eight, never down by more than a tenth.

    >>> [scale_channels(c, width=1.1) for c in (16, 24, 40, 320)]
    [16, 24, 48, 352]
    """
    scaled = channels * width
    rounded = max(_CHANNEL_STEP, int(scaled + _CHANNEL_STEP / 2) // _CHANNEL_STEP * _CHANNEL_STEP)
    return rounded + _CHANNEL_STEP if rounded < 0.9 * scaled else rounded


def same_padding(size: int, *, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after one axis so that it comes out ``ceil(size / stride)`` long.

    The odd zero goes after, as in TensorFlow, where the weights were trained.

    >>> same_padding(224, kernel=3, stride=2), same_padding(65, kernel=5, stride=2)
    ((0, 1), (2, 2))
    """
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class _Convolution(nn.Conv2d):
    """A bias-free convolution with TensorFlow's "same" padding on square inputs."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        before, after = same_padding(int(maps.shape[-1]), kernel=kernel, stride=stride)
        if before or after:
            maps = functional.pad(maps, (before, after, before, after))
        return super().forward(maps)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_NORM_EPSILON)


class _Block(nn.Module):
    """Inverted residual: expand, depthwise filter, project; added to its input where it fits."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expands = expansion != 1
        self.residual = stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = _Convolution(inputs, inner)
            self._bn0 = _norm(inner)
        self._depthwise_conv = _Convolution(
            inner, inner, kernel=kernel, stride=stride, groups=inner
        )
        self._bn1 = _norm(inner)
        self._project_conv = _Convolution(inner, outputs)
        self._bn2 = _norm(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        inner = functional.relu6(self._bn0(self._expand_conv(maps))) if self.expands else maps
        inner = functional.relu6(self._bn1(self._depthwise_conv(inner)))
        outer: Tensor = self._bn2(self._project_conv(inner))
        return maps + outer if self.residual else outer


class EfficientNetLite(nn.Module):
    """The trunk and its ImageNet classifier; build with :func:`load` to get trained weights."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant
        self._conv_stem = _Convolution(3, STEM_CHANNELS, kernel=3, stride=2)
        self._bn0 = _norm(STEM_CHANNELS)
        self._blocks = nn.ModuleList()
        self.stage_ends: list[int] = []
        channels = STEM_CHANNELS
        for number, stage in enumerate(_STAGES):
            outputs = scale_channels(stage.channels, width=variant.width)
            fixed = number in (0, len(_STAGES) - 1)
            repeats = stage.repeats if fixed else math.ceil(stage.repeats * variant.depth)
            for repeat in range(repeats):
                block = _Block(
                    channels,
                    outputs,
                    kernel=stage.kernel,
                    stride=stage.stride if repeat == 0 else 1,
                    expansion=stage.expansion,
                )
                self._blocks.append(block)
                channels = outputs
            self.stage_ends.append(len(self._blocks) - 1)
        self._conv_head = _Convolution(channels, TOP_CHANNELS)
        self._bn1 = _norm(TOP_CHANNELS)
        self._fc = nn.Linear(TOP_CHANNELS, CLASSES)

    def forward(self, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
        """Run the trunk.

        Args:
            pictures: float32 (n, 3, s, s), normalised to about -1..1.

        Returns:
            The map at the end of each of the seven stages, (n, c, s', s'), and the top map,
            (n, 1280, s'', s''), not pooled.
        """
        maps: Tensor = functional.relu6(self._bn0(self._conv_stem(pictures)))
        ends = []
        for number, block in enumerate(self._blocks):
            maps = block(maps)
            if number in self.stage_ends:
                ends.append(maps)
        return ends, functional.relu6(self._bn1(self._conv_head(maps)))

    def classify(self, top: Tensor) -> Tensor:
        """ImageNet logits, (n, 1000), from the top map."""
        logits: Tensor = self._fc(top.mean((2, 3)))
        return logits


def load(variant: Variant, weights: Mapping[str, Tensor]) -> EfficientNetLite:
    """Build a variant with its published weights, ready for inference.

    Raises:
        RuntimeError: from torch, when a weight is missing, left over or of another shape.
    """
    model = EfficientNetLite(variant)
    model.load_state_dict(dict(weights))
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model


def normalise(pixels: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) to the float32 (n, 3, h, w) the weights were trained on."""
    return (pixels.permute(0, 3, 1, 2).to(torch.float32) - 127.0) / 128.0
