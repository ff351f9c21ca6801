"""A sheet to draw on, and the drawing as SVG that stands inside a page; needs matplotlib."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.results.palette import stand_in, themed
from server.errors import FailedPrecondition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH: Final = 5.4
"""Inches. Narrow, so that letters stay readable where a phone shrinks the drawing."""

_LETTERS: Final = 8.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One drawing: axes to draw on."""

    figure: Figure
    axes: Axes


@contextmanager
def sheet(*, height: float) -> Iterator[Sheet]:
    """An empty drawing, ``height`` inches high, with quiet axes.

    Raises:
        FailedPrecondition: matplotlib is not installed (BENCH_NOT_INSTALLED).
    """
    try:
        # The object-oriented interface keeps no state and asks for no display.
        from matplotlib import rc_context  # noqa: PLC0415 - of an extra
        from matplotlib.figure import Figure  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        raise FailedPrecondition(
            "drawing takes matplotlib, which is not installed; run pip install 'omnishelf[bench]',"
            " or ask for --markdown",
            reason="BENCH_NOT_INSTALLED",
        ) from error
    ink, quiet, rule = stand_in("ink"), stand_in("quiet"), stand_in("rule")
    settings: Any = {  # matplotlib's own type lists every name it knows
        "svg.fonttype": "none",  # text stays text: the page's font, found by search and by readers
        "svg.hashsalt": "omnishelf",  # the same result makes the same page
        "text.parse_math": False,  # a name with two dollars is no formula
        "font.size": _LETTERS,
        "text.color": ink,
        "axes.labelcolor": quiet,
        "axes.edgecolor": quiet,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": quiet,
        "ytick.color": quiet,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "grid.color": rule,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": _LETTERS,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
    }
    with rc_context(settings), warnings.catch_warnings():
        # Letters are drawn by the reader's browser, which may have those that we have not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        axes.set_axisbelow(True)
        yield Sheet(figure=figure, axes=axes)


def svg(drawn: Sheet, *, name: str, title: str, description: str) -> str:
    """The drawing as an `svg` element with its text alternative; call it inside `sheet`.

    Args:
        drawn: What to write.
        name: Differs from every other drawing's of the page: its identifiers begin with it.
        title: What it shows.
        description: What is seen in it, for who cannot see it.
    """
    written = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    drawn.figure.savefig(written, format="svg", metadata=nothing)
    text = written.getvalue()
    text = text[text.index("<svg ") :].strip()
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    # Sizes and joints of lines come from the page's style.
    head, rest = text.split(">", 1)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    head = f'{head} role="img" aria-labelledby="{name}-title {name}-description"'
    told = (
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>'
    )
    return themed(f"{head}>{told}{rest}")
