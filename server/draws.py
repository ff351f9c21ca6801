"""Random draws that a search id decides, so that every replica and every later look agrees."""

from __future__ import annotations

import hashlib
from enum import StrEnum

_BYTES = 8


class Purpose(StrEnum):
    """What a draw is for; draws for two purposes know nothing of each other."""

    RECORD = "record"
    COLUMNS = "columns"
    SWAP = "swap"
    PLACE = "place"


def draw(search_id: str, purpose: Purpose) -> float:
    """A number from 0 to below 1, uniform over search ids.

    >>> draw("a", Purpose.SWAP) == draw("a", Purpose.SWAP) != draw("a", Purpose.PLACE)
    True
    """
    digest = hashlib.blake2b(
        search_id.encode(), digest_size=_BYTES, person=purpose.encode()
    ).digest()
    # The upper 53 bits: as many as a float keeps, so that the largest stays below 1.
    return (int.from_bytes(digest, "big") >> 11) / 2**53
