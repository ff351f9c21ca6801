"""Sizes and engines as they are asked for: refused where they do not fit, built, measured, told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.results.intervals import Estimate
from benchmarks.scale.asked import ShopText
from benchmarks.scale.engines import ENGINES
from benchmarks.scale.exact import nearest
from benchmarks.scale.kept import builds
from benchmarks.scale.measure import built, measured
from benchmarks.scale.needs import Need, Room, need, refuse_what_does_not_fit
from benchmarks.scale.records import record, text_ratio
from server.errors import InvalidRequest, Violation

LEAST_PRODUCTS: Final = 1_000
MOST_PRODUCTS: Final = 5_000_000
RATIO_ENGINE: Final = "milvus-hnsw"
"""The real server that the goal is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """What was found.

    Attributes:
        records: One an engine and size, as `benchmarks.scale.records.record` gives them.
        million_over_ten_thousand: Of the real server; None where it was not measured at both.
    """

    records: Sequence[dict[str, object]]
    million_over_ten_thousand: Estimate | None


def parsed_sizes(text: str) -> tuple[int, ...]:
    """Sizes from ``10000,100000``, rising, each once.

    >>> parsed_sizes("100_000, 10000")
    (10000, 100000)

    Raises:
        InvalidRequest: some of them are none.
    """
    given = [each.strip() for each in text.split(",") if each.strip()]
    wrong = [each for each in given if not _is_size(each)]
    if wrong or not given:
        description = (
            f"{', '.join(wrong) or 'nothing'} will not do; name sizes of {LEAST_PRODUCTS:,} to"
            f" {MOST_PRODUCTS:,} with commas between them, such as 10000,100000"
        )
        violation = Violation(field="--sizes", reason="SIZES_INVALID", description=description)
        raise InvalidRequest([violation])
    return tuple(sorted({int(each) for each in given}))


def parsed_engines(text: str) -> tuple[str, ...]:
    """Names of engines from ``lite-flat,exact``, in that order, each once.

    Raises:
        InvalidRequest: some of them are unknown.
    """
    given = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    wrong = [each for each in given if each not in ENGINES]
    if wrong or not given:
        description = f"{', '.join(wrong) or 'nothing'} is no engine; take of {', '.join(ENGINES)}"
        violation = Violation(field="--engines", reason="ENGINE_UNKNOWN", description=description)
        raise InvalidRequest([violation])
    return given


def refuse_early(
    engines: Sequence[str], sizes: Sequence[int], *, dimension: int, folder: Path, seconds: float
) -> None:
    """Refuse sizes that do not fit this machine, or would take longer than ``seconds`` to build.

    Sizes that stand built in ``folder`` take neither time nor disk.

    Raises:
        InvalidRequest: with numbers.
    """
    needs = [
        _without_building(each) if size in builds(folder / engine) else each
        for engine in engines
        for size in sizes
        for each in [need(engine, size, dimension=dimension)]
    ]
    room = Room(
        memory_mb=psutil.virtual_memory().available / 1e6,
        disk_mb=shutil.disk_usage(folder).free / 1e6,
        seconds=seconds,
    )
    refuse_what_does_not_fit(needs, room)


def scaled(
    text: ShopText,
    *,
    engines: Sequence[str],
    sizes: Sequence[int],
    folder: Path,
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
) -> Scaled:
    """Measure every engine at every size, one engine after the other, its sizes in turn.

    Raises:
        OmnishelfError: an engine cannot be started, or fails.
    """
    shops = [text.shop(size) for size in sizes]
    truth = {}
    for shop in shops:
        tell(f"comparing all of {shop.products:,}")
        truth[shop.products] = nearest(shop, text.asked.vectors)
    records: list[dict[str, object]] = []
    ratio = None
    for name in engines:
        engine, own = ENGINES[name], folder / name
        found = measured(
            engine,
            built(engine, shops, own, tell=tell),
            own,
            asked=text.asked,
            encode=text.encode,
            rounds=rounds,
            tell=tell,
        )
        records += [record(name, found[size], truth[size]) for size in sorted(found)]
        if name == RATIO_ENGINE:
            ratio = text_ratio(found)
    return Scaled(records=records, million_over_ten_thousand=ratio)


def _is_size(text: str) -> bool:
    digits = text.replace("_", "")
    return digits.isascii() and digits.isdigit() and LEAST_PRODUCTS <= int(digits) <= MOST_PRODUCTS


def _without_building(each: Need) -> Need:
    return Need(
        engine=each.engine,
        products=each.products,
        memory_mb=each.memory_mb,
        disk_mb=0.0,
        seconds=0.0,
    )
