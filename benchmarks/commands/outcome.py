"""Puts a command's result together, writes and prints it, and says with which code to leave."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.commands import options
from benchmarks.load.marks import MACHINE_BUSY
from benchmarks.results.file import document, write
from benchmarks.results.machine import machine, versions
from benchmarks.results.measures import MEASURES, estimate
from benchmarks.results.numbers import interval_text
from benchmarks.results.pages import html, markdown
from benchmarks.results.story import warnings
from benchmarks.results.values import BenchResult, Data, SystemResult
from benchmarks.workloads.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where a result goes: options of a command."""

    output: options.Output = None
    page: options.Html = None
    markdown: options.Markdown = False
    json: options.Json = False


def result_of(
    command: str,
    *,
    arguments: Mapping[str, object],
    workload: Workload,
    products: int,
    arrivals: str,
    systems: Sequence[SystemResult],
    figures: Mapping[str, object],
    notes: Sequence[str] = (),
) -> BenchResult:
    """A result, of now, on this machine; arguments that were not given are left out.

    Files are told by their names alone: a result is shared, and a path says whose machine it was.
    """
    return BenchResult(
        command=command,
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        arguments={
            name: _said(value)
            for name, value in arguments.items()
            if value not in (None, "", False, (), [])
        },
        machine=machine(),
        versions=versions(),
        data=Data(
            catalog_sha256=workload.data,
            products=products,
            workload=workload.name,
            workload_sha256=workload.digest,
            kinds=dict(sorted(Counter(each.kind.value for each in workload.questions).items())),
        ),
        arrivals=arrivals,
        systems=tuple(systems),
        figures=dict(figures),
        notes=tuple(notes),
    )


def _said(value: object) -> str:
    if isinstance(value, list | tuple):  # an option that was repeated
        return " ".join(str(each) for each in value)
    return value.name if isinstance(value, Path) else str(value)


def deliver(result: BenchResult, wanted: Wanted) -> None:
    """Write the files, then print the result in the form that was asked for."""
    if wanted.output:
        write(result, wanted.output)
    if wanted.page:
        wanted.page.write_text(html(result), encoding="utf-8")
    if wanted.json:
        typer.echo(json.dumps(document(result), allow_nan=False, ensure_ascii=False))
    elif wanted.markdown:
        typer.echo(markdown(result))
    else:
        print_result(result)


def print_result(result: BenchResult) -> None:
    """The systems side by side, a row for each measure, and what to know about them."""
    # Wide where nobody looks, so that a log has whole lines.
    console = Console(soft_wrap=True) if not Console().is_terminal else Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for system in result.systems:
        table.add_column(system.name, justify="right")
    for measure in MEASURES:
        found = [estimate(measure, system) for system in result.systems]
        if any(each is not None for each in found):
            unit = f", {measure.unit}" if measure.unit else ""
            cells = ["" if each is None else interval_text(each) for each in found]
            table.add_row(f"{measure.words}{unit}", *cells)
    if table.row_count:
        console.print(table)
    for line in warnings(result):
        console.print(Text(line))


def all_invalid(result: BenchResult) -> bool:
    """Whether some system has rounds and none of them is valid."""
    return any(
        system.rounds and not any(each.valid for each in system.rounds) for system in result.systems
    )


def busy(result: BenchResult) -> bool:
    """Whether others used the machine during a round."""
    return any(
        mark.name == MACHINE_BUSY
        for system in result.systems
        for each in system.rounds
        for mark in each.marks
    )
