"""A page's blocks as HTML that needs nothing beside it."""

from __future__ import annotations

from html import escape
from pathlib import Path
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
from benchmarks.results.palette import DARK, LIGHT, variables

_STYLE: Final = Path(__file__).with_name("page.css")

_NOTHING_ELSE: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing. A browser holds it to that."""

_LONG: Final = 60
"""Letters of a cell that would make a narrow column many lines high."""


def html_of(page: Page) -> str:
    """The whole page.

    Raises:
        FailedPrecondition: a package that draws is not installed (BENCH_NOT_INSTALLED).
        DataCorrupted: a histogram cannot be read (BENCH_HISTOGRAM).
    """
    title = escape(page.title)
    body = "\n".join(_block(each) for each in page.blocks)
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_NOTHING_ELSE}">
<title>{title}</title>
<style>
{_themes()}
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
    # Names of files may hold bytes that no encoding has text for.
    return text.encode("utf-8", "replace").decode("utf-8")


def _themes() -> str:
    light, dark = variables(LIGHT), variables(DARK)
    return (
        f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"@media print{{:root{{{light}}}}}"
    )


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h2>{escape(block.text)}</h2>"
        case Paragraph():
            kind = ' class="lead"' if block.lead else ""
            return f"<p{kind}>{escape(block.text)}</p>"
        case Bullets():
            return _bullets(block)
        case Listing():
            return f'<pre tabindex="0"><code>{escape(block.text)}</code></pre>'
        case Picture():
            caption = f"<figcaption>{escape(block.caption)}</figcaption>"
            return f'<figure><div class="wide" tabindex="0">{block.draw()}</div>{caption}</figure>'
        case Table():
            return _table(block)


def _bullets(block: Bullets) -> str:
    items = "".join(f"<li>{escape(each)}</li>" for each in block.items)
    if not block.warning:
        return f"<ul>{items}</ul>"
    return f'<aside class="know" aria-label="Know this first"><ul>{items}</ul></aside>'


def _table(table: Table) -> str:
    heads = "".join(
        f'<th scope="col"{_side(place, table)}>{escape(each)}</th>'
        for place, each in enumerate(table.heads)
    )
    head = f"<thead><tr>{heads}</tr></thead>" if any(table.heads) else ""
    rows = "\n".join(_row(row, table) for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    caption = escape(table.caption)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption>{head}<tbody>\n{rows}\n</tbody></table></div>{note}"
    )


def _row(row: tuple[Cell, ...], table: Table) -> str:
    cells = "".join(
        f"<td{_side(place, table, each.text)}>{_cell(each)}</td>"
        for place, each in enumerate(row[1:], 1)
    )
    return f'<tr><th scope="row">{_cell(row[0])}</th>{cells}</tr>'


def _side(place: int, table: Table, text: str = "") -> str:
    if table.holds_words(place):
        return ' class="long"' if len(text) > _LONG else ""
    return ' class="number"'


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    match cell.tone:
        case Tone.STRUCK:
            text = f"<s>{text}</s>"
        case Tone.STRONG:
            text = f"<strong>{text}</strong>"
        case Tone.GOOD | Tone.BAD:
            text = f'<span class="{cell.tone}">{text}</span>'
        case Tone.PLAIN:
            pass
    return f"{text}<small>{escape(cell.below)}</small>" if cell.below else text
