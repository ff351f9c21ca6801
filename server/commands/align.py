"""`omnishelf align`: teaches a bundle what a shop's pictures are called."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from exporter.spec import load_manifest
from server.commands.alignment_result import print_alignment
from server.commands.alignment_rows import read_rows
from server.commands.alignment_run import (
    AlignmentOrder,
    LossName,
    MethodName,
    default_method_of,
    run_alignment,
)
from server.commands.exporter_extra import exporter_packages
from server.commands.progress import stage_progress
from server.errors import FailedPrecondition

_FAILED = 1


def align(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of the bundle.")],
    catalogues: Annotated[
        list[Path],
        typer.Argument(metavar="CATALOG...", help="Catalogues, and files of labelled photographs."),
    ],
    *,
    output: Annotated[Path, typer.Option(help="Folder to write the aligned bundle into.")],
    method: Annotated[
        MethodName | None,
        typer.Option(
            help="A new head of the image tower, or low-rank adapters behind all towers. "
            "(default: head where the tower has one)",
            show_default=False,
        ),
    ] = None,
    loss: Annotated[LossName, typer.Option(help="The contrastive loss.")] = LossName.INFONCE,
    rank: Annotated[
        int | None, typer.Option(min=1, help="Rank of the adapters. (default: 32)")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Most training steps. A head tries half of them too. "
            "(default: 1000 for adapters, 400 for a head)",
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Adapters: passes over the pictures, for --steps.")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Adapters: end after so many measurements, 25 steps apart, without a better "
            "recall@10 of the products kept out. (default: 8)",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bundle.")] = 0,
    work: Annotated[
        Path | None,
        typer.Option(
            help="Folder for vectors and checkpoints, kept when done. "
            "(default: .OUTPUT.align beside the output, removed when done)",
            show_default=False,
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the checkpoint of a killed run.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write adapters that did not help, too.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    r"""Train a bundle on products' own pictures and words, and write a new bundle.

    A share of the product groups is kept out of training: to say what it does for products that
    were never seen, and to end it in time. Adapters that make nothing better for them are not
    written, and the exit code is 1. The figures after training are those of the best moment, so
    they flatter slightly. A run that was killed goes on when it is asked for again in the same
    words, and gives the same bundle. A plot of the training is in the bundle, alignment.png.

    Rows with a split other than "train" are never learnt; a row with a product_id is a photograph
    of that product. Files of one folder belong together.

    Needs the exporter extra: pip install 'omnishelf\[exporter]'.
    """
    with exporter_packages():
        from exporter.align_data import make_samples  # noqa: PLC0415 - needs its packages
    manifest = load_manifest(bundle)
    if manifest.image is None:
        message = f"{bundle} has no image tower to align; name a bundle that has one"
        raise FailedPrecondition(message, reason="BUNDLE_NO_IMAGE")
    place = output.resolve()
    order = AlignmentOrder(
        method=method or default_method_of(bundle),
        loss=loss,
        rank=rank,
        steps=steps,
        epochs=epochs,
        patience=patience,
        seed=seed,
        work=work or place.with_name(f".{place.name}.align"),
        restart=restart,
        force=force,
    )
    order.require_sense(manifest)
    sources = read_rows(catalogues)
    with stage_progress("Aligning") as progress:
        samples = []
        for number, source in enumerate(sources):
            progress("reading pictures", number / len(sources))
            load = source.loader(manifest.image)
            samples += make_samples(source.rows, source=source.name, load=load)
        report = run_alignment(bundle, order, output=output, samples=samples, progress=progress)
    if report.bundle and work is None:
        shutil.rmtree(order.work, ignore_errors=True)
    print_alignment(report, sources=sources, output=output, json_output=json_output)
    if not report.bundle:
        raise typer.Exit(_FAILED)
