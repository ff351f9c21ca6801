"""The catalogs of a server by name: opened, leased to searches, made, and replaced as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.catalog import builds
from server.catalog.builds import Builds, Catalog
from server.catalog.generations import Generation
from server.catalog.naming import check_name
from server.catalog.served_rows import ServedRows
from server.catalog.store import Store
from server.encoders.protocol import Encoder
from server.encoders.shelf import EncoderShelf, HeldBundle
from server.errors import FailedPrecondition, NotFound, Unavailable
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
    ) -> None:
        """Know the catalogs in the store; `load` opens them.

        ``fold`` says which values of products are the same, ``image_share`` is a in
        F = aI + (1 - a)T for stored vectors.
        """
        self._store = store
        self._shelf = shelf
        self._builds = Builds(store=store, engine=engine, fold=fold, image_share=image_share)
        self._drain_seconds = drain_seconds
        self._loading = threading.Lock()
        self._changing = threading.Lock()
        self._open: dict[str, Leased[Catalog]] = {}
        self._refused: dict[str, Generation] = {}
        self._being_replaced: set[str] = set()
        self._draining: dict[int, Leased[Catalog]] = {}

    def load(self, *, prepare: Callable[[Catalog], object] | None = None) -> None:
        """Open every catalog whose bundle is on the shelf; the others are refused when asked for.

        It may be called again when another bundle was opened. ``prepare`` has each catalog before
        it is served.
        """
        with self._loading:
            for name, generation in self._store.generations.served().items():
                if name in self._open:
                    continue
                if not self._fits(generation):
                    self._refused[name] = generation
                    continue
                catalog = self._opened(generation, prepare)
                with self._changing:
                    if name in self._open:  # a replacement was faster
                        catalog.bundle.give_back()
                        continue
                    self._open[name] = Leased(catalog)
                    self._refused.pop(name, None)

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
                catalog = self._begun(name)
                self._serve(catalog, instead_of=None)
        if catalog.bundle_id != bundle_id:
            message = f"catalog {name!r} was indexed with another bundle meanwhile; send it again"
            raise Unavailable(message, reason="CATALOG_REPLACED", catalog=name)
        return catalog

    def to_delete_from(self, name: str) -> Catalog:
        """The catalog, if products may be deleted now.

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
        with self._reserved(name):
            served = self._store.generations.served().get(name)
            catalog = self._begun(name)
            finished = False
            try:
                yield catalog
                with self._changing:
                    self._serve(catalog, instead_of=served.number if served else None)
                finished = True
            finally:
                if not finished:
                    self._builds.drop(catalog)
        self._drop_replaced(name)

    @contextmanager
    def _reserved(self, name: str) -> Iterator[None]:
        with self._changing:
            self._refuse_while_replaced(name)
            self._being_replaced.add(name)
        try:
            yield
        finally:
            self._being_replaced.discard(name)

    def _refuse_while_replaced(self, name: str) -> None:
        if name in self._being_replaced:
            message = (
                f"catalog {name!r} is being replaced, and what is written to it now would be lost; "
                "write again when that has ended"
            )
            raise Unavailable(message, reason="CATALOG_BEING_REPLACED", catalog=name)

    def _leased(self, name: str) -> Leased[Catalog]:
        leased = self._open.get(name)
        if leased is not None:
            return leased
        if (refused := self._refused.get(name)) is not None:
            raise self._refusal(refused)
        known = ", ".join(self.names()) or "none yet"
        message = f"there is no catalog {name!r}; write its first product, or ask one of: {known}"
        raise NotFound(message, reason="CATALOG_NOT_FOUND", catalog=name)

    def _begun(self, name: str) -> Catalog:
        bundle = self._shelf.hold(user=name)
        try:
            return self._builds.begin(name, bundle=bundle)
        except BaseException:
            bundle.give_back()
            raise

    def _opened(
        self, generation: Generation, prepare: Callable[[Catalog], object] | None
    ) -> Catalog:
        bundle = self._shelf.hold(generation.bundle, user=generation.catalog)
        try:
            catalog = self._builds.open(generation, bundle=bundle)
            if prepare is not None:
                prepare(catalog)
        except BaseException:
            bundle.give_back()
            raise
        return catalog

    def _serve(self, catalog: Catalog, *, instead_of: int | None) -> None:
        """Serve a build from now on: first put it there, then retire the one before."""
        generation = Generation(
            number=catalog.generation,
            catalog=catalog.name,
            bundle=catalog.bundle_id,
            layout=builds.LAYOUT,
        )
        self._store.generations.serve(generation, instead_of=instead_of)
        before = self._open.get(catalog.name)
        self._open[catalog.name] = Leased(catalog)
        self._refused.pop(catalog.name, None)
        if before is not None:
            self._draining[before.value.generation] = before
            before.value.bundle.leave()
            before.retire()

    def _drop_replaced(self, name: str) -> None:
        for generation, leased in list(self._draining.items()):
            if leased.value.name == name and leased.wait(self._drain_seconds):
                self._builds.drop(leased.value)
                self._draining.pop(generation, None)
        self._builds.drop_left(name, keep=frozenset(self._draining))

    def _fits(self, generation: Generation) -> bool:
        return generation.bundle in self._shelf.ids() and generation.layout == builds.LAYOUT

    def _refusal(self, generation: Generation) -> FailedPrecondition:
        cause = "by another release"
        if generation.bundle not in self._shelf.ids():
            known = ", ".join(self._shelf.ids())
            cause = f"with encoder bundle {generation.bundle}, and this server has {known}"
        message = (
            f"catalog {generation.catalog!r} was indexed {cause}; index it again with: "
            f"omnishelf index CATALOG_FILE --catalog {generation.catalog} --replace"
        )
        return FailedPrecondition(
            message, reason="CATALOG_OF_OTHER_BUNDLE", catalog=generation.catalog
        )
