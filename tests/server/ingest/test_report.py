"""The report of a catalogue file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.errors import InvalidRequest, Violation
from server.ingest.files import RejectedRow
from server.ingest.report import SHOWN_ROWS, report_to


def rejected(number: int, *reasons: str) -> RejectedRow:
    violations = tuple(Violation(field="price", reason=each, description="…") for each in reasons)
    return RejectedRow(number=number, product_id=f"p{number}", violations=violations)


def test_all_rows_are_written_and_the_first_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with report_to(path) as report:
        report.written = 3
        for number in range(1, 31):
            report.reject(rejected(number, "NOT_A_NUMBER", *(["ID_MISSING"] * (number % 2))))
    assert (report.rows, report.written, report.rejected) == (33, 3, 30)
    assert report.reasons == {"NOT_A_NUMBER": 30, "ID_MISSING": 15}
    assert [row.number for row in report.first] == list(range(1, SHOWN_ROWS + 1))
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 30
    assert lines[1] == {
        "row": 2,
        "id": "p2",
        "violations": [{"field": "price", "reason": "NOT_A_NUMBER", "description": "…"}],
    }


def test_without_a_file_nothing_is_written() -> None:
    with report_to(None) as report:
        report.reject(rejected(1, "ID_MISSING"))
    assert report.rejected == 1


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="cannot be written"), report_to(tmp_path):
        pass
