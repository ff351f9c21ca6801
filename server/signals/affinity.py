"""How far a product's colour, brand and categories stand out for a query among all of the shop's.

Every distinct value is embedded once, as a text. For a query its cosine with every value of a
field is standardised over the field's values in use (mean 0, deviation 1), so that a shop with ten
colours and one with a thousand brands speak on the same scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ranker.columns import AffinityField
from server.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from server.signals.facts import Kind, ProductFacts, kind_of
from server.signals.growing import GrowingArray
from server.signals.values import DistinctValues, path_levels, spoken

_LEAST_VALUES = 2
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class AffinityView:
    """The values in use at one moment. Immutable.

    Attributes:
        vectors: float32 (m, d), one unit row a text.
        slots: Row of every code, all fields one after the other, int32 (s,); each field's codes
            follow one slot for "none".
        nones: The slot for "none" of each field, where the field begins, int (f,).
        sizes: How many slots each field has, int (f,).
        weights: float64 (s,), by which the texts in use of a field are averaged: each text counts
            once however many codes have it, and what is not in use counts nothing.
        enough: bool (f,), whether enough values are in use.
        starts: By field, the slot of its code 0; the slot before is that of "none".
    """

    vectors: Float32Array
    slots: Int32Array
    nones: Int64Array
    sizes: Int64Array
    weights: Float64Array
    enough: BoolArray
    starts: Mapping[AffinityField, int]

    def standing(self, vector: Float32Array) -> Float32Array:
        """How far every slot stands out for a query (d,): float32 (s,), NaN for "none".

        All slots of a field are NaN where fewer than two values are in use or all are equally
        alike.
        """
        cosines = (self.vectors @ vector).take(self.slots).astype(np.float64)
        means = np.add.reduceat(cosines * self.weights, self.nones)
        cosines -= means.repeat(self.sizes)
        squares = np.square(cosines)
        squares *= self.weights
        deviations = np.sqrt(np.add.reduceat(squares, self.nones))
        known = self.enough & (deviations > _LEAST_DEVIATION)
        deviations[~known] = np.nan
        cosines /= deviations.repeat(self.sizes)
        cosines[self.nones] = np.nan
        return cosines.astype(np.float32)


class AffinityValues:
    """The distinct colours, brands and category paths of a catalog, and their vectors.

    One writer. ``view`` is what readers use; it is replaced as a whole by `publish`, and covers
    every code given out before.
    """

    def __init__(self, *, dimension: int, fold: Callable[[str], str]) -> None:
        self.colors = DistinctValues(fold=fold)
        self.brands = DistinctValues(fold=fold)
        self.paths = DistinctValues(fold=fold)
        self.levels = DistinctValues(fold=fold)
        self.levels_of_path: list[tuple[int, ...]] = []
        self._row_of_text: dict[str, int] = {}
        self._vectors = GrowingArray(np.float32, width=dimension)
        self._rows: dict[AffinityField, list[int]] = {each: [] for each in AffinityField}
        self.view = self._make_view()

    def missing(self, records: Iterable[ProductFacts]) -> list[str]:
        """Texts whose vectors these records need and that were not learnt yet, each once."""
        kinds = dict.fromkeys(map(kind_of, records))
        texts = dict.fromkeys(
            text for kind in kinds if not self._knows(kind) for text in _texts_of(kind)
        )
        return [text for text in texts if text not in self._row_of_text]

    def learn(self, vectors: Mapping[str, Float32Array]) -> None:
        """Take the unit vectors (d,) of value texts; those known already are passed over."""
        fresh = [text for text in vectors if text not in self._row_of_text]
        if fresh:
            start = self._vectors.append(np.stack([vectors[text] for text in fresh]))
            self._row_of_text.update(zip(fresh, range(start, start + len(fresh)), strict=True))

    def color_code(self, value: str) -> int:
        """Code of a colour, -1 for none; KeyError if its text was not learnt."""
        return self._code(value, AffinityField.COLOR, self.colors)

    def brand_code(self, value: str) -> int:
        """Code of a brand, -1 for none; KeyError if its text was not learnt."""
        return self._code(value, AffinityField.BRAND, self.brands)

    def path_code(self, path: str) -> int:
        """Code of a category path, -1 for none; KeyError if its texts were not learnt."""
        if self.paths.known(path):
            return self.paths.code(path)
        levels = path_levels(path)
        code = self.paths.code("/".join(levels))
        if code == len(self.levels_of_path):
            for each, text in _category_texts(levels).items():
                self._rows[each].append(self._row_of_text[text])
            ancestry = ["/".join(levels[:depth]) for depth in range(1, len(levels) + 1)]
            self.levels_of_path.append(tuple(self.levels.code(path) for path in ancestry))
        return code

    def publish(self) -> None:
        """Let readers see the values in use now."""
        self.view = self._make_view()

    def _knows(self, kind: Kind) -> bool:
        brand, color, paths = kind
        return (
            self.brands.known(brand)
            and self.colors.known(color)
            and all(map(self.paths.known, paths))
        )

    def _code(self, value: str, each: AffinityField, values: DistinctValues) -> int:
        code = values.code(value)
        if code == len(self._rows[each]):
            self._rows[each].append(self._row_of_text[spoken((value,))])
        return code

    def _make_view(self) -> AffinityView:
        paths = self.paths.in_use()
        codes = dict.fromkeys(AffinityField, paths) | {
            AffinityField.COLOR: self.colors.in_use(),
            AffinityField.BRAND: self.brands.in_use(),
        }
        rows = {each: np.array(self._rows[each], dtype=np.int32) for each in AffinityField}
        # A code of a text that another code has too counts nothing: the text counts once.
        in_use = {
            each: _first_of_each(rows[each], np.array(codes[each], dtype=np.int64))
            for each in AffinityField
        }
        sizes = np.array([len(rows[each]) + 1 for each in AffinityField], dtype=np.int64)
        counts = np.array([len(in_use[each]) for each in AffinityField], dtype=np.int64)
        nones = np.cumsum(sizes) - sizes
        weights = np.zeros(int(sizes.sum()), dtype=np.float64)
        for each, none in zip(AffinityField, nones.tolist(), strict=True):
            weights[none + 1 + in_use[each]] = 1 / max(len(in_use[each]), 1)
        return AffinityView(
            vectors=self._vectors.rows[: max(1, len(self._vectors))],
            slots=np.concatenate([np.insert(rows[each], 0, 0) for each in AffinityField]),
            nones=nones,
            sizes=sizes,
            weights=weights,
            enough=counts >= _LEAST_VALUES,
            starts=dict(zip(AffinityField, (nones + 1).tolist(), strict=True)),
        )


def _first_of_each(rows: Int32Array, codes: Int64Array) -> Int64Array:
    """Of codes (c,) with the same row the first, rising."""
    firsts = np.unique(rows[codes], return_index=True)[1]
    return np.sort(codes[firsts])


def value_texts(record: ProductFacts) -> tuple[str, ...]:
    """Texts to embed for a record's values: colour, brand, and each path with its root and leaf."""
    return _texts_of(kind_of(record))


def _texts_of(kind: Kind) -> tuple[str, ...]:
    brand, color, paths = kind
    texts = [spoken((value,)) for value in (color, brand)]
    for path in paths:
        texts.extend(_category_texts(path_levels(path)).values())
    return tuple(text for text in dict.fromkeys(texts) if text)


def _category_texts(levels: tuple[str, ...]) -> dict[AffinityField, str]:
    if not levels:
        return {}
    return {
        AffinityField.CATEGORY_ROOT: spoken(levels[:1]),
        AffinityField.CATEGORY_LEAF: spoken(levels[-1:]),
        AffinityField.CATEGORY_PATH: spoken(levels),
    }
