"""`omnishelf bench draw`: a workload in a file, to keep, to share and to warm a server with."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.workloads.draw import DEFAULT_KINDS, drawn, how_drawn, parse_kinds
from benchmarks.workloads.files import refuse_existing, write_workload
from server.errors import InvalidRequest, Violation
from server.settings import DEFAULT_CATALOG

_EVERY_KIND = ",".join(DEFAULT_KINDS)


def draw(
    catalogue: Annotated[
        Path, typer.Argument(metavar="CATALOGUE", help="A .jsonl, .csv, .tsv or .parquet file.")
    ],
    queries: Annotated[
        Path, typer.Argument(metavar="QUERIES", help="A .jsonl file of judged queries.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Workload file to write.")
    ],
    kinds: Annotated[
        str, typer.Option(help="Kinds and their shares: text=3,picture=1; or text,voice.")
    ] = _EVERY_KIND,
    questions: Annotated[int, typer.Option(min=1, help="How many to draw.")] = 1_000,
    zipf: Annotated[
        float, typer.Option(metavar="S", help="Exponent of Zipf's law; 0 for no repeats.")
    ] = 0.0,
    catalog: Annotated[str, typer.Option(help="Catalog to ask, by id.")] = DEFAULT_CATALOG,
    page_size: Annotated[int, typer.Option(min=1, max=100, help="Hits a page.")] = 20,
    voices: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="WAV files with spoken questions.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds draw equal questions.")] = 2026,
    replace: Annotated[bool, typer.Option("--replace", help="Write over FILE.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw questions from a catalogue and its judged queries.

    `bench run --workload FILE` asks them, `serve --warm-up FILE` warms up with them. Pictures go
    into a folder beside FILE. Searches as shoppers make them are recorded with `serve --record`.
    """
    if not 0 <= zipf < float("inf"):
        violation = Violation(
            field="--zipf", reason="EXPONENT_INVALID", description="give a number from 0"
        )
        raise InvalidRequest([violation])
    shares = parse_kinds(kinds)
    refuse_existing(output, replace_existing=replace)
    workload = drawn(
        shares,
        queries=queries,
        catalogue=catalogue,
        catalog=catalog,
        count=questions,
        s=zipf,
        seed=seed,
        page_size=page_size,
        voices=voices,
    )
    write_workload(
        workload, output, how=how_drawn(shares, s=zipf, seed=seed), replace_existing=replace
    )
    counts = Counter(str(question.kind) for question in workload.questions)
    distinct = len({question.request for question in workload.questions})
    if json_output:
        document = {
            "file": str(output),
            "questions": len(workload.questions),
            "distinct": distinct,
            "kinds": dict(sorted(counts.items())),
            "data_sha256": workload.data,
            "workload_sha256": workload.digest,
        }
        typer.echo(json.dumps(document))
    else:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        typer.echo(f"{output}: {len(workload.questions)} questions, {distinct} different: {listed}")
