"""One LightGBM model out of several: their trees side by side, so that scores add up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ranker.errors import RankingError

_TREE = re.compile(r"^Tree=\d+\n", re.MULTILINE)
_SIZES = re.compile(r"^tree_sizes=.*$", re.MULTILINE)
_END = "end of trees"


def added_up(models: Sequence[str]) -> str:
    """A model in LightGBM's text format that scores with the sum of ``models``.

    Adding up orders as the mean does, and leaves every tree as it was grown. Header and parameters
    are those of the first.

    Raises:
        RankingError: ``MODEL_MALFORMED``, there is none, one of them is not such text, or they
            are of different features.
    """
    if not models:
        raise RankingError("There is no model to add up.", reason="MODEL_MALFORMED")
    parts = [_parts(model) for model in models]
    headers = {_features(header) for header, _, _ in parts}
    if len(headers) > 1:
        raise RankingError(
            "The models are of different features; train them on the same data.",
            reason="MODEL_MALFORMED",
        )
    header, _, tail = parts[0]
    trees = [tree for _, grown, _ in parts for tree in grown]
    numbered = [f"Tree={place}\n{tree}" for place, tree in enumerate(trees)]
    sizes = " ".join(str(len(tree.encode())) for tree in numbered)
    return "".join([_SIZES.sub(f"tree_sizes={sizes}", header), *numbered, tail])


def _parts(model: str) -> tuple[str, list[str], str]:
    """What stands before the trees, each tree without its number, and what stands behind."""
    body, end, tail = model.partition(_END)
    header, *trees = _TREE.split(body)
    if not end or not trees or not _SIZES.search(header):
        raise RankingError(
            "A model to add up is not in LightGBM's text format; train it again.",
            reason="MODEL_MALFORMED",
        )
    return header, trees, end + tail


def _features(header: str) -> str:
    return next((line for line in header.splitlines() if line.startswith("feature_names=")), "")
