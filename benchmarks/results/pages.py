"""Writes a result as a page that people can read: Markdown, or HTML with nothing beside it."""

from __future__ import annotations

from benchmarks.results.appendix import appendix
from benchmarks.results.as_html import html_of
from benchmarks.results.as_markdown import markdown_of
from benchmarks.results.blocks import Bullets, Page, Paragraph
from benchmarks.results.figures_section import figures_section, goals_section
from benchmarks.results.sections import kinds_section, rounds_section, systems_section
from benchmarks.results.stage_section import stages_section
from benchmarks.results.story import lead, title, warnings
from benchmarks.results.values import BenchResult


def page(result: BenchResult) -> Page:
    """What both pages say."""
    said, known = lead(result), warnings(result)
    systems, found = systems_section(result), figures_section(result)
    return Page(
        title=title(result),
        blocks=(
            *((Paragraph(text=said, lead=True),) if said else ()),
            *((Bullets(items=known, warning=True),) if known else ()),
            *goals_section(result),
            # A run is about its systems, the other commands about what they found.
            *((*systems, *found) if result.command == "run" else (*found, *systems)),
            *stages_section(result),
            *kinds_section(result),
            *rounds_section(result),
            *appendix(result),
        ),
    )


def markdown(result: BenchResult) -> str:
    """The page as Markdown, without pictures: the tables beside them say the same."""
    return markdown_of(page(result))


def html(result: BenchResult) -> str:
    """The page as one HTML file: no script, no network, drawings inside.

    Raises:
        FailedPrecondition: a package that draws is not installed (BENCH_NOT_INSTALLED).
        DataCorrupted: a histogram cannot be read (BENCH_HISTOGRAM).
    """
    return html_of(page(result))
