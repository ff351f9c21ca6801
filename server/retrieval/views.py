"""The views of one query searched side by side, going on with those that answer."""

from __future__ import annotations

from collections.abc import Sequence

from server.deadline import Deadline
from server.errors import OmnishelfError
from server.retrieval.filters.tree import Filter
from server.retrieval.protocol import VectorIndex, ViewHits, ViewQuery
from server.stages import StageClock


def search_views(
    index: VectorIndex,
    asked: Sequence[ViewQuery],
    *,
    limit: int,
    filter_tree: Filter | None,
    clock: StageClock,
    deadline: Deadline,
) -> list[ViewHits]:
    """What the views found, in the order asked; a view that failed is noted and left out.

    Raises:
        Unavailable, DeadlineExceeded: No view answered; the first view's error.
    """
    searched = index.search_views(asked, limit=limit, filter_tree=filter_tree, deadline=deadline)
    found: list[ViewHits] = []
    failures: list[OmnishelfError] = []
    for query, each in zip(asked, searched, strict=True):
        if isinstance(each, ViewHits):
            found.append(each)
            continue
        failures.append(each)
        clock.fall_back("retrieve", used=f"without_{query.view}_view", reason=each.reason)
    if failures and not found:
        raise failures[0]
    return found
