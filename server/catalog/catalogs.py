"""The catalogs of a server: their indexes, tables and rows, opened, made, replaced and dropped."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from server.catalog.generations import Generation
from server.catalog.load import load_table
from server.catalog.rows import ProductRows
from server.catalog.store import Store
from server.errors import FailedPrecondition, InvalidRequest, NotFound, Violation
from server.retrieval.protocol import VectorEngine, VectorIndex
from server.signals.table import ProductTable

LAYOUT = 1
"""Raised whenever a release analyses or embeds products in another way than the one before."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_LONGEST_NAME = 255
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """One build of a catalog, ready to be searched and written."""

    name: str
    bundle_id: str
    generation: int
    index: VectorIndex
    table: ProductTable
    products: ProductRows


class Catalogs:
    """Catalogs by name. Any thread may ask; a catalog that is replaced is replaced as a whole."""

    def __init__(
        self,
        *,
        store: Store,
        engine: VectorEngine,
        bundle_id: str,
        dimension: int,
        fold: Callable[[str], str],
        image_share: float = 0.3,
    ) -> None:
        """Know the catalogs in the store; `load` opens them.

        ``bundle_id`` and ``dimension`` are of the encoder that serves, ``fold`` says which values
        of products are the same, ``image_share`` is a in F = aI + (1 - a)T for stored vectors.
        """
        self._store = store
        self._engine = engine
        self._bundle_id = bundle_id
        self._dimension = dimension
        self._fold = fold
        self._image_share = image_share
        self._changing = threading.Lock()
        self._open: dict[str, Catalog] = {}
        self._refused: dict[str, Generation] = {}

    def load(self) -> None:
        """Open every catalog of this bundle; those of another are refused when asked for."""
        with self._changing:
            for name, generation in self._store.generations.served().items():
                if self._fits(generation):
                    self._open[name] = self._opened(generation)
                else:
                    self._refused[name] = generation

    def names(self) -> list[str]:
        """Names of the open catalogs, sorted."""
        return sorted(self._open)

    def find(self, name: str) -> Catalog | None:
        """The catalog if it is open.

        Raises:
            FailedPrecondition: it was indexed with another bundle, or by another release.
        """
        catalog = self._open.get(name)
        if catalog is None and name in self._refused:
            raise self._refusal(self._refused[name])
        return catalog

    def get(self, name: str) -> Catalog:
        """The catalog.

        Raises:
            NotFound: there is none of that name.
            FailedPrecondition: it was indexed with another bundle, or by another release.
        """
        catalog = self.find(name)
        if catalog is None:
            known = ", ".join(self.names()) or "none yet"
            message = (
                f"there is no catalog {name!r}; write its first product, or ask one of: {known}"
            )
            raise NotFound(message, reason="CATALOG_NOT_FOUND", catalog=name)
        return catalog

    def get_or_create(self, name: str) -> Catalog:
        """The catalog, made empty if there is none of that name.

        Raises:
            InvalidRequest: no catalog can have that name.
            FailedPrecondition: it was indexed with another bundle, or by another release.
        """
        _check_name(name)
        with self._changing:
            catalog = self.find(name)
            if catalog is None:
                catalog = self._built(name)
                self._serve(catalog, instead_of=None)
            return catalog

    @contextmanager
    def replacing(self, name: str) -> Iterator[Catalog]:
        """An empty catalog to fill beside the one served, which it replaces at the end.

        On an exception it is dropped and the one served stays. The old build goes last, so searches
        that began on it should have ended: replace while nobody searches, or expect such searches
        to be refused as unavailable.

        Raises:
            InvalidRequest: no catalog can have that name.
            FailedPrecondition: another process replaced the catalog meanwhile.
        """
        _check_name(name)
        served = self._store.generations.served().get(name)
        catalog = self._built(name)
        finished = False
        try:
            yield catalog
            with self._changing:
                self._serve(catalog, instead_of=served.number if served else None)
            finished = True
        finally:
            if not finished:
                self._drop(catalog.generation, catalog.index.name)
        self._drop_unserved(name)

    def _built(self, name: str) -> Catalog:
        generation = self._store.generations.begin(
            catalog=name, bundle=self._bundle_id, layout=LAYOUT
        )
        index = self._engine.create(_index_name(generation), dimension=self._dimension)
        return self._catalog(generation, index)

    def _opened(self, generation: Generation) -> Catalog:
        name = _index_name(generation)
        try:
            index = self._engine.open(name)
        except NotFound:
            # The store has everything an index is made of; recovery fills this one from it.
            self._store.rows(generation.number).mark_all_pending()
            index = self._engine.create(name, dimension=self._dimension)
        catalog = self._catalog(generation, index)
        load_table(catalog.table, catalog.products, dimension=self._dimension)
        return catalog

    def _catalog(self, generation: Generation, index: VectorIndex) -> Catalog:
        return Catalog(
            name=generation.catalog,
            bundle_id=generation.bundle,
            generation=generation.number,
            index=index,
            table=ProductTable(
                dimension=self._dimension, fold=self._fold, image_share=self._image_share
            ),
            products=self._store.rows(generation.number),
        )

    def _serve(self, catalog: Catalog, *, instead_of: int | None) -> None:
        generation = Generation(
            number=catalog.generation,
            catalog=catalog.name,
            bundle=catalog.bundle_id,
            layout=LAYOUT,
        )
        self._store.generations.serve(generation, instead_of=instead_of)
        self._open[catalog.name] = catalog
        self._refused.pop(catalog.name, None)

    def _drop_unserved(self, name: str) -> None:
        for generation in self._store.generations.unserved(name):
            self._drop(generation.number, _index_name(generation))

    def _drop(self, number: int, index_name: str) -> None:
        self._engine.drop(index_name)
        self._store.generations.drop(number)

    def _fits(self, generation: Generation) -> bool:
        return generation.bundle == self._bundle_id and generation.layout == LAYOUT

    def _refusal(self, generation: Generation) -> FailedPrecondition:
        cause = (
            f"with encoder bundle {generation.bundle}, and this server has {self._bundle_id}"
            if generation.bundle != self._bundle_id
            else "by another release"
        )
        message = (
            f"catalog {generation.catalog!r} was indexed {cause}; index it again with: "
            f"omnishelf index CATALOG_FILE --catalog {generation.catalog} --replace"
        )
        return FailedPrecondition(
            message, reason="CATALOG_OF_OTHER_BUNDLE", catalog=generation.catalog
        )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        description = "name a catalog with 1 to 128 letters, digits, '.', '_', '-', a letter first"
        raise InvalidRequest(
            [Violation(field="catalog", reason="CATALOG_NAME_INVALID", description=description)]
        )


def _index_name(generation: Generation) -> str:
    """``omnishelf_{catalog}_{bundle}_{n}`` in letters, digits and ``_``; n keeps it unique."""
    catalog, bundle = (_UNSAFE.sub("_", part) for part in (generation.catalog, generation.bundle))
    tail = f"_{bundle}_{generation.number}"[-_LONGEST_NAME // 2 :]
    return f"omnishelf_{catalog}"[: _LONGEST_NAME - len(tail)] + tail
