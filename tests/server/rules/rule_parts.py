"""Products in a list, as rules read them, and rules in short."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.arrays import Float32Array, Int32Array
from server.catalog.record import ProductRecord
from server.retrieval.filters.parser import parse_filter
from server.rules.rule import Action, Condition, Rule, Selection
from server.rules.selecting import NumberField, TextField


@dataclass(frozen=True, slots=True)
class ListedValues:
    """Products by their place in a list."""

    records: Sequence[ProductRecord]

    def rows(self, ids: Sequence[str]) -> Int32Array:
        places = {record.id: row for row, record in enumerate(self.records)}
        return np.array([places.get(each, -1) for each in ids], dtype=np.int32)

    def ids(self, rows: Int32Array) -> Sequence[str]:
        return [self.records[row].id for row in rows]

    def numbers(self, field: NumberField, rows: Int32Array) -> Float32Array:
        found = [getattr(self.records[row], field) for row in rows]
        return np.array([math.nan if each is None else each for each in found], dtype=np.float32)

    def texts(self, field: TextField, rows: Int32Array) -> Sequence[str]:
        return [getattr(self.records[row], field) for row in rows]

    def paths(self, rows: Int32Array) -> Sequence[Sequence[str]]:
        return [self.records[row].category_paths for row in rows]


def product(product_id: str, **fields: object) -> ProductRecord:
    return ProductRecord(**{"id": product_id, "title": "t", "group_id": product_id, **fields})  # type: ignore[arg-type]


def rule(name: str, action: Action, **fields: object) -> Rule:
    condition = fields.pop("condition", Condition())
    return Rule(name=name, action=action, condition=condition, **fields)  # type: ignore[arg-type]


def of(*ids: str, where: str = "") -> Selection:
    return Selection(ids=frozenset(ids), tree=parse_filter(where))
