"""What every engine checks before it writes or searches, so that no bad vector gets in."""

from __future__ import annotations

import math

import numpy as np

from server.arrays import BoolArray, Float32Array
from server.errors import InvalidRequest, Violation
from server.retrieval.filters.fields import is_control
from server.retrieval.protocol import FilterColumns, IndexRows, View, ViewQuery

NORM_TOLERANCE = 1e-3
"""How far from 1 the norm of a unit vector may be."""

MAX_LIMIT = 1_000
"""Most hits one search may ask for."""

MAX_ID_CHARACTERS = 128

_LARGEST_TERM = 2**32 - 2


def check_rows(rows: IndexRows, *, dimension: int) -> None:
    """Refuse rows that an index of that dimension must not hold.

    Raises:
        InvalidRequest: every violation; the field is ``products/{id}/{view}``.
    """
    violations = [
        *_vector_violations(rows, View.TEXT, rows.text, rows.has_text, dimension),
        *_vector_violations(rows, View.IMAGE, rows.image, rows.has_image, dimension),
    ]
    for product_id, words in zip(rows.ids, rows.lexical, strict=True):
        if not 0 < len(product_id) <= MAX_ID_CHARACTERS or any(map(is_control, product_id)):
            violations.append(
                Violation(
                    field=f"products/{product_id}",
                    reason="PRODUCT_ID",
                    description=f"an id has 1 to {MAX_ID_CHARACTERS} characters and no control"
                    " characters",
                )
            )
        for term, weight in words.items():
            if not (0 <= term <= _LARGEST_TERM and math.isfinite(weight) and weight > 0):
                violations.append(
                    Violation(
                        field=f"products/{product_id}/{View.LEXICAL}",
                        reason="LEXICAL_WEIGHT",
                        description=f"term {term} weighs {weight}: weights are finite and above 0",
                    )
                )
    if violations:
        raise InvalidRequest(violations)


def check_query(query: ViewQuery, *, dimension: int, limit: int) -> None:
    """Refuse a search that no engine can answer.

    Raises:
        InvalidRequest: the limit or the vector, named ``limit`` and ``query``.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(
            [
                Violation(
                    field="limit",
                    reason="LIMIT_OUT_OF_RANGE",
                    description=f"is {limit}: ask for 1 to {MAX_LIMIT:,} hits",
                )
            ]
        )
    if query.view is View.LEXICAL:
        return
    if query.vector is None or query.vector.shape != (dimension,):
        shape = None if query.vector is None else query.vector.shape
        raise InvalidRequest([_width("query", shape, dimension)])
    squared = float(query.vector @ query.vector)
    if not abs(squared - 1.0) <= 2 * NORM_TOLERANCE:
        raise InvalidRequest([_not_unit("query", math.sqrt(squared))])


def last_of_each_id(rows: IndexRows) -> IndexRows:
    """The rows without repeats: of one id the last row counts."""
    last = {product_id: place for place, product_id in enumerate(rows.ids)}
    if len(last) == len(rows.ids):
        return rows
    return take_rows(rows, sorted(last.values()))


def take_rows(rows: IndexRows, places: list[int]) -> IndexRows:
    """The rows at those places, in that order."""
    filters = rows.filters
    return IndexRows(
        ids=tuple(rows.ids[each] for each in places),
        text=rows.text[places],
        has_text=rows.has_text[places],
        image=rows.image[places],
        has_image=rows.has_image[places],
        lexical=tuple(rows.lexical[each] for each in places),
        filters=FilterColumns(
            group_id=tuple(filters.group_id[each] for each in places),
            categories=tuple(filters.categories[each] for each in places),
            leaf_paths=tuple(filters.leaf_paths[each] for each in places),
            brand=tuple(filters.brand[each] for each in places),
            color=tuple(filters.color[each] for each in places),
            price=[filters.price[each] for each in places],
            stock=[filters.stock[each] for each in places],
            rating=[filters.rating[each] for each in places],
            attributes=tuple(filters.attributes[each] for each in places),
        ),
    )


def _vector_violations(
    rows: IndexRows, view: View, vectors: Float32Array, has: BoolArray, dimension: int
) -> list[Violation]:
    count = len(rows.ids)
    if has.shape != (count,) or vectors.ndim != 2 or len(vectors) != count:  # noqa: PLR2004 - a matrix
        raise ValueError(f"{view}: {vectors.shape} vectors and {has.shape} flags for {count} ids")
    if not has.any():
        return []
    if vectors.shape[1] != dimension:
        return [
            _width(f"products/{rows.ids[place]}/{view}", (vectors.shape[1],), dimension)
            for place in np.flatnonzero(has)
        ]
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.linalg.norm(vectors, axis=1)
        bad = has & ~(np.abs(norms - 1.0) <= NORM_TOLERANCE)
    return [
        _not_unit(f"products/{rows.ids[place]}/{view}", float(norms[place]))
        for place in np.flatnonzero(bad)
    ]


def _width(field: str, shape: tuple[int, ...] | None, dimension: int) -> Violation:
    return Violation(
        field=field,
        reason="VECTOR_WIDTH",
        description=f"the vector has shape {shape}: it must have {dimension} numbers",
    )


def _not_unit(field: str, norm: float) -> Violation:
    finite = math.isfinite(norm)
    return Violation(
        field=field,
        reason="VECTOR_NOT_UNIT" if finite else "VECTOR_NOT_FINITE",
        description=f"the vector has norm {norm:.4g}: it must be finite with norm 1",
    )
