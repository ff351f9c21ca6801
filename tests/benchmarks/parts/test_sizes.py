"""Figures of starting and of size: left out with a reason where nobody asked for them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.parts import sizes
from benchmarks.parts.found import Found
from benchmarks.parts.shop import IndexedShop
from server.settings import load_settings


def test_what_takes_minutes_is_left_out_and_says_how_to_have_it(tmp_path: Path) -> None:
    shop = IndexedShop(settings=load_settings(), folder=tmp_path, products=0)
    found = Found()
    sizes.start_figures(found, shop, question="mug", rounds=0)
    sizes.kept_figures(found, shop, keep=None, rounds=5)
    assert found.figures == dict.fromkeys(
        ("start_seconds", "memory_at_100000_mb", "million_over_ten_thousand")
    )
    assert "--keep" in found.reasons["million_over_ten_thousand"]
    assert "quick" in found.reasons["start_seconds"]
