"""Builds the sizes of an engine, then asks all of them in turn, call by call, in one process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scale.asked import Asked, Encode
from benchmarks.scale.kept import Build, builds, data_digest, forget, note
from benchmarks.scale.opened import Engine, OpenIndex
from benchmarks.scale.vectors import ShopVectors
from server.arrays import Float64Array

Tell = Callable[[str], None]

_LEAST_QUERIES = 20
"""Of a round, however slow they are."""

ROUND_SECONDS = 10.0
"""Longest round of one size, unless its least queries take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRound:
    """n queries of one round of one size.

    Attributes:
        places: Which of the texts were asked.
        search_ms: The bare client call, float64 (n,).
        text_ms: A text encoded and searched for, float64 (n,).
        found: Ids by query.
    """

    places: Sequence[int]
    search_ms: Float64Array
    text_ms: Float64Array
    found: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSize:
    """All rounds of one size of one engine."""

    build: Build
    memory_mb: float
    rounds: Sequence[SizeRound]


def standing(engine: Engine, shops: Sequence[ShopVectors], folder: Path) -> dict[int, Build]:
    """The builds in a folder, by size, that are of just this engine and these vectors."""
    found = builds(folder)
    return {
        shop.products: found[shop.products]
        for shop in shops
        if shop.products in found
        if found[shop.products].about == engine.about
        if found[shop.products].data == data_digest(shop)
    }


def built(
    engine: Engine, shops: Sequence[ShopVectors], folder: Path, *, tell: Tell
) -> Mapping[int, Build]:
    """Builds of all shops, by size: those that stand in the folder, and the others made now.

    Raises:
        OmnishelfError: the engine cannot be started, or fails.
    """
    stand = standing(engine, shops, folder)
    lacking = [shop for shop in shops if shop.products not in stand]
    if lacking:
        with engine.session(folder) as session:
            for shop in sorted(lacking, key=lambda each: each.products):
                tell(f"building {engine.name} of {shop.products:,}")
                forget(folder, shop.products)
                began = time.perf_counter()
                session.build(shop)
                build = Build(
                    products=shop.products,
                    about=engine.about,
                    data=data_digest(shop),
                    seconds=time.perf_counter() - began,
                )
                note(folder, build)
                stand[shop.products] = build
    return stand


def measured(
    engine: Engine,
    stand: Mapping[int, Build],
    folder: Path,
    *,
    asked: Asked,
    encode: Encode,
    rounds: int,
    tell: Tell,
    round_seconds: float = ROUND_SECONDS,
) -> dict[int, MeasuredSize]:
    """Ask every size that stands; sizes take turns, and their order is turned round each round.

    Raises:
        OmnishelfError: the engine cannot be started, or fails.
    """
    sizes = sorted(stand)
    with engine.session(folder) as session:
        indexes = {}
        for size in sizes:
            tell(f"opening {engine.name} of {size:,}")
            indexes[size] = session.open(size)
        for index in indexes.values():
            _round(index, asked, encode, first=0, seconds=round_seconds / 10)
        found: dict[int, list[SizeRound]] = {size: [] for size in sizes}
        for number in range(rounds):
            for size in sizes if number % 2 == 0 else reversed(sizes):
                tell(f"round {number + 1} of {engine.name}, {size:,}")
                asked_before = sum(len(each.places) for each in found[size])
                found[size].append(
                    _round(indexes[size], asked, encode, first=asked_before, seconds=round_seconds)
                )
    return {
        size: MeasuredSize(
            build=stand[size], memory_mb=indexes[size].memory_mb, rounds=tuple(found[size])
        )
        for size in sizes
    }


def _round(
    index: OpenIndex, asked: Asked, encode: Encode, *, first: int, seconds: float
) -> SizeRound:
    """Each query twice: its vector alone, then its text encoded and searched for."""
    places: list[int] = []
    search, text = [], []
    found: list[Sequence[str]] = []
    with _no_collections():
        until = time.perf_counter() + seconds
        while len(places) < len(asked.texts):
            began = time.perf_counter()
            if len(places) >= _LEAST_QUERIES and began > until:
                break
            place = (first + len(places)) % len(asked.texts)
            before = time.perf_counter()
            ids = index.search(asked.vectors[place])
            between = time.perf_counter()
            index.search(encode(asked.texts[place]))
            after = time.perf_counter()
            places.append(place)
            found.append(ids)
            search.append(between - before)
            text.append(after - between)
    return SizeRound(
        places=tuple(places),
        search_ms=np.array(search) * 1e3,
        text_ms=np.array(text) * 1e3,
        found=tuple(found),
    )


@contextmanager
def _no_collections() -> Iterator[None]:
    """A block in which Python's garbage collector does not run."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
