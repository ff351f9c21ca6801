"""One cell to one value: a table of cells as files have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest import cells
from server.ingest.cells import CellRefused


@pytest.mark.parametrize(
    ("convert", "cell", "value"),
    [
        (cells.text, "  Mug ", "Mug"),
        (cells.text, 12, "12"),
        (cells.text, 12.0, "12"),
        (cells.text, 12.5, "12.5"),
        (cells.text, None, ""),
        (cells.number, " 34.50 ", 34.5),
        (cells.number, Decimal("9.99"), 9.99),
        (cells.number, 0, 0.0),
        (cells.number, -3, -3.0),
        (cells.number, "", None),
        (cells.whole, "12", 12),
        (cells.whole, 12.0, 12),
        (cells.whole, None, None),
        (cells.seconds, "2026-05-31T12:00:00Z", 1_780_228_800.0),
        (cells.seconds, "2026-05-31T14:00:00+02:00", 1_780_228_800.0),
        (cells.seconds, "1780228800", 1_780_228_800.0),
        (cells.seconds, dt.date(1970, 1, 3), 172_800.0),
        (cells.seconds, dt.datetime(1970, 1, 1, 1, tzinfo=dt.UTC), 3_600.0),
        (cells.seconds, "", None),
        (cells.objects, '{"zh": "杯子"}', {"zh": "杯子"}),
        (cells.objects, [("zh", "杯子")], {"zh": "杯子"}),
        (cells.objects, None, {}),
    ],
)
def test_a_cell_is_read(convert: Callable[[object], object], cell: object, value: object) -> None:
    assert convert(cell) == value


@pytest.mark.parametrize(
    ("convert", "cell", "reason"),
    [
        (cells.text, ["Mug"], "NOT_TEXT"),
        (cells.text, True, "NOT_TEXT"),
        (cells.text, "half \ud83d", "NOT_TEXT"),
        (cells.number, "$34.50", "NOT_A_NUMBER"),
        (cells.number, "nan", "NOT_A_NUMBER"),
        (cells.number, float("inf"), "NOT_A_NUMBER"),
        (cells.number, True, "NOT_A_NUMBER"),
        (cells.number, 10**400, "NOT_A_NUMBER"),
        (cells.number, Decimal("sNaN"), "NOT_A_NUMBER"),
        (cells.number, [1], "NOT_A_NUMBER"),
        (cells.whole, 1.5, "NOT_WHOLE"),
        (cells.seconds, "yesterday", "NOT_A_TIME"),
        (cells.seconds, ["2026"], "NOT_A_TIME"),
        (cells.objects, "zh", "NOT_AN_OBJECT"),
        (cells.objects, ["zh"], "NOT_AN_OBJECT"),
    ],
)
def test_a_cell_is_refused(convert: Callable[[object], object], cell: object, reason: str) -> None:
    with pytest.raises(CellRefused) as refused:
        convert(cell)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("cell", "text_cells", "members"),
    [
        ("wool|cotton| wool ", True, ("wool", "cotton")),
        ("wool|cotton", False, ("wool|cotton",)),
        ('["a|b", "c"]', True, ("a|b", "c")),
        ("[not json", True, ("[not json",)),
        (["a", "", None, "a", 3], False, ("a", "3")),
        ("", True, ()),
        ([], False, ()),
    ],
)
def test_a_list_is_read(cell: object, *, text_cells: bool, members: tuple[str, ...]) -> None:
    assert cells.texts(cell, text_cells=text_cells) == members


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(cell=JSON)
@pytest.mark.parametrize(
    "convert", [cells.text, cells.number, cells.whole, cells.seconds, cells.objects]
)
def test_any_cell_is_read_or_refused(convert: Callable[[object], object], cell: object) -> None:
    with suppress(CellRefused):
        convert(cell)


@given(cell=JSON, text_cells=st.booleans())
def test_any_list_is_read_or_refused(cell: object, *, text_cells: bool) -> None:
    with suppress(CellRefused):
        assert all(cells.texts(cell, text_cells=text_cells))
