"""What products have in common, coded once for all that share it: brand, colour and categories.

Shops have far fewer of these together than products: variants share them, and so do neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from server.arrays import Int32Array
from server.signals.affinity import AffinityValues
from server.signals.facts import Kind, ProductFacts, kind_of
from server.signals.ragged import gather_lists, offsets_of
from server.signals.values import NO_VALUE, path_levels


@dataclass(frozen=True, slots=True, kw_only=True)
class KindColumns:
    """Codes of n products, -1 for none.

    ``codes`` is int32 (n, 3): brand, colour and deepest category. ``path_codes`` and
    ``path_lengths`` are as in `server.signals.columns.ColumnBlock`.
    """

    codes: Int32Array
    path_codes: Int32Array
    path_lengths: Int32Array


def kind_columns(records: Sequence[ProductFacts], *, values: AffinityValues) -> KindColumns:
    """Code n records, at least one; new values get codes in the order of the records.

    Raises:
        KeyError: the text of a value was not learnt.
    """
    kinds: dict[Kind, int] = {}
    places = np.array(
        [kinds.setdefault(kind, len(kinds)) for kind in map(kind_of, records)], dtype=np.intp
    )
    firsts = np.unique(places, return_index=True)[1].tolist()
    codes, paths = [], []
    for record in [records[first] for first in firsts]:
        paths.append(_deepest_first(values, record.category_paths))
        codes.append(
            (
                values.brand_code(record.brand),
                values.color_code(record.color),
                values.path_code(record.deepest_category),
            )
        )
    flat = np.array([code for parts in paths for part in parts for code in part], dtype=np.int32)
    lengths = np.array([[len(part) for part in parts] for parts in paths], dtype=np.int32)
    sizes = lengths.sum(axis=1)
    path_codes, _ = gather_lists(flat, starts=offsets_of(sizes)[:-1][places], lengths=sizes[places])
    return KindColumns(
        codes=np.array(codes, dtype=np.int32)[places],
        path_codes=path_codes,
        path_lengths=lengths[places],
    )


def _deepest_first(values: AffinityValues, paths: Iterable[str]) -> tuple[list[int], list[int]]:
    """Codes of the paths with the most levels, and of the others.

    The first list is never empty, which lets readers take maxima over segments in one call.
    """
    levels = {
        code: len(path_levels(path)) for path in paths if (code := values.path_code(path)) >= 0
    }
    most = max(levels.values(), default=0)
    deepest = [code for code, count in levels.items() if count == most]
    return deepest or [NO_VALUE], [code for code, count in levels.items() if count < most]
