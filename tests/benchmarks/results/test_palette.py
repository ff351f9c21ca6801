"""Colours of both themes can be read, and drawings take them from the page."""

import pytest

from benchmarks.results.palette import DARK, LIGHT, contrast, stand_in, themed
from benchmarks.results.values import STAGES


def test_themes_name_the_same_colours() -> None:
    assert list(LIGHT) == list(DARK)
    assert set(STAGES) <= set(LIGHT)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_letters_and_lines_stand_out_from_the_paper(theme: dict[str, str]) -> None:
    faint = {
        name: colour for name, colour in theme.items() if contrast(colour, theme["paper"]) < 4.5
    }
    assert set(faint) == {"paper", "rule"}


def test_stand_ins_become_variables() -> None:
    assert themed(f"fill: {stand_in('ink')}; stroke: {stand_in('series-1')}") == (
        "fill: var(--ink); stroke: var(--series-1)"
    )
