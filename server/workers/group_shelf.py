"""The shelf of encoder bundles as a group has it: what one worker does to it, all do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from exporter.spec import BundleError, Manifest
from server.encoders.shelf import EncoderShelf, ShelvedBundle
from server.errors import OmnishelfError
from server.workers.messages import ShelfChange, ShelfStep


class GroupShelf:
    """A worker's shelf whose changes are those of all workers.

    A change is made here first, so that what is refused is refused before any other does it, and
    it is over when all have done it.
    """

    def __init__(self, shelf: EncoderShelf, *, have_all_take: Callable[[ShelfStep], None]) -> None:
        """``have_all_take`` has the others take a step; it raises Unavailable where one cannot."""
        self._shelf = shelf
        self._have_all_take = have_all_take

    def open(self, directory: Path) -> Manifest:
        """As `EncoderShelf.open`, in every worker."""
        manifest = self._shelf.open(directory)
        self._have_all_take(ShelfStep(change=ShelfChange.OPEN, bundle=str(directory.absolute())))
        return manifest

    def promote(self, bundle_id: str) -> None:
        """As `EncoderShelf.promote`, in every worker."""
        self._shelf.promote(bundle_id)
        self._have_all_take(ShelfStep(change=ShelfChange.PROMOTE, bundle=bundle_id))

    def close(self, bundle_id: str) -> None:
        """As `EncoderShelf.close`, in every worker."""
        self._shelf.close(bundle_id)
        self._have_all_take(ShelfStep(change=ShelfChange.CLOSE, bundle=bundle_id))

    def bundles(self) -> list[ShelvedBundle]:
        """What is open here, by id."""
        return self._shelf.bundles()

    def bundle(self, bundle_id: str) -> ShelvedBundle:
        """As `EncoderShelf.bundle`."""
        return self._shelf.bundle(bundle_id)


def take(step: ShelfStep, *, shelf: EncoderShelf, opened: Callable[[], None]) -> str:
    """Take a step that another worker took; what went wrong, empty for nothing.

    ``opened`` opens the catalogs that were indexed with a bundle that was opened.
    """
    try:
        match step.change:
            case ShelfChange.OPEN:
                shelf.open(Path(step.bundle))
                opened()
            case ShelfChange.PROMOTE:
                shelf.promote(step.bundle)
            case ShelfChange.CLOSE:
                shelf.close(step.bundle)
    except (OmnishelfError, BundleError) as error:
        return str(error)
    return ""
