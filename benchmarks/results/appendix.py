"""The end of a page: how it was measured, on what, and what to type to measure it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from benchmarks.results.blocks import Block, Heading, Listing, Paragraph, Table, cell
from benchmarks.results.values import BenchResult

_METHOD: Final = """
Latency counts from when a request was due, not from when it was sent, so that a stall shows in
every request that waited for it.
Rounds that are marked as not valid are shown and take no part in any figure.
A figure of several rounds is their median. Its interval lies between two of the sorted rounds
(order statistics), so nothing is assumed of how they are spread; few rounds hold the true median
with less than 95 %, and the page says with how much.
Percentiles come from HdrHistograms of three digits, which the JSON file holds.
"""

_REPEATED: Final = frozenset({"against"})


def appendix(result: BenchResult) -> list[Block]:
    """How to run it again, machine, versions, systems, data, method."""
    blocks: list[Block] = [
        Heading(text="Again"),
        Listing(text=again(result)),
        _pairs("The machine", result.machine),
    ]
    blocks += [_pairs(f"{each.name}, what it was", each.about) for each in result.systems]
    blocks.append(_pairs("Versions", result.versions))
    blocks.append(
        _pairs(
            "Data",
            {
                "catalogue, SHA-256": result.data.catalog_sha256,
                "products": f"{result.data.products:,}",
                "workload": result.data.workload,
                "workload, SHA-256": result.data.workload_sha256,
            },
        )
    )
    blocks = [each for each in blocks if not isinstance(each, Table) or each.rows]
    return [*blocks, Heading(text="How it is measured"), Paragraph(text=" ".join(_METHOD.split()))]


def again(result: BenchResult) -> str:
    """The command line that measured it, as a shell takes it.

    Arguments that are "" were not given; "true" stands for a flag, "false" for its absence. An
    option that was repeated holds its values with blanks in between.
    """
    words = ["omnishelf", "bench", result.command]
    for name, value in result.arguments.items():
        if value in {"", "false", "False"}:
            continue
        option = f"--{name.replace('_', '-')}"
        if value in {"true", "True"}:
            words.append(option)
        else:
            given = value.split() if name in _REPEATED else [value]
            words += [word for each in given for word in (option, each)]
    return shlex.join(words)


def _pairs(caption: str, pairs: Mapping[str, str]) -> Table:
    return Table(
        caption=caption,
        heads=("", ""),
        rows=tuple((cell(name.replace("_", " ")), cell(value)) for name, value in pairs.items()),
        words=2,
    )
