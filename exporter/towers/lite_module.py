"""EfficientNet-Lite as a torch module: the oracle that the image tower's ONNX graph is held to.

Parameter names follow the published weights, so they load without renaming.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from exporter.towers.lite_plan import (
    CLASSES,
    NORM_EPSILON,
    STEM_CHANNELS,
    TOP_CHANNELS,
    Block,
    Variant,
    plan_blocks,
    same_padding,
)


class _Convolution(nn.Conv2d):
    """A bias-free convolution of square maps with TensorFlow's "same" padding."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        before, after = same_padding(int(maps.shape[-1]), kernel=kernel, stride=stride)
        return super().forward(functional.pad(maps, (before, after, before, after)))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=NORM_EPSILON)


class _Residual(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block
        if block.expansion != 1:
            self._expand_conv = _Convolution(block.inputs, block.inner)
            self._bn0 = _norm(block.inner)
        self._depthwise_conv = _Convolution(
            block.inner, block.inner, kernel=block.kernel, stride=block.stride, groups=block.inner
        )
        self._bn1 = _norm(block.inner)
        self._project_conv = _Convolution(block.inner, block.outputs)
        self._bn2 = _norm(block.outputs)

    def forward(self, maps: Tensor) -> Tensor:
        inner = maps
        if self.block.expansion != 1:
            inner = functional.relu6(self._bn0(self._expand_conv(inner)))
        inner = functional.relu6(self._bn1(self._depthwise_conv(inner)))
        outer: Tensor = self._bn2(self._project_conv(inner))
        return maps + outer if self.block.residual else outer


class EfficientNetLite(nn.Module):
    """Trunk and ImageNet classifier; `load_module` builds it with trained weights."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        blocks = plan_blocks(variant)
        self._conv_stem = _Convolution(3, STEM_CHANNELS, kernel=3, stride=2)
        self._bn0 = _norm(STEM_CHANNELS)
        self._blocks = nn.ModuleList(_Residual(block) for block in blocks)
        self._conv_head = _Convolution(blocks[-1].outputs, TOP_CHANNELS)
        self._bn1 = _norm(TOP_CHANNELS)
        self._fc = nn.Linear(TOP_CHANNELS, CLASSES)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Encode square pictures, uint8 (n, s, s, 3), RGB.

        Returns:
            The pooled top map, (n, 1280), and the ImageNet logits, (n, 1000).
        """
        maps = (pixels.permute(0, 3, 1, 2).to(torch.float32) - 127.0) / 128.0
        maps = functional.relu6(self._bn0(self._conv_stem(maps)))
        for block in self._blocks:
            maps = block(maps)
        pooled = functional.relu6(self._bn1(self._conv_head(maps))).mean((2, 3))
        return pooled, self._fc(pooled)


def load_module(variant: Variant, weights: Mapping[str, Tensor]) -> EfficientNetLite:
    """Build a variant with its published weights, in evaluation mode and without gradients.

    Raises:
        RuntimeError: from torch, when a weight is missing, left over or of another shape.
    """
    model = EfficientNetLite(variant)
    model.load_state_dict(dict(weights))
    model.eval()
    model.requires_grad_(requires_grad=False)
    return model
