"""`omnishelf bench compare`: two results side by side; leaves with 1 where the second is worse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.results.comparison import RULE, Change, Comparison, Standing
from benchmarks.results.comparison import compare as compared
from benchmarks.results.file import read
from benchmarks.results.numbers import bounds, number, share

_STYLES = {Standing.WORSE: "bold red", Standing.UNSURE: "yellow", Standing.BETTER: "green"}


def compare(
    before: Annotated[Path, typer.Argument(metavar="A.json", help="What was.")],
    after: Annotated[Path, typer.Argument(metavar="B.json", help="What is.")],
    *,
    by: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share by which B may be worse.")
    ] = 0.05,
    other_machine: Annotated[
        bool, typer.Option("--other-machine", help="Compare what two machines measured; marked.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two results of `omnishelf bench`: ratios B/A, with intervals over their rounds.

    Leaves with 1 where B is worse: where a ratio is beyond the share on the bad side and its
    interval does not hold 1. Leaves with 2 where the two may not be compared: other data, workload,
    command, arrivals, rate or machine, or fewer than three valid rounds.
    """
    found = compared(read(before), read(after), by=by, allow_other_machine=other_machine)
    if json_output:
        typer.echo(json.dumps(document(found), allow_nan=False))
    else:
        _print(found)
    if found.worse:
        raise typer.Exit(1)


def document(found: Comparison) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "worse": bool(found.worse),
        "worse_in": [each.name for each in found.worse],
        "by": found.by,
        "rule": RULE,
        "measures": {each.name: _change(each) for each in found.changes},
        "echo_p50_ms": None if found.echo is None else _change(found.echo),
        "left_out": dict(found.left_out),
        "differences": [
            {"what": each.what, "before": each.before, "after": each.after}
            for each in found.differences
        ],
        "other_machine": [
            {"what": each.what, "before": each.before, "after": each.after}
            for each in found.machines
        ],
        "marks": {side: dict(marks) for side, marks in found.marks.items()},
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "before": change.before.to_json(),
        "after": change.after.to_json(),
        "ratio": change.ratio.to_json(),
        "standing": change.standing.name.lower(),
        "counted": change.counted,
    }


def _print(found: Comparison) -> None:
    # Wide where nobody looks, so that a log has whole lines.
    console = Console() if Console().is_terminal else Console(width=160)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "A", "B", "B / A", "interval"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    table.add_column("")
    for each in found.changes:
        table.add_row(*_row(each), Text(_verdict(each), style=_STYLES.get(each.standing, "")))
    console.print(table)
    for line in lines(found):
        console.print(Text(line))


def _row(change: Change) -> tuple[str, ...]:
    unit = f", {change.unit}" if change.unit else ""
    return (
        f"{change.words}{unit}",
        number(change.before.median),
        number(change.after.median),
        f"{change.ratio.median:.3f}",
        bounds(change.ratio, digits=3),
    )


def _verdict(change: Change) -> str:
    return str(change.standing) if change.counted else f"{change.standing} (not counted)"


def lines(found: Comparison) -> list[str]:
    """What is said below the table, the verdict last."""
    said = []
    first = found.changes[0]
    if first.ratio.confidence is not None:
        said.append(
            f"An interval holds the true ratio with {share(first.ratio.confidence)}"
            f" ({first.before.rounds} rounds before, {first.after.rounds} after)."
        )
    if found.echo is not None:
        said.append(
            f"The echo, which is the same in both, took {found.echo.ratio.median:.3f} times as"
            " long: so much of it all is the machine's."
        )
    said += [f"Not compared: {words} ({why})." for words, why in found.left_out.items()]
    for each in found.machines:
        said.append(f"OTHER_MACHINE: {each.text}.")
    for side, marks in found.marks.items():
        said += [f"{name} in {count} rounds {side}." for name, count in marks.items()]
    said += [f"Differs: {each.text}." for each in found.differences]
    if found.worse:
        names = ", ".join(each.words for each in found.worse)
        said.append(f"B is worse by more than {share(found.by)} in {names}.")
    else:
        said.append(f"B is not worse by more than {share(found.by)}.")
    return said
