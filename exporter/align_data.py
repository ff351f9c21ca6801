"""Catalogue rows and labelled photographs as training samples.

Rows are mappings as read from JSONL: ``id``, ``title``, ``categories`` (paths) or ``category``,
``color``, ``group_id``, ``image``. A row with a ``product_id`` is a photograph of another row's
product and borrows that row's fields. Rows whose ``split`` is anything but ``train`` are left out,
so that what is kept for measuring is never learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.captions import compose_captions
from exporter.colour_names import name_colour

Pixels = NDArray[np.uint8]
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One picture and what may be said of it.

    ``picture`` gives prepared pixels, uint8 (h, w, 3), when called, any number of times.
    Samples of one ``group`` are never split between training and measuring; every ``source`` has
    the same share of each training batch. ``colour`` is the shopper's word for the picture's main
    colour, empty when there is none.
    """

    picture: Callable[[], Pixels]
    captions: tuple[str, ...]
    colour: str
    group: str
    source: str


def make_samples(
    rows: Iterable[Row], *, source: str, load: Callable[[str], Pixels | None]
) -> list[Sample]:
    """Turn rows of one source into samples.

    ``load`` gives the prepared pixels of a row's ``image`` field, or None where the picture cannot
    be used; such rows, and rows that nothing can be said of, are left out. Rows without a colour
    are named one by what stands in the middle of the picture, if anything stands out.
    """
    known = list(rows)
    products = {str(row["id"]): row for row in known if "id" in row and "product_id" not in row}
    samples = []
    for row in known:
        if row.get("split", "train") != "train":
            continue
        product = products.get(str(row.get("product_id")), row)
        path = str(row.get("image") or "")
        pixels = load(path) if path else None
        if pixels is None:
            continue
        colour = str(product.get("color") or name_colour(pixels) or "").lower()
        captions = compose_captions(
            title=str(product.get("title") or ""), categories=_paths(product), colour=colour
        )
        if captions:
            sample = Sample(
                picture=_Loaded(load, path),
                captions=captions,
                colour=colour,
                group=f"{source}/{product.get('group_id') or product.get('id') or path}",
                source=source,
            )
            samples.append(sample)
    return samples


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A picture that is decoded again whenever it is asked for: thousands do not fit in memory."""

    load: Callable[[str], Pixels | None]
    path: str

    def __call__(self) -> Pixels:
        pixels = self.load(self.path)
        if pixels is None:
            raise OSError(f"{self.path} can no longer be read; put the picture back")
        return pixels


def _paths(product: Row) -> list[str]:
    categories = product.get("categories") or product.get("category") or ()
    if isinstance(categories, str):
        return [categories]
    return [str(path) for path in categories] if isinstance(categories, Iterable) else []
