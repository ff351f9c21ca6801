"""Which queries train and which are held out: by query, by query and time, and in folds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.dataset import RankingDataset
from ranker.errors import RankingError

_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Places of queries, int (k,) and (h,), ascending; no key is on both sides."""

    kept: _Places
    held_out: _Places


def hold_out(dataset: RankingDataset, *, share: float, seed: int) -> Split:
    """About ``share`` of the queries held out, on both sides at least one that tells grades apart.

    Without times, queries are drawn at random by key. With times, what is held out is newer *and*
    of keys that do not train: the newest √share of the queries whose key is among √share of the
    keys drawn at random. What is older and of a held-out key, or newer and of a training key, is on
    neither side, so that validation asks what serving will: unseen queries, later.

    Raises:
        RankingError: ``TRAINING_SHARE``, ``TOO_FEW_QUERIES`` or ``NOTHING_TO_LEARN``.
    """
    if not 0 < share < 1:
        raise RankingError(
            f"held_out_share is {share}; give a number between 0 and 1.", reason="TRAINING_SHARE"
        )
    keys = np.array(dataset.split_keys(), dtype=object)
    telling = _telling_keys(dataset, keys)
    rng = np.random.default_rng(seed)
    if dataset.times is None or not np.ptp(dataset.times):
        held_keys = _drawn(keys, telling, share=share, rng=rng)
        held = np.array([key in held_keys for key in keys])
        return Split(kept=np.flatnonzero(~held), held_out=np.flatnonzero(held))
    root = math.sqrt(share)
    held_keys = _drawn(keys, telling, share=root, rng=rng)
    held = np.array([key in held_keys for key in keys])
    newer = dataset.times > np.quantile(dataset.times, 1 - root)
    split = Split(kept=np.flatnonzero(~held & ~newer), held_out=np.flatnonzero(held & newer))
    informative = dataset.informative()
    if not informative[split.kept].any() or not informative[split.held_out].any():
        raise RankingError(
            "Held out by query and by time, one side is left without a query that tells a good"
            " product from a bad one; give a longer span of searches with events.",
            reason="TOO_FEW_QUERIES",
        )
    return split


def folds(dataset: RankingDataset, *, count: int, seed: int) -> Iterator[Split]:
    """``count`` splits that hold every query out once, equal keys together.

    Queries that tell grades apart are dealt out evenly.

    Raises:
        RankingError: ``TOO_FEW_QUERIES``, fewer informative keys than folds, or than two.
    """
    keys = dataset.split_keys()
    telling = _telling_keys(dataset, np.array(keys, dtype=object))
    if len(telling) < count:
        raise RankingError(
            f"{count} folds take as many queries that tell a good product from a bad one, there"
            f" are {len(telling)}; give more queries or ask for fewer folds.",
            reason="TOO_FEW_QUERIES",
        )
    rng = np.random.default_rng(seed)
    rest = [key for key in dict.fromkeys(keys) if key not in set(telling)]
    dealt = [*rng.permutation(telling).tolist(), *rng.permutation(rest).tolist()]
    fold_of = {key: place % count for place, key in enumerate(dealt)}
    fold = np.array([fold_of[key] for key in keys])
    for each in range(count):
        yield Split(kept=np.flatnonzero(fold != each), held_out=np.flatnonzero(fold == each))


def _telling_keys(dataset: RankingDataset, keys: npt.NDArray[np.object_]) -> list[str]:
    """Keys of the queries that tell grades apart, two or more.

    Raises:
        RankingError: ``TOO_FEW_QUERIES`` or ``NOTHING_TO_LEARN``.
    """
    if len(set(keys.tolist())) <= 1:
        raise RankingError(
            "Holding queries out takes two or more of different keys; give more queries.",
            reason="TOO_FEW_QUERIES",
        )
    telling = list(dict.fromkeys(keys[dataset.informative()].tolist()))
    if not telling:
        raise RankingError(
            "No query has two candidates of different grades; there is nothing to learn.",
            reason="NOTHING_TO_LEARN",
        )
    if len(telling) == 1:
        raise RankingError(
            "Only one query tells a good product from a bad one; two or more are needed, to train"
            " on and to hold out.",
            reason="TOO_FEW_QUERIES",
        )
    return telling


def _drawn(
    keys: npt.NDArray[np.object_], telling: list[str], *, share: float, rng: np.random.Generator
) -> set[str]:
    """``share`` of the telling keys and of the others; of the telling at least one, and not all."""
    known = set(telling)
    rest = [key for key in dict.fromkeys(keys.tolist()) if key not in known]
    count = min(max(round(len(telling) * share), 1), len(telling) - 1)
    held = [telling[place] for place in rng.permutation(len(telling))[:count]]
    held += [rest[place] for place in rng.permutation(len(rest))[: round(len(rest) * share)]]
    return set(held)
