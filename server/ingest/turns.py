"""Whose turn it is to change a catalog: one writer at a time, here and among replicas."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from server.catalog.catalogs import Catalog
from server.catalog.refusal import being_replaced
from server.ingest.recovery import recover
from server.retrieval.analysis import Analyzer


class WriteTurns:
    """Hands out turns. Any thread; a turn is not taken again inside itself."""

    def __init__(self, analyzer: Analyzer) -> None:
        """``analyzer`` reads the words of what an earlier turn left undone."""
        self._analyzer = analyzer
        self._turn = threading.Lock()

    @contextmanager
    def writing_to(self, find: Callable[[], Catalog]) -> Iterator[Catalog]:
        """A block that changes the catalog which ``find`` gives, once it is this call's turn.

        What a turn left undone, here or in a process that died, is done before the block begins.

        Raises:
            Unavailable: another process kept its turn for longer than ten seconds or is replacing
                the catalog, or a part does not answer.
        """
        with self._turn:
            catalog = find()
            with catalog.products.alone():
                if catalog.products.being_replaced():
                    raise being_replaced(catalog.name)
                recover(catalog, analyzer=self._analyzer)
                yield catalog

    def between_writes(self) -> AbstractContextManager[object]:
        """A block during which no turn begins here."""
        return self._turn

    def recover(self, catalog: Catalog) -> None:
        """Finish what was left undone in a catalog that nobody here writes to yet."""
        with catalog.products.alone():
            recover(catalog, analyzer=self._analyzer)
