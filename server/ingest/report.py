"""What became of the rows of a catalogue file: counts, and every rejected row with its reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from server.errors import InvalidRequest, Violation
from server.ingest.files import RejectedRow

SHOWN_ROWS = 20


@dataclass(slots=True, kw_only=True)
class IngestReport:
    """Grows while a file is read; holds the first rejected rows and writes all to ``stream``."""

    written: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: list[RejectedRow] = field(default_factory=list)
    stream: TextIO | None = None

    @property
    def rows(self) -> int:
        """Rows that have an outcome."""
        return self.written + self.rejected

    def shown(self) -> list[RejectedRow]:
        """The first rejected rows in the file's order; a picture is judged later than its row."""
        return sorted(self.first, key=lambda row: row.number)

    def reject(self, row: RejectedRow) -> None:
        """Count a row that is not written."""
        self.rejected += 1
        self.reasons.update({violation.reason for violation in row.violations})
        if len(self.first) < SHOWN_ROWS:
            self.first.append(row)
        if self.stream is not None:
            self.stream.write(json.dumps(rejected_line(row), ensure_ascii=False) + "\n")


def rejected_line(row: RejectedRow) -> dict[str, object]:
    """A rejected row as a line of a report file."""
    return {
        "row": row.number,
        "id": row.product_id,
        "violations": [asdict(violation) for violation in row.violations],
    }


@contextmanager
def report_to(path: Path | None) -> Iterator[IngestReport]:
    """A report whose rejected rows are written to ``path`` as JSON lines, where one is given.

    Raises:
        InvalidRequest: the file cannot be written.
    """
    if path is None:
        yield IngestReport()
        return
    try:
        stream = path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        description = f"{path} cannot be written ({error.strerror}); name another file"
        violation = Violation(field="--report", reason="REPORT_FILE", description=description)
        raise InvalidRequest([violation]) from error
    with stream:
        yield IngestReport(stream=stream)
