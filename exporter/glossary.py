"""The project's own bilingual retail glossary: what shops and shoppers call things.

``glossary.tsv`` holds one meaning a line: Chinese forms, English forms, and the kind of the term,
forms separated by ``|`` with the usual one first. Standard library only.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

GLOSSARY = Path(__file__).parent / "glossary.tsv"

# Kinds that name what is sold, as against those that describe it.
GOODS = frozenset(
    (
        *("baby", "bag", "beauty", "bedding", "car", "clothing", "drink", "electronics", "food"),
        *("furniture", "headed", "home", "jewellery", "kitchen", "outdoor", "pet", "shoes"),
        *("sport", "stationery", "tool", "toy"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One meaning: its Chinese and English forms, the usual form of each first."""

    chinese: tuple[str, ...]
    english: tuple[str, ...]
    kind: str


def read_glossary(path: Path = GLOSSARY) -> list[Term]:
    """Read the glossary in the file's order."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            Term(
                chinese=tuple(row["chinese"].split("|")),
                english=tuple(row["english"].split("|")),
                kind=row["kind"],
            )
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
