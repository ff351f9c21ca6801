"""Builds of catalogs: made empty, opened from the store and the engine, and dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.catalog.generations import Generation
from server.catalog.load import load_table
from server.catalog.naming import index_name
from server.catalog.rows import ProductRows
from server.catalog.store import Store
from server.encoders.shelf import HeldBundle
from server.errors import NotFound
from server.retrieval.protocol import VectorEngine, VectorIndex
from server.signals.table import ProductTable

LAYOUT = 1
"""Raised whenever a release analyses or embeds products in another way than the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """One build of a catalog, ready to be searched and written, and the bundle of its vectors."""

    name: str
    bundle_id: str
    generation: int
    bundle: HeldBundle
    index: VectorIndex
    table: ProductTable
    products: ProductRows


class Builds:
    """Makes and drops builds. Each is of the bundle that is held for it, and gives that back."""

    def __init__(
        self,
        *,
        store: Store,
        engine: VectorEngine,
        fold: Callable[[str], str],
        image_share: float,
    ) -> None:
        """Keep what builds are made of; ``fold`` and ``image_share`` are for `ProductTable`."""
        self._store = store
        self._engine = engine
        self._fold = fold
        self._image_share = image_share

    def begin(self, name: str, *, bundle: HeldBundle) -> Catalog:
        """An empty build, which nobody is served yet."""
        generation = self._store.generations.begin(
            catalog=name, bundle=bundle.manifest.id, layout=LAYOUT
        )
        index = self._engine.create(index_name(generation), dimension=bundle.manifest.dimension)
        return self._catalog(generation, index, bundle)

    def open(
        self, generation: Generation, *, bundle: HeldBundle, made_elsewhere: bool = False
    ) -> Catalog:
        """A build made before; where its index is gone, all its products are pending.

        Raises:
            NotFound: the index of a build that was ``made_elsewhere``, just now, is gone: so is it.
        """
        name, dimension = index_name(generation), bundle.manifest.dimension
        try:
            index = self._engine.open(name)
        except NotFound:
            if made_elsewhere:
                raise
            # The store has everything an index is made of; recovery fills this one from it.
            self._store.rows(generation.number).mark_all_pending()
            index = self._engine.create(name, dimension=dimension)
        catalog = self._catalog(generation, index, bundle)
        load_table(catalog.table, catalog.products, dimension=dimension)
        return catalog

    def drop(self, catalog: Catalog) -> None:
        """Remove a build that nobody uses, and give its bundle back."""
        try:
            self._engine.drop(catalog.index.name)
            self._store.generations.drop(catalog.generation)
        finally:
            catalog.bundle.give_back()

    def drop_left(self, name: str, *, keep: frozenset[int]) -> None:
        """Remove builds older than the one served, such as a crash leaves, but ``keep``.

        A newer one may be another process's in the making.
        """
        served = self._store.generations.served()[name].number
        for generation in self._store.generations.unserved(name):
            if generation.number < served and generation.number not in keep:
                self._engine.drop(index_name(generation))
                self._store.generations.drop(generation.number)

    def _catalog(self, generation: Generation, index: VectorIndex, bundle: HeldBundle) -> Catalog:
        return Catalog(
            name=generation.catalog,
            bundle_id=generation.bundle,
            generation=generation.number,
            bundle=bundle,
            index=index,
            table=ProductTable(
                dimension=bundle.manifest.dimension,
                fold=self._fold,
                image_share=self._image_share,
            ),
            products=self._store.rows(generation.number),
        )
