"""The catalogs of a server by name: opened, leased to searches, made, and replaced as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.catalog import builds
from server.catalog.builds import Builds, Catalog
from server.catalog.counts import LiveCounts
from server.catalog.generations import Generation
from server.catalog.naming import check_name
from server.catalog.opening import BuildOpener
from server.catalog.refusal import being_replaced, of_other_bundle
from server.catalog.retired import RetiredBuilds
from server.catalog.served_rows import ServedRows
from server.catalog.store import Store
from server.encoders.protocol import Encoder
from server.encoders.shelf import EncoderShelf, HeldBundle
from server.errors import NotFound, Unavailable
from server.leases import Lease, Leased
from server.retrieval.protocol import VectorEngine

__all__ = ["Catalog", "Catalogs"]

DRAIN_SECONDS = 60.0
"""Longest wait for the searches on a replaced build; what they still use is dropped later."""


class Catalogs:
    """Catalogs by name, each with the bundle it was indexed with. Any thread may ask.

    A catalog is replaced in one step: a search has the old build and its bundle or the new ones,
    and what it has stays there until it ends.
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: VectorEngine,
        shelf: EncoderShelf,
        fold: Callable[[str], str],
        image_share: float = 0.3,
        drain_seconds: float = DRAIN_SECONDS,
        keep_seconds: float = 0.0,
        counts: LiveCounts | None = None,
    ) -> None:
        """Know the catalogs in the store; `load` opens them.

        ``fold`` says which values of products are the same, ``image_share`` is a in
        F = aI + (1 - a)T for stored vectors. ``keep_seconds`` is how long a replaced build stays
        for other processes. ``counts`` fills the tables' counted events; zeros without it.
        """
        self._store = store
        self._shelf = shelf
        self._builds = Builds(store=store, engine=engine, fold=fold, image_share=image_share)
        self._retired = RetiredBuilds(
            self._builds, drain_seconds=drain_seconds, keep_seconds=keep_seconds
        )
        self._opener = BuildOpener(self._builds, shelf=shelf, counts=counts)
        self._loading = threading.Lock()
        self._changing = threading.Lock()
        self._open: dict[str, Leased[Catalog]] = {}
        self._refused: dict[str, Generation] = {}
        self._being_replaced: set[str] = set()

    def load(self, *, prepare: Callable[[Catalog], object] | None = None) -> None:
        """Open every catalog whose bundle is on the shelf; the others are refused when asked for.

        It may be called again when another bundle was opened. ``prepare`` has each catalog before
        it is served.
        """
        with self._loading:
            for name, generation in self._store.generations.served().items():
                if name in self._open:
                    continue
                if not self._opener.fits(generation):
                    self._refused[name] = generation
                    continue
                catalog = self._opener.open(generation, prepare=prepare)
                with self._changing:
                    if name in self._open:  # a replacement was faster
                        catalog.bundle.give_back()
                        continue
                    self._put(catalog, replaced_here=False)

    def follow(self, name: str) -> None:
        """Serve the build that another process put in the place of ours, or the first one.

        Where its bundle is not open here the catalog is refused from now on, for the build before
        is about to go.

        Raises:
            NotFound: its index is gone, for yet another build is served by now; ask again.
            Unavailable: a part does not answer.
        """
        with self._loading:
            generation = self._store.generations.served().get(name)
            if generation is None or not self._newer(generation):
                return
            if not self._opener.fits(generation):
                with self._changing:
                    self._refused[name] = generation
                    if (before := self._open.pop(name, None)) is not None:
                        self._retired.retire(before, replaced_here=False)
                return
            catalog = self._opener.open(generation, made_elsewhere=True)
            with self._changing:
                if not self._newer(generation):  # one of ours was faster
                    catalog.bundle.give_back()
                    return
                self._put(catalog, replaced_here=False)

    def names(self) -> list[str]:
        """Names of the open catalogs, sorted."""
        return sorted(self._open)

    def find(self, name: str) -> Catalog | None:
        """The catalog if it is open, to look at: `serving` keeps it there while it is searched.

        Raises:
            FailedPrecondition: it was indexed with a bundle that is not open, or by another
                release.
        """
        if name in self._open or name in self._refused:
            return self._leased(name).value
        return None

    def get(self, name: str) -> Catalog:
        """The catalog, to look at, as `find`.

        Raises:
            NotFound: there is none of that name.
            FailedPrecondition: as `find`.
        """
        return self._leased(name).value

    @contextmanager
    def serving(self, name: str) -> Iterator[tuple[Catalog, Encoder]]:
        """The catalog and the encoder of its bundle; neither is closed or dropped in the block.

        Raises:
            NotFound, FailedPrecondition: as `get`.
        """
        with Lease(lambda: self._leased(name)) as catalog, catalog.bundle.lease() as encoder:
            yield catalog, encoder

    def dimension(self, name: str) -> int:
        """Width of the catalog's vectors; of one that is not open, that of the current bundle."""
        leased = self._open.get(name)
        return leased.value.index.dimension if leased else self._shelf.current.dimension

    def rows(self, name: str) -> ServedRows:
        """The stored products of the catalog, also after it was replaced.

        Raises:
            NotFound, FailedPrecondition: as `get`.
        """
        self._leased(name)
        return ServedRows(lambda: self._leased(name))

    def bundle_to_write(self, name: str) -> HeldBundle:
        """The bundle that products of the catalog are embedded with, until it is given back.

        Where there is no such catalog yet it is the current one. It does not keep the bundle from
        being closed: `to_write` tells whether what was embedded still fits.

        Raises:
            InvalidRequest: no catalog can have that name.
            FailedPrecondition: as `find`.
            Unavailable: the catalog is being replaced.
        """
        check_name(name)
        self._refuse_while_replaced(name)
        catalog = self.find(name)
        if catalog is None:
            self.follow(name)  # another process may just have made it
            catalog = self.find(name)
        held = self._shelf.hold(catalog.bundle_id if catalog else None, user=name)
        held.leave()
        return held

    def to_write(self, name: str, *, bundle_id: str) -> Catalog:
        """The catalog for products that were embedded with a bundle; made if there is none.

        Raises:
            Unavailable: the catalog is being replaced, or was by another bundle's build: nothing
                may be written that would be lost, or meet other vectors.
            FailedPrecondition: as `find`.
        """
        with self._changing:
            self._refuse_while_replaced(name)
            catalog = self.find(name)
            if catalog is None:
                catalog = self._opener.begin(name)
                try:
                    self._serve(catalog, instead_of=None)
                except BaseException:
                    self._builds.drop(catalog)
                    raise
        if catalog.bundle_id != bundle_id:
            message = f"catalog {name!r} was indexed with another bundle meanwhile; send it again"
            raise Unavailable(message, reason="CATALOG_REPLACED", catalog=name)
        return catalog

    def to_delete_from(self, name: str) -> Catalog:
        """The catalog, if products that are there may be changed or deleted now.

        Raises:
            NotFound, FailedPrecondition: as `get`.
            Unavailable: the catalog is being replaced.
        """
        self._refuse_while_replaced(name)
        return self.get(name)

    @contextmanager
    def replacing(self, name: str) -> Iterator[Catalog]:
        """An empty catalog to fill beside the one served, which it replaces at the end.

        It is of the current bundle. Nobody else writes to the catalog meanwhile. On an exception it
        is dropped and the one served stays. The old build is dropped once the searches that began
        on it have ended.

        Raises:
            InvalidRequest: no catalog can have that name.
            Unavailable: it is being replaced already.
            FailedPrecondition: another process replaced the catalog meanwhile.
        """
        check_name(name)
        with self._reserved(name) as served:
            catalog = self._opener.begin(name)
            finished = False
            try:
                yield catalog
                with self._changing:
                    self._serve(catalog, instead_of=served)
                finished = True
            finally:
                if not finished:
                    self._builds.drop(catalog)
        self._retired.drop(name)

    def close(self) -> None:
        """End what is done later. Calling it again does nothing."""
        self._retired.close()

    @contextmanager
    def _reserved(self, name: str) -> Iterator[int | None]:
        """Keep all others from writing to the catalog; the number of its build that is served."""
        with self._changing:
            self._refuse_while_replaced(name)
            self._being_replaced.add(name)
        try:
            with self._store.generations.replacing(name) as served:
                yield served
        finally:
            self._being_replaced.discard(name)

    def _refuse_while_replaced(self, name: str) -> None:
        if name in self._being_replaced:
            raise being_replaced(name)

    def _leased(self, name: str) -> Leased[Catalog]:
        leased = self._open.get(name)
        if leased is not None:
            return leased
        if (refused := self._refused.get(name)) is not None:
            raise of_other_bundle(refused, known=self._shelf.ids())
        known = ", ".join(self.names()) or "none yet"
        message = f"there is no catalog {name!r}; write its first product, or ask one of: {known}"
        raise NotFound(message, reason="CATALOG_NOT_FOUND", catalog=name)

    def _serve(self, catalog: Catalog, *, instead_of: int | None) -> None:
        """Serve a build from now on: first put it there, then retire the one before."""
        generation = Generation(
            number=catalog.generation,
            catalog=catalog.name,
            bundle=catalog.bundle_id,
            layout=builds.LAYOUT,
        )
        self._opener.count(catalog)
        self._store.generations.serve(generation, instead_of=instead_of)
        self._put(catalog, replaced_here=True)

    def _put(self, catalog: Catalog, *, replaced_here: bool) -> None:
        before = self._open.get(catalog.name)
        self._open[catalog.name] = self._retired.leased(catalog)
        self._refused.pop(catalog.name, None)
        if before is not None:
            self._retired.retire(before, replaced_here=replaced_here)

    def _newer(self, generation: Generation) -> bool:
        leased = self._open.get(generation.catalog)
        return leased is None or leased.value.generation < generation.number
