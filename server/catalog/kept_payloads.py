"""Products that replies showed, kept in memory as they are shown until they change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias

from server.catalog.detail import Detail, cut

ReadPayloads: TypeAlias = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Of ids: payloads as they are stored now, without those not there."""

_BESIDE_BYTES: Final = 280
"""What keeping a payload takes beside it: the key, the entry, the object."""

_Key: TypeAlias = "tuple[int, str, Detail]"


class PayloadCache:
    """So many bytes of the payloads that were shown last, of any generation. Any thread may ask.

    Who changes a product forgets it here once the change is stored, and before the product table
    has it: so nobody is shown a product older than its row. What was read from the store before
    such a change and comes back after it is not kept.
    """

    def __init__(self, most_bytes: int) -> None:
        """0 keeps nothing."""
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._changing = threading.Lock()
        self._changes = 0

    @property
    def held_bytes(self) -> int:
        """Memory of what is kept."""
        return self._held

    def of(self, generation: int) -> KeptPayloads:
        """The part of one generation."""
        return KeptPayloads(self, generation=generation)

    def found(self, keys: Sequence[_Key]) -> tuple[dict[str, bytes], int]:
        """What is kept, by id, and the number of changes so far, for `keep`."""
        with self._changing:
            kept = self._kept
            found = {}
            for key in keys:
                payload = kept.get(key)
                if payload is not None:
                    kept.move_to_end(key)
                    found[key[1]] = payload
            return found, self._changes

    def keep(self, payloads: Mapping[_Key, bytes], *, changes: int) -> None:
        """Keep what was read after so many changes; not if there were others since."""
        with self._changing:
            if changes != self._changes:
                return
            for key, payload in payloads.items():
                self._drop(key)
                self._kept[key] = payload
                self._held += _BESIDE_BYTES + len(payload)
            while self._held > self._most:
                self._drop(next(iter(self._kept)))

    def forget(self, generation: int, ids: Sequence[str] | None) -> None:
        """Keep nothing of products any longer: of all of a generation's if no ids are given."""
        with self._changing:
            self._changes += 1
            if ids is None:
                for key in [each for each in self._kept if each[0] == generation]:
                    self._drop(key)
                return
            for product_id in ids:
                for detail in Detail:
                    self._drop((generation, product_id, detail))

    def _drop(self, key: _Key) -> None:
        payload = self._kept.pop(key, None)
        if payload is not None:
            self._held -= _BESIDE_BYTES + len(payload)


class KeptPayloads:
    """What is kept of one generation's products."""

    def __init__(self, cache: PayloadCache, *, generation: int) -> None:
        self._cache = cache
        self._generation = generation

    def shown(
        self, ids: Sequence[str], *, detail: Detail, read: ReadPayloads
    ) -> Mapping[str, bytes]:
        """Payloads by id as they are shown, without those not there; the rest by ``read``."""
        keys = [(self._generation, product_id, detail) for product_id in ids]
        found, changes = self._cache.found(keys)
        if len(found) < len(ids):
            stored = read([product_id for product_id in ids if product_id not in found])
            fresh = {product_id: cut(payload, detail) for product_id, payload in stored.items()}
            self._cache.keep(
                {(self._generation, each, detail): payload for each, payload in fresh.items()},
                changes=changes,
            )
            found.update(fresh)
        return found

    @contextmanager
    def changing(self, ids: Sequence[str]) -> Iterator[None]:
        """A block that changes stored products; they are forgotten at its end, however it ends."""
        try:
            yield
        finally:
            self._cache.forget(self._generation, ids)

    def forget(self, ids: Sequence[str] | None = None) -> None:
        """Take note that these products, or all of them, were changed elsewhere."""
        self._cache.forget(self._generation, ids)
