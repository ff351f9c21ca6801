"""A model brought in from elsewhere: its towers as torch modules, and how input is prepared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from exporter.spec import ImageTower, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """A text tower before export.

    ``module`` maps ``input_ids`` and ``attention_mask``, both int64 (n, t), to unit vectors float32
    (n, d), in evaluation mode. ``tokenizer`` is the text of a ``tokenizer.json`` as the library
    `tokenizers` reads it, normalizer and post-processor included, without padding and truncation.
    The rest is as in `exporter.spec.TextTower`.
    """

    module: nn.Module
    tokenizer: str
    max_tokens: int
    padding: Literal["longest", "fixed"] = "longest"
    pad_id: int = 0
    cleaning: Literal["canonical", "verbatim"] = "verbatim"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """An image tower before export.

    ``module`` maps ``pixels`` uint8 (n, h, w, 3) to unit vectors float32 (n, d), normalisation of
    pixels included, in evaluation mode. ``tower`` says how a picture becomes those pixels; its
    ``file`` is the name that the exported tower will have.
    """

    module: nn.Module
    tower: ImageTower


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model of one text and one image tower that share a space of ``dimension`` numbers.

    ``name`` is made of letters, digits, ``-``, ``_`` and ``.``; ``family`` says what kind of model
    it is (``clip``, ``siglip``, ``chinese_clip``, ``openclip``).
    """

    name: str
    family: str
    dimension: int
    text: TextSource
    image: ImageSource
    source: Source
