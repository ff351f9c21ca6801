"""The bundles a server has open, side by side: opened, promoted and closed while it answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exporter.spec import Manifest
from server.deadline import Deadline
from server.encoders.cache import MayBeAway, uncached
from server.encoders.protocol import Encoder
from server.encoders.recorder import RequestRecorder
from server.encoders.samples import try_bundle
from server.errors import FailedPrecondition, NotFound
from server.leases import Lease, Leased

WARMING_SECONDS = 120.0
"""Longest time a new bundle is given to answer what it is warmed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvedBundle:
    """What is known of an open bundle.

    ``users`` are the names of the catalogs that are searched or built with it, sorted;
    ``away_reason`` says why its towers' usual place does not answer now, None while it does.
    """

    manifest: Manifest
    current: bool
    users: tuple[str, ...]
    away_reason: str | None


class _Slot:
    """One bundle's place on the shelf; another encoder of the same bundle may take it."""

    def __init__(self, encoder: Encoder) -> None:
        self.manifest = encoder.manifest
        self.users: Counter[str] = Counter()
        self.encoder = Leased(encoder, close=_close)

    def replace(self, encoder: Encoder) -> None:
        """Serve with another encoder; the one before closes after its last user."""
        before, self.encoder = self.encoder, Leased(encoder, close=_close)
        before.retire()


class HeldBundle:
    """A bundle that stays open for a catalog until it is given back. Any thread."""

    def __init__(self, slot: Leased[_Slot], *, user: str, changing: threading.RLock) -> None:
        """Made by `EncoderShelf.hold`, under its lock ``changing``."""
        self._slot = slot
        self._user = user
        self._changing = changing
        self._counts = True
        self._held = True
        slot.take()
        slot.value.users[user] += 1

    @property
    def manifest(self) -> Manifest:
        """The bundle."""
        return self._slot.value.manifest

    def lease(self) -> Lease[Encoder]:
        """A ``with`` block that has the bundle's encoder, which is not closed in it."""
        slot = self._slot.value
        return Lease(lambda: slot.encoder)

    def leave(self) -> None:
        """Stand in the way of the bundle's closing no longer; what was begun may go on with it."""
        users = self._slot.value.users
        with self._changing:
            if self._counts:
                self._counts = False
                users[self._user] -= 1
                if not users[self._user]:
                    del users[self._user]

    def give_back(self) -> None:
        """Use it no more. Calling it again does nothing."""
        self.leave()
        with self._changing:
            held, self._held = self._held, False
        if held:
            self._slot.give_back()


class EncoderShelf:
    """Encoders by bundle id. One bundle is current: new catalogs and replacements are made with it.

    Any thread may ask; bundles are opened one at a time, while all others go on answering.
    """

    def __init__(
        self, *, open_encoder: Callable[[Path], Encoder], recorder: RequestRecorder
    ) -> None:
        """``open_encoder`` opens a bundle's directory; ``recorder`` knows what was asked last."""
        self._open_encoder = open_encoder
        self._recorder = recorder
        self._opening = threading.Lock()
        self._changing = threading.RLock()
        self._slots: dict[str, Leased[_Slot]] = {}
        self._current: str | None = None

    def open(self, directory: Path) -> Manifest:
        """Open a bundle beside the others, try it, and put it on the shelf; the first is current.

        One that is open already is replaced by the new encoder, once the two agree.

        Raises:
            FailedPrecondition: there is no bundle, or its answers are not what they should be.
            DataCorrupted: a file of it is not what its manifest says.
            Unavailable, DeadlineExceeded: its towers do not answer.
        """
        with self._opening:
            encoder = self._open_encoder(directory)
            try:
                self._try(encoder)
            except BaseException:
                encoder.close()
                raise
            self.put(encoder)
            return encoder.manifest

    def put(self, encoder: Encoder) -> None:
        """Put an encoder that was tried on the shelf, in the place of one of the same bundle."""
        bundle_id = encoder.manifest.id
        with self._changing:
            slot = self._slots.get(bundle_id)
            if slot is not None:
                slot.value.replace(encoder)
                return
            self._slots[bundle_id] = Leased(
                _Slot(encoder), close=lambda slot: slot.encoder.retire()
            )
            self._current = self._current or bundle_id

    def promote(self, bundle_id: str) -> None:
        """Make new catalogs and replacements with this bundle from now on.

        Raises:
            NotFound: it is not open.
        """
        with self._changing:
            self._slot(bundle_id)
            self._current = bundle_id

    def close(self, bundle_id: str) -> None:
        """Take a bundle off the shelf; searches that began with it end with it.

        Raises:
            NotFound: it is not open.
            FailedPrecondition: it is current, or catalogs are searched or built with it.
        """
        # Not while one is opened, which may be compared with this one.
        with self._opening, self._changing:
            slot = self._slot(bundle_id)
            users = ", ".join(sorted(slot.value.users))
            if users:
                message = (
                    f"bundle {bundle_id} serves {users}; index them again with the current bundle "
                    "first: omnishelf index CATALOG_FILE --catalog NAME --replace"
                )
                raise FailedPrecondition(message, reason="BUNDLE_IN_USE", bundle=bundle_id)
            if bundle_id == self._current:
                message = f"bundle {bundle_id} is current; promote another one before"
                raise FailedPrecondition(message, reason="BUNDLE_CURRENT", bundle=bundle_id)
            del self._slots[bundle_id]
        slot.retire()

    def close_all(self) -> None:
        """Close every bundle at the end of the server. Calling it again does nothing."""
        with self._changing:
            slots, self._slots, self._current = list(self._slots.values()), {}, None
        for slot in slots:
            slot.value.encoder.retire()

    def hold(self, bundle_id: str | None = None, *, user: str) -> HeldBundle:
        """Keep a bundle, or the current one, open for a catalog.

        Raises:
            NotFound: it is not open.
        """
        with self._changing:
            slot = self._slot(bundle_id or self._current or "")
            return HeldBundle(slot, user=user, changing=self._changing)

    def ids(self) -> list[str]:
        """Ids of the open bundles, sorted."""
        return sorted(self._slots)

    @property
    def current(self) -> Manifest:
        """The bundle that new catalogs are made with.

        Raises:
            NotFound: none is open.
        """
        with self._changing:
            return self._slot(self._current or "").value.manifest

    def bundles(self) -> list[ShelvedBundle]:
        """What is open, by id."""
        with self._changing:
            return [self._described(self._slots[bundle_id]) for bundle_id in sorted(self._slots)]

    def bundle(self, bundle_id: str) -> ShelvedBundle:
        """One of them.

        Raises:
            NotFound: it is not open.
        """
        with self._changing:
            return self._described(self._slot(bundle_id))

    def _described(self, slot: Leased[_Slot]) -> ShelvedBundle:
        encoder, manifest = slot.value.encoder.value, slot.value.manifest
        return ShelvedBundle(
            manifest=manifest,
            current=manifest.id == self._current,
            users=tuple(sorted(slot.value.users)),
            away_reason=encoder.away_reason() if isinstance(encoder, MayBeAway) else None,
        )

    def _slot(self, bundle_id: str) -> Leased[_Slot]:
        slot = self._slots.get(bundle_id)
        if slot is None:
            known = ", ".join(self.ids()) or "none"
            message = f"there is no open bundle {bundle_id!r}; open are: {known}"
            raise NotFound(message, reason="BUNDLE_NOT_OPEN", bundle=bundle_id)
        return slot

    def _try(self, encoder: Encoder) -> None:
        tower = encoder.manifest.image
        pictures = self._recorder.pictures(height=tower.height, width=tower.width) if tower else ()
        # Not through the cache, whose answers would be those of the encoder before.
        fresh = uncached(encoder)
        deadline = Deadline.after(WARMING_SECONDS)
        texts = self._recorder.texts()
        slot = self._slots.get(encoder.manifest.id)
        if slot is None:
            try_bundle(fresh, texts=texts, pictures=pictures, deadline=deadline)
            return
        with Lease(lambda: slot.value.encoder) as serving:
            try_bundle(
                fresh, texts=texts, pictures=pictures, deadline=deadline, like=uncached(serving)
            )


def _close(encoder: Encoder) -> None:
    encoder.close()
