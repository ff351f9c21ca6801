"""The figures of a verification as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table


def verification_table(figures: Mapping[str, Any]) -> Table:
    """Make a table of what `exporter.verify.Verification.document` gives."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(f"{figures['precision']} against torch")
    for name in ("vectors", "largest difference", "least cosine", "norm off by"):
        table.add_column(name, justify="right")
    for tower in figures["towers"]:
        table.add_row(
            f"{tower['tower']} tower",
            f"{tower['compared']:,}",
            f"{tower['difference']:.1e}",
            f"{tower['cosine']:.6f}",
            f"{tower['norm_error']:.1e}",
        )
    return table


def recall_line(figures: Mapping[str, Any]) -> str:
    """Say what the export costs a search; why it is not known where there was no catalogue."""
    recall = figures["recall"]
    if recall is None:
        return "Recall was not measured: name a catalogue with --catalogue."
    return (
        f"recall@10 of {recall['queries']:,} queries over {recall['documents']:,} "
        f"{recall['searched']}: {recall['exported']:.4f}, by torch {recall['torch']:.4f}; "
        f"{100 * recall['agreement']:.1f} % of torch's first ten are found."
    )
