"""Builds made or opened together with the bundle they need and the counts they show."""

from __future__ import annotations

from collections.abc import Callable

from server.catalog import builds
from server.catalog.builds import Builds, Catalog
from server.catalog.counts import LiveCounts
from server.catalog.generations import Generation
from server.encoders.shelf import EncoderShelf


class BuildOpener:
    """Holds a bundle for every build it gives out; on an exception it holds nothing."""

    def __init__(self, builds: Builds, *, shelf: EncoderShelf, counts: LiveCounts | None) -> None:
        self._builds = builds
        self._shelf = shelf
        self._counts = counts

    def fits(self, generation: Generation) -> bool:
        """Whether a build is of this release and of a bundle that is open."""
        return generation.bundle in self._shelf.ids() and generation.layout == builds.LAYOUT

    def begin(self, name: str) -> Catalog:
        """An empty build of the current bundle, which nobody is served yet."""
        bundle = self._shelf.hold(user=name)
        try:
            return self._builds.begin(name, bundle=bundle)
        except BaseException:
            bundle.give_back()
            raise

    def open(
        self,
        generation: Generation,
        *,
        prepare: Callable[[Catalog], object] | None = None,
        made_elsewhere: bool = False,
    ) -> Catalog:
        """A build that fits; ``prepare`` has it before it is given out.

        Raises: as `Builds.open`, and what ``prepare`` raises.
        """
        bundle = self._shelf.hold(generation.bundle, user=generation.catalog)
        try:
            catalog = self._builds.open(generation, bundle=bundle, made_elsewhere=made_elsewhere)
            if prepare is not None:
                prepare(catalog)
            self.count(catalog)
        except BaseException:
            bundle.give_back()
            raise
        return catalog

    def count(self, catalog: Catalog) -> None:
        """Let a build have the counts of now; later ones come with the next that are taken up."""
        if self._counts is not None:
            self._counts.take_up(catalog)
