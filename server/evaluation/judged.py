"""Queries with graded relevance as a file has them, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.errors import InvalidRequest, Violation
from server.ingest.cells import CellRefused
from server.ingest.formats.jsonl import JsonLines
from server.ingest.formats.protocol import BrokenRow, RawRow
from server.ingest.picture_files import picture_bytes
from server.query import PicturePart, QueryPart, TextPart

NO_LANGUAGE = "none"
"""Language of a query without words."""

LARGEST_GRADE = 30
_LONGEST_LANGUAGE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuery:
    """What is asked, and the grade (above 0) of every product judged relevant to it."""

    line: int
    text: str | None
    picture: bytes | None
    language: str
    grades: Mapping[str, float]

    def parts(self) -> tuple[QueryPart, ...]:
        """What the pipeline is asked: the words, then the picture, as far as there are any."""
        parts: list[QueryPart] = []
        if self.text is not None:
            parts.append(TextPart(text=self.text))
        if self.picture is not None:
            parts.append(PicturePart(data=self.picture, field=f"query[{len(parts)}].image"))
        return tuple(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedQuery:
    """A line that cannot be asked."""

    line: int
    violation: Violation


def read_judged(path: Path, *, split: str | None = None) -> Iterator[JudgedQuery | RejectedQuery]:
    """Read a file of queries.

    A line has ``text``, ``image`` (a path beside the file) or both, and either ``relevance`` (grade
    by product id) or ``product_id`` (that product, grade 1). ``lang`` may be absent: words with Han
    characters are ``zh``, others ``en``. With ``split``, only lines of that ``split`` count.

    Raises:
        InvalidRequest: there is no such file.
    """
    if not path.is_file():
        description = f"there is no file {path}; name a .jsonl file of queries"
        violation = Violation(field="QUERIES", reason="QUERIES_NOT_FOUND", description=description)
        raise InvalidRequest([violation])
    for row in JsonLines(path=path):
        if isinstance(row, BrokenRow):
            yield RejectedQuery(line=row.number, violation=row.violation)
        elif split is None or row.values.get("split") == split:
            yield _read(row, folder=path.parent)


def language_of(text: str | None) -> str:
    """The language that words are taken for.

    Example:
        >>> language_of("Nike 跑鞋"), language_of("running shoes"), language_of(None)
        ('zh', 'en', 'none')
    """
    if text is None:
        return NO_LANGUAGE
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"


def _read(row: RawRow, *, folder: Path) -> JudgedQuery | RejectedQuery:
    values = row.values
    text, language = values.get("text"), values.get("lang")
    if text is not None and not isinstance(text, str):
        return _rejected(row, "text", "NOT_TEXT", "write the words as one text")
    try:
        picture = picture_bytes(values.get("image"), folder=folder)
    except CellRefused as refused:
        return _rejected(row, "image", refused.reason, refused.description)
    if text is None and picture is None:
        return _rejected(row, "text", "QUERY_EMPTY", "give the query a text, an image or both")
    grades = _grades(values)
    if isinstance(grades, str):
        return _rejected(row, "relevance", "RELEVANCE_INVALID", grades)
    if not isinstance(language, str) or not 0 < len(language) <= _LONGEST_LANGUAGE:
        language = language_of(text)
    return JudgedQuery(
        line=row.number, text=text, picture=picture, language=language, grades=grades
    )


def _grades(values: Mapping[str, object]) -> dict[str, float] | str:
    """Grades above 0 by id, or what is wrong with them."""
    relevance = values.get("relevance")
    if relevance is None and isinstance(values.get("product_id"), str):
        relevance = {values["product_id"]: 1}
    if not isinstance(relevance, dict):
        return 'write {"product id": grade}, or a product_id'
    for id_, grade in relevance.items():
        numeric = isinstance(grade, int | float) and not isinstance(grade, bool)
        if not numeric or not 0 <= grade <= LARGEST_GRADE:
            shown = json.dumps(grade)[:40]
            return f"grade {shown} of {id_!r} is no number from 0 to {LARGEST_GRADE}"
    relevant = {str(id_): float(grade) for id_, grade in relevance.items() if grade > 0}
    return relevant or "no product has a grade above 0; name those that answer the query"


def _rejected(row: RawRow, field: str, reason: str, description: str) -> RejectedQuery:
    violation = Violation(field=field, reason=reason, description=description)
    return RejectedQuery(line=row.number, violation=violation)
