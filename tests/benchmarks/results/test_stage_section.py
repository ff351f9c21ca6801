"""The stage table: its sum is the whole, over all rounds that count."""

from dataclasses import replace

import pytest

from benchmarks.results.blocks import Table
from benchmarks.results.stage_section import means_ms, stages_section
from tests.benchmarks.results.made import GONE, made_result, made_round, made_system, with_marks


def test_means_are_of_all_requests_together() -> None:
    # Four requests of 10 ms and one of 20: a request took 12 ms, half of it in encode.
    rounds = (made_round(milliseconds=[10.0] * 4), made_round(milliseconds=[20.0]))
    means = means_ms(replace(made_system(), rounds=rounds))
    assert list(means) == ["encode", "retrieve", "wire"]
    assert means == pytest.approx({"encode": 6.0, "retrieve": 3.6, "wire": 2.4})


def test_the_table_adds_up_to_the_whole() -> None:
    rounds = (made_round(milliseconds=[10.0] * 4),) * 3
    system = with_marks(
        replace(made_system(), rounds=(*rounds, made_round(milliseconds=[99.0]))), {3: GONE}
    )
    table = next(each for each in stages_section(made_result(system)) if isinstance(each, Table))
    rows = {row[0].text: [cell.text for cell in row[1:3]] for row in table.rows}
    assert rows == {
        "encode": ["5.00", "50 %"],
        "retrieve": ["3.00", "30 %"],
        "wire": ["2.00", "20 %"],
        "sum of the stages": ["10.0", "100 %"],
        "whole request": ["10.0", ""],
    }


def test_a_system_that_tells_no_stages_has_no_table() -> None:
    silent = replace(made_system("echo"), rounds=(made_round(stages=False),) * 3)
    assert stages_section(made_result(silent)) == []
    told = made_round()
    wire = replace(told, stages=told.stages[-1:])
    assert stages_section(made_result(replace(silent, rounds=(wire,) * 3))) == []
