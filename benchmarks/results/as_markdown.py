"""A page's blocks as Markdown."""

from __future__ import annotations

import re
from typing import Final

from benchmarks.results.blocks import (
    Block,
    Bullets,
    Cell,
    Heading,
    Listing,
    Page,
    Paragraph,
    Picture,
    Table,
    Tone,
)

_MARKUP: Final = re.compile(r"[\\`*~|<>\[\]#]|(?<!\w)_|_(?!\w)")
"""What a reader may take for markup; an underscore inside a word is none."""


def markdown_of(page: Page) -> str:
    """The whole page; pictures are left out."""
    blocks = [_block(each) for each in page.blocks if not isinstance(each, Picture)]
    text = "\n\n".join([f"# {_plain(page.title)}", *blocks]) + "\n"
    # Names of files may hold bytes that no encoding has text for.
    return text.encode("utf-8", "replace").decode("utf-8")


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"## {_plain(block.text)}"
        case Paragraph():
            return _plain(block.text)
        case Bullets():
            return "\n".join(f"- {_plain(each)}" for each in block.items)
        case Listing():
            return f"```\n{block.text}\n```"
        case Table():
            return _table(block)
        case Picture():
            return ""


def _table(table: Table) -> str:
    sides = ["---" if table.holds_words(place) else "---:" for place in range(len(table.heads))]
    lines = [[_plain(each) for each in table.heads], sides]
    lines += [[_cell(each) for each in row] for row in table.rows]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"\n\n{_plain(table.note)}" if table.note else ""
    return f"**{_plain(table.caption)}**\n\n{rows}{note}"


def _cell(cell: Cell) -> str:
    text = _plain(cell.text)
    if text and cell.tone is Tone.STRUCK:
        text = f"~~{text}~~"
    if text and cell.tone is Tone.STRONG:
        text = f"**{text}**"
    return f"{text} ({_plain(cell.below)})" if cell.below else text


def _plain(text: str) -> str:
    """Text that no reader takes for markup, on one line."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
