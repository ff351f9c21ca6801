"""The views of one query searched side by side, going on with those that answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from server.deadline import Deadline
from server.errors import DeadlineExceeded, OmnishelfError, Unavailable
from server.retrieval.filters.tree import Filter
from server.retrieval.protocol import VectorIndex, ViewHits, ViewQuery
from server.stages import StageClock


class ViewSearcher:
    """Searches views in parallel: all but the first on a pool of its own, the first right here."""

    def __init__(self, *, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="view")

    def search(
        self,
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

        def search_one(query: ViewQuery) -> ViewHits:
            return index.search(query, limit=limit, filter_tree=filter_tree, deadline=deadline)

        later: list[Future[ViewHits]] = [
            self._pool.submit(search_one, query) for query in asked[1:]
        ]
        found: list[ViewHits] = []
        failures: list[OmnishelfError] = []
        for place, query in enumerate(asked):
            try:
                if place == 0:
                    found.append(search_one(query))
                else:
                    found.append(later[place - 1].result(deadline.timeout_seconds()))
            except (Unavailable, DeadlineExceeded) as error:
                failures.append(error)
                clock.fall_back("retrieve", used=f"without_{query.view}_view", reason=error.reason)
            except TimeoutError:
                later[place - 1].cancel()
                failures.append(DeadlineExceeded("the deadline passed while searching"))
                clock.fall_back("retrieve", used=f"without_{query.view}_view", reason="DEADLINE")
        if failures and not found:
            raise failures[0]
        return found

    def close(self) -> None:
        """Let running searches end and take no more."""
        self._pool.shutdown(cancel_futures=True)
