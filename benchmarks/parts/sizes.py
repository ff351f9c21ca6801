"""The figures of `bench parts` that are of starting and of size, by what measures them alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.footprint import megabytes_at
from benchmarks.parts.found import Found
from benchmarks.parts.shop import CATALOG, IndexedShop
from benchmarks.results.intervals import Estimate
from benchmarks.scale.ratio import million_over_ten_thousand
from benchmarks.start import start_seconds

_COPIES = "copies_100000"


def start_figures(found: Found, shop: IndexedShop, *, question: str, rounds: int) -> None:
    """Seconds from a server's start to its first correct answer; without rounds it is left out."""
    name = "start_seconds"
    if not rounds:
        found.cannot(name, reason="left out of a quick run")
        return
    with found.step(name):
        data = shop.copy("start")
        start = start_seconds(data, catalog=CATALOG, question=question, rounds=rounds)
        found.figures[name] = start.estimate
        found.raw["start"] = start.to_json()


def kept_figures(found: Found, shop: IndexedShop, *, keep: Path | None, rounds: int) -> None:
    """Memory at 100,000 products and the million, over builds that stay in ``keep``."""
    memory, million = "memory_at_100000_mb", "million_over_ten_thousand"
    if keep is None:
        reason = "building takes many minutes; name a folder for what is built with --keep"
        found.cannot(memory, million, reason=reason)
        return
    with found.step(memory):
        held = megabytes_at(data=shop.copy("small"), catalog=CATALOG, keep=keep / _COPIES)
        found.figures[memory] = Estimate(median=held.server_mb, rounds=1)
        found.raw["memory"] = {
            "products": held.products,
            "server_mb": held.server_mb,
            "small_server_mb": held.small_server_mb,
            "catalogue_mb": held.catalogue_mb,
            "engine_mb": held.engine_mb,
            "parts": held.parts,
        }
    with found.step(million):
        found.figures[million] = million_over_ten_thousand(
            keep=keep, bundle=shop.bundle, rounds=rounds
        )
        if found.figures[million] is None:
            reason = f"no such builds in {keep.name}; make them with omnishelf bench scale --keep"
            found.cannot(million, reason=reason)
