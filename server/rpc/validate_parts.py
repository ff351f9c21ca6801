"""Checks the parts of a query, each on its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from omnishelf.v1 import search_service_pb2

from server.query import PicturePart, ProductPart, QueryPart, TextPart, VectorPart
from server.rpc.names import parse_product_name
from server.rpc.violations import Violations

MOST_PARTS = 16
MOST_TEXT_CHARACTERS = 2_000
MOST_PICTURE_BYTES = 20 * 2**20
MOST_WEIGHT = 10.0


def check_parts(
    parts: Sequence[search_service_pb2.QueryPart],
    *,
    catalog: str | None,
    dimension: int,
    violations: Violations,
) -> tuple[QueryPart, ...]:
    """The parts that are right; what is wrong goes to ``violations``.

    ``catalog`` is None where the request's parent is wrong: examples may then be of any catalog.
    """
    if not parts:
        violations.add("query", "QUERY_EMPTY", "say what to search for: add a text or a picture")
    if len(parts) > MOST_PARTS:
        violations.add(
            "query", "TOO_MANY_PARTS", f"it has {len(parts)} parts; at most {MOST_PARTS} count"
        )
    checked: list[QueryPart] = []
    for place, part in enumerate(parts[:MOST_PARTS]):
        checker = _PartCheck(f"query[{place}]", part, violations)
        with violations.collecting():
            found = checker.part(catalog=catalog, dimension=dimension)
            if found is not None:
                checked.append(found)
    return tuple(checked)


class _PartCheck:
    """The checks of one part."""

    def __init__(
        self, path: str, part: search_service_pb2.QueryPart, violations: Violations
    ) -> None:
        self._path = path
        self._part = part
        self._violations = violations

    def part(self, *, catalog: str | None, dimension: int) -> QueryPart | None:
        weight = self._weight()
        match self._part.WhichOneof("content"):
            case "text":
                self._check_text()
                return TextPart(text=self._part.text, weight=weight)
            case "image":
                self._check_picture()
                field = f"{self._path}.image"
                return PicturePart(data=self._part.image, field=field, weight=weight)
            case "product":
                field = f"{self._path}.product"
                name = parse_product_name(self._part.product, field=field, catalog=catalog)
                return ProductPart(product_id=name.product_id, field=field, weight=weight)
            case "vector":
                return self._vector(dimension, weight=weight)
            case None:
                description = "set one of text, image, product or vector"
                self._violations.add(self._path, "PART_EMPTY", description)
        return None

    def _weight(self) -> float:
        if not self._part.HasField("weight"):
            return 1.0
        weight = self._part.weight
        field = f"{self._path}.weight"
        right = self._violations.check_range(field, weight, low=-MOST_WEIGHT, high=MOST_WEIGHT)
        if right and weight == 0:
            description = "0 leaves the part without effect; leave the part out, or weigh it"
            self._violations.add(field, "WEIGHT_ZERO", description)
        return weight

    def _check_text(self) -> None:
        field = f"{self._path}.text"
        text = self._part.text
        if not any(each.isprintable() and not each.isspace() for each in text):
            self._violations.add(field, "TEXT_BLANK", "it has no visible character; write words")
        self._violations.check_length(field, text, most=MOST_TEXT_CHARACTERS)

    def _check_picture(self) -> None:
        field = f"{self._path}.image"
        size = len(self._part.image)
        if size == 0:
            description = "it is empty; send the bytes of a JPEG, PNG or WebP file"
            self._violations.add(field, "PICTURE_EMPTY", description)
        elif size > MOST_PICTURE_BYTES:
            description = f"it has {size:,} bytes; at most {MOST_PICTURE_BYTES:,} are allowed"
            self._violations.add(field, "PICTURE_TOO_LARGE", description)

    def _vector(self, dimension: int, *, weight: float) -> VectorPart:
        field = f"{self._path}.vector"
        vector = np.array(self._part.vector.values, np.float32)
        if len(vector) != dimension:
            description = f"it has {len(vector)} components; the served bundle takes {dimension}"
            self._violations.add(field, "VECTOR_WRONG_SIZE", description)
        elif not np.isfinite(vector).all():
            place = int(np.flatnonzero(~np.isfinite(vector))[0])
            description = f"component {place} is {vector[place]}; all must be finite"
            self._violations.add(field, "VECTOR_NOT_FINITE", description)
        elif not vector.any():
            self._violations.add(
                field, "VECTOR_ZERO", "all components are 0; such a vector has no direction"
            )
        return VectorPart(vector=vector, field=field, weight=weight)
