"""What a page is made of: paragraphs, tables, pictures and listings, before any markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Tone(StrEnum):
    """How a cell is meant; the words say it too, so that it needs no colour."""

    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    STRUCK = "struck"
    """Does not count."""
    STRONG = "strong"
    """A sum or a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table: a figure, and below it in small letters how sure it is."""

    text: str
    below: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The beginning of a section."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Plain words."""

    text: str
    lead: bool = False
    """Whether it is what the page says in short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """Sentences one below the other; ``warning`` where the reader must know them first."""

    items: tuple[str, ...]
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        caption: What it shows.
        heads: One a column, the first column's too.
        rows: As many cells as heads each; the first names the row.
        words: How many columns from the left hold words and not numbers.
        words_last: Whether the last column holds words too.
        note: What must be known to read it; "" for nothing.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1
    words_last: bool = False
    note: str = ""

    def holds_words(self, place: int) -> bool:
        """Whether the column at ``place`` from 0 holds words."""
        return place < self.words or (self.words_last and place == len(self.heads) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing; a page without pictures leaves it out, as a table beside it says the same."""

    caption: str
    draw: Callable[[], str] = field(compare=False)
    """Makes the `svg` element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Commands, or what is typed."""

    text: str


Block = Heading | Paragraph | Bullets | Table | Picture | Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page."""

    title: str
    blocks: tuple[Block, ...]


def cell(text: str, *, tone: Tone = Tone.PLAIN, below: str = "") -> Cell:
    """A cell in one word."""
    return Cell(text=text, tone=tone, below=below)
