"""Tags: what a product has of the fields with several values, as keys that need no escaping.

An engine stores a set of keys a product. A filter on category or attributes asks whether certain
keys are in the set. A key is a hash, so whatever a caller or a catalogue writes, a key is sixteen
letters and digits.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence

from server.retrieval.filters.fields import ATTRIBUTES
from server.retrieval.filters.tree import Comparison, Operator

_KEY_BYTES = 10  # 80 bits: a million distinct tags collide with a chance below 1e-12
_LEAF = "leaf"
_PATH = "path"
_MEMORY = 16_384


def product_tags(
    *,
    categories: Sequence[str],
    leaf_paths: Sequence[str],
    attributes: Mapping[str, Sequence[str]],
) -> frozenset[str]:
    """The keys of one product; strings folded, ``categories`` with their ancestors."""
    return frozenset(
        [
            *(_key(_PATH, path) for path in categories),
            *(_key(_LEAF, path) for path in leaf_paths),
            *(_key(ATTRIBUTES, name, value) for name in attributes for value in attributes[name]),
        ]
    )


def comparison_tag(comparison: Comparison) -> str:
    """The key that a comparison of category or attributes asks for.

    ``category:`` asks for the path or anything below it, ``category =`` for the path itself.
    """
    value = str(comparison.value)
    if comparison.field == ATTRIBUTES:
        return _key(ATTRIBUTES, comparison.attribute, value)
    deep = comparison.operator in {Operator.HAS, Operator.HAS_NOT}
    return _key(_PATH if deep else _LEAF, value)


@functools.lru_cache(maxsize=_MEMORY)  # products of a shop share most of their tags
def _key(*parts: str) -> str:
    # Folded strings have no control characters, so the separator is in no part.
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=_KEY_BYTES).digest()
    return base64.b32encode(digest).decode().lower()
