"""Train an image head with torch: pictures are drawn to the captions that describe them.

The loss is InfoNCE in both directions over the batch's captions (Oord et al., 2018, "Representation
Learning with Contrastive Predictive Coding"), with every caption of a picture counted as right, or
VSE++ where it is asked for (see `exporter.contrastive`), plus the cosine distance to the mean of a
picture's captions, which keeps it near what shoppers type and not merely nearer than others. Every
batch takes the same number of pictures from each source, and as many rehearsal samples as settings
say (see `exporter.rehearsal`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from exporter.alignment_report import Loss
from exporter.contrastive import vse_pp

Floats = NDArray[np.float32]
# The part of a feature's spread that is added to it: features that hardly vary stay small.
_SPREAD_FLOOR = 0.1
_WARM_UP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSettings:
    """How a head is trained; the defaults are the starter's."""

    steps: int = 400
    pictures_a_source: int = 72
    rehearsals: int = 128
    hidden: int = 512
    input_dropout: float = 0.2
    hidden_dropout: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    temperature: float = 0.05
    pull: float = 1.0  # weight of the cosine distance beside the contrastive loss
    loss: Loss = "infonce"
    margin: float = 0.2  # of VSE++


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a head learns from.

    ``views`` (v, n, f) are features of v views of n pictures; ``captions`` lists for each picture
    the rows of ``caption_vectors`` (c, d) that describe it; ``sources`` (n,) numbers the catalogue
    it came from. ``rehearsal`` (p, f) and ``rehearsal_captions`` are the same for made-up features.
    """

    views: Floats
    captions: Sequence[Sequence[int]]
    sources: NDArray[np.int64]
    rehearsal: Floats
    rehearsal_captions: Sequence[Sequence[int]]
    caption_vectors: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class WordWeights:
    """The learnt half of a head; fields as in `exporter.towers.image_head.Head`."""

    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats
    linear: Floats
    prior_gain: float


class _Words(nn.Module):
    def __init__(
        self, mean: Tensor, scale: Tensor, *, dimension: int, settings: HeadSettings
    ) -> None:
        super().__init__()
        inputs = len(mean)
        self.settings = settings
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.hidden = nn.Linear(inputs, settings.hidden)
        self.output = nn.Linear(settings.hidden, dimension)
        self.linear = nn.Linear(inputs, dimension, bias=False)
        self.prior_gain = nn.Parameter(torch.tensor(1.0))
        for parameter in (self.output.weight, self.output.bias, self.linear.weight):
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        mean, scale = self.get_buffer("mean"), self.get_buffer("scale")
        inputs = len(mean)
        x = (features[:, :inputs] - mean) * scale
        x = functional.dropout(x, self.settings.input_dropout, self.training)
        hidden = functional.gelu(self.hidden(x))
        hidden = functional.dropout(hidden, self.settings.hidden_dropout, self.training)
        learnt = self.output(hidden) + self.linear(x)
        return functional.normalize(self.prior_gain * features[:, inputs:] + learnt, dim=1)


def train_words(
    lesson: Lesson,
    settings: HeadSettings,
    *,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
    hear: Callable[[float], None] = lambda _: None,
) -> WordWeights:
    """Train the learnt half of a head; the same lesson, settings and seed give the same weights.

    After every step ``progress`` is called with the share done, 0 to 1, and ``hear`` with the loss.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    dimension = lesson.caption_vectors.shape[1]
    mean, scale = _standard(lesson.views[0, :, : lesson.views.shape[2] - dimension])
    module = _Words(mean, scale, dimension=dimension, settings=settings)
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    vectors = torch.from_numpy(lesson.caption_vectors)
    module.train()
    for step in range(settings.steps):
        features, captions = _batch(lesson, settings, random=random)
        loss = _loss(module(features), captions, vectors, settings=settings, random=random)
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * rate_share(step, steps=settings.steps)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        hear(float(loss.detach()))
        progress((step + 1) / settings.steps)
    return _weights(module)


def rate_share(step: int, *, steps: int) -> float:
    """Share of the learning rate at a step: up along a line for a tenth, down along a cosine.

    >>> [round(rate_share(step, steps=20), 2) for step in (0, 1, 2, 11, 19)]
    [0.5, 1.0, 1.0, 0.5, 0.01]
    """
    rise = max(1, round(_WARM_UP * steps))
    if step < rise:
        return (step + 1) / rise
    return (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise))) / 2


def _standard(inputs: Floats) -> tuple[Tensor, Tensor]:
    spread = inputs.std(axis=0)
    scale = 1 / (spread + _SPREAD_FLOOR * spread.mean() + np.finfo(np.float32).tiny)
    return torch.from_numpy(inputs.mean(axis=0)), torch.from_numpy(scale.astype(np.float32))


def _batch(
    lesson: Lesson, settings: HeadSettings, *, random: np.random.Generator
) -> tuple[Tensor, list[Sequence[int]]]:
    rows = []
    for source in np.unique(lesson.sources):
        members = np.flatnonzero(lesson.sources == source)
        few = len(members) < settings.pictures_a_source
        rows.append(random.choice(members, settings.pictures_a_source, replace=few))
    pictures = np.concatenate(rows)
    views = random.integers(len(lesson.views), size=len(pictures))
    captions = [lesson.captions[row] for row in pictures]
    features = lesson.views[views, pictures]
    if settings.rehearsals and len(lesson.rehearsal):
        made_up = random.integers(len(lesson.rehearsal), size=settings.rehearsals)
        features = np.concatenate([features, lesson.rehearsal[made_up]])
        captions += [lesson.rehearsal_captions[row] for row in made_up]
    return torch.from_numpy(features), captions


def _loss(
    embeddings: Tensor,
    captions: list[Sequence[int]],
    vectors: Tensor,
    *,
    settings: HeadSettings,
    random: np.random.Generator,
) -> Tensor:
    chosen = torch.tensor([rows[int(random.integers(len(rows)))] for rows in captions])
    right = torch.zeros(len(captions), len(vectors))
    for place, rows in enumerate(captions):
        right[place, list(rows)] = 1
    similarities = embeddings @ vectors[chosen].T
    matches = right[:, chosen]
    if settings.loss == "vse++":
        same = matches > 0
        loss = vse_pp(similarities, positives=same, negatives=~same, margin=settings.margin)
    else:
        logits = similarities / settings.temperature
        loss = (_cross_entropy(logits, matches) + _cross_entropy(logits.T, matches.T)) / 2
    means = functional.normalize(right @ vectors, dim=1)
    return loss + settings.pull * (1 - (embeddings * means).sum(1)).mean()


def _cross_entropy(logits: Tensor, matches: Tensor) -> Tensor:
    target = matches / matches.sum(1, keepdim=True)
    return -(functional.log_softmax(logits, dim=1) * target).sum(1).mean()


def _weights(module: _Words) -> WordWeights:
    state = {name: value.detach().numpy() for name, value in module.state_dict().items()}
    return WordWeights(
        mean=state["mean"],
        scale=state["scale"],
        hidden=state["hidden.weight"].T.copy(),
        hidden_bias=state["hidden.bias"],
        output=state["output.weight"].T.copy(),
        output_bias=state["output.bias"],
        linear=state["linear.weight"].T.copy(),
        prior_gain=float(state["prior_gain"]),
    )
