"""Towers of loaded models in the form that is exported: ids or bytes in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


class MaskedText(nn.Module):
    """A text tower that minds the mask: CLIP, Chinese-CLIP."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Map int64 (n, t) twice to unit vectors float32 (n, d)."""
        features = self.model.get_text_features(input_ids, attention_mask=attention_mask)
        return normalize(features.pooler_output, dim=-1)


class UnmaskedText(nn.Module):
    """A text tower that was trained on texts of one padded length and attends to all: SigLIP."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:  # noqa: ARG002 - the contract of text towers
        """Map int64 (n, t) to unit vectors float32 (n, d); the mask is not looked at."""
        return normalize(self.model.get_text_features(input_ids).pooler_output, dim=-1)


class Pixels(nn.Module):
    """The arithmetic that a model's processor does on pixels: ``(value * scale - mean) / std``."""

    def __init__(self, *, scale: float, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.scale = scale
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32)[:, None, None])
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32)[:, None, None])

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 (n, h, w, 3) to float32 (n, 3, h, w)."""
        values = pixels.permute(0, 3, 1, 2).to(torch.float32) * self.scale
        return (values - self.mean) / self.std


class Image(nn.Module):
    """An image tower that takes pictures whole."""

    def __init__(self, model: nn.Module, *, pixels: Pixels) -> None:
        super().__init__()
        self.model: Any = model
        self.pixels = pixels

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 (n, h, w, 3) to unit vectors float32 (n, d)."""
        features = self.model.get_image_features(pixel_values=self.pixels(pixels))
        return normalize(features.pooler_output, dim=-1)


class PatchImage(nn.Module):
    """An image tower that takes a picture as a list of patches, held to one square grid: NaFlex.

    On one grid nothing is padded, so there is no mask, and the position of every patch is a
    constant: what the model's own interpolation gives for that grid.
    """

    def __init__(self, model: nn.Module, *, pixels: Pixels, grid: int) -> None:
        super().__init__()
        self.tower: Any = model.get_submodule("vision_model")
        self.pixels = pixels
        self.grid = grid
        own: Any = self.tower.embeddings
        self.side: int = own.patch_size
        side = own.position_embedding_size
        with torch.no_grad():
            positions = own.resize_positional_embeddings(
                own.position_embedding.weight.reshape(side, side, -1),
                torch.tensor([[grid, grid]]),
                max_length=grid * grid,
            )
        self.register_buffer("positions", positions)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map uint8 (n, h, w, 3), h and w the grid's sides in pixels, to unit vectors (n, d)."""
        patches = self.pixels(pixels).reshape(-1, 3, self.grid, self.side, self.grid, self.side)
        patches = patches.permute(0, 2, 4, 3, 5, 1).reshape(-1, self.grid**2, 3 * self.side**2)
        hidden = self.tower.embeddings.patch_embedding(patches) + self.positions
        hidden = self.tower.encoder(inputs_embeds=hidden).last_hidden_state
        return normalize(self.tower.head(self.tower.post_layernorm(hidden)), dim=-1)
