"""`omnishelf align`: teaches a bundle's image tower what a shop's pictures are called."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.spec import load_manifest
from server.commands.alignment_rows import AlignmentRows, read_rows
from server.commands.exporter_extra import exporter_packages
from server.commands.progress import stage_progress
from server.deadline import Deadline
from server.errors import FailedPrecondition

if TYPE_CHECKING:
    from exporter.align import AlignmentReport


def align(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of the bundle.")],
    catalogues: Annotated[
        list[Path],
        typer.Argument(metavar="CATALOG...", help="Catalogues, and files of labelled photographs."),
    ],
    *,
    output: Annotated[Path, typer.Option(help="Folder to write the aligned bundle into.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bundle.")] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train the head of a bundle's image tower on products' own pictures and words.

    A share of the product groups is kept out, to say what the new head does for products it never
    saw. Rows with a split other than "train" are never learnt; a row with a product_id is a
    photograph of that product. Files of one folder belong together.

    Needs the exporter extra: pip install 'omnishelf[exporter]'.
    """
    with exporter_packages():
        from exporter.align import align as train  # noqa: PLC0415
        from exporter.align_data import make_samples  # noqa: PLC0415
    from server.encoders.embedded import EmbeddedEncoder  # noqa: PLC0415

    image = load_manifest(bundle).image
    if image is None:
        message = f"{bundle} has no image tower to align; name a bundle that has one"
        raise FailedPrecondition(message, reason="BUNDLE_NO_IMAGE")
    sources = read_rows(catalogues)
    encoder = EmbeddedEncoder(bundle, threads=1)
    with stage_progress("Aligning") as progress:
        samples = []
        for place, source in enumerate(sources):
            progress("reading pictures", place / len(sources))
            load = source.loader(image)
            samples += make_samples(source.rows, source=source.name, load=load)
        try:
            report = train(
                bundle,
                output=output,
                samples=samples,
                encode_text=lambda texts: encoder.encode_texts(texts, deadline=Deadline.never()),
                seed=seed,
                progress=progress,
            )
        except ValueError as error:
            raise FailedPrecondition(str(error), reason="TOO_FEW_PRODUCTS") from error
    _print(report, sources=sources, output=output, json_output=json_output)


def _print(
    report: AlignmentReport,
    *,
    sources: list[AlignmentRows],
    output: Path,
    json_output: bool,
) -> None:
    unusable = sum(len(source.unusable) for source in sources)
    if json_output:
        document = asdict(report) | {"output": str(output), "unusable_pictures": unusable}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, name in enumerate(("products kept out", "NDCG@10", "recall@10")):
        table.add_column(name, justify="right" if place else "left")
    for name, scores in (("before", report.before), ("after", report.after)):
        table.add_row(name, f"{scores.ndcg_at_10:.3f}", f"{scores.recall_at_10:.3f}")
    console = Console()
    console.print(table)
    console.print(
        f"Bundle [bold]{report.bundle}[/] is in {output}: {report.samples:,} pictures of "
        f"{report.groups:,} groups, {report.held_out_groups:,} of them kept out while measuring."
    )
    if unusable:
        console.print(f"[yellow]{unusable:,} pictures could not be used and were left out.")
