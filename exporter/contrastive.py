"""Contrastive losses over a batch's similarities of pictures (rows) and captions (columns).

``similarities`` are cosines (n, m). ``positives`` and ``negatives`` are bool (n, m) and never both
true; a pair that is neither, such as two variants of one product, is not counted at all. A row or
column without a positive teaches nothing and is left out of the mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

_NEVER = float("-inf")


def info_nce(
    similarities: Tensor, *, positives: Tensor, negatives: Tensor, scale: Tensor | float
) -> Tensor:
    """Give InfoNCE, the mean of both directions, with ``scale`` the inverse temperature.

    ``-mean_p log(exp(s_p) / (exp(s_p) + sum_n exp(s_n)))`` over the positives p and the negatives n
    of a row: van den Oord et al., 2018, "Representation Learning with Contrastive Predictive
    Coding", equation 4; both directions and the learnt scale as in Radford et al., 2021, "Learning
    Transferable Visual Models From Natural Language Supervision", figure 3. Positives of one row do
    not compete with each other.
    """
    logits = similarities * scale
    there = _cross_entropy(logits, positives, negatives)
    back = _cross_entropy(logits.T, positives.T, negatives.T)
    return (there + back) / 2


def vse_pp(similarities: Tensor, *, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """Give the max of hinges, the mean of both directions summed: only the hardest negative counts.

    ``[margin + max_n s_n - s_p]+`` over every positive p and the negatives n of its row, plus the
    same over its column: Faghri et al., 2018, "VSE++: Improving Visual-Semantic Embeddings with
    Hard Negatives", equation 6. A mean where the paper sums, so that the learning rate does not
    depend on the size of a batch.
    """
    there = _hinge(similarities, positives, negatives, margin)
    back = _hinge(similarities.T, positives.T, negatives.T, margin)
    return there + back


def _cross_entropy(logits: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    others = logits.masked_fill(~negatives, _NEVER).logsumexp(dim=1, keepdim=True)
    each = torch.logaddexp(logits, others) - logits
    return _mean_of_rows(each, positives)


def _hinge(similarities: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    hardest = similarities.masked_fill(~negatives, _NEVER).amax(dim=1, keepdim=True)
    return _mean_of_rows((margin + hardest - similarities).clamp(min=0), positives)


def _mean_of_rows(values: Tensor, positives: Tensor) -> Tensor:
    """Mean over the rows that have positives of the mean over a row's positives."""
    counts = positives.sum(dim=1)
    means = values.masked_fill(~positives, 0).sum(dim=1) / counts.clamp(min=1)
    return means.sum() / (counts > 0).sum().clamp(min=1)
