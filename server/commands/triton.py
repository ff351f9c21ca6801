"""`omnishelf triton`: a bundle's towers in the model repository of a Triton server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.spec import STARTER_DIRECTORY, BundleError, read_manifest
from exporter.triton.errors import RepositoryError
from exporter.triton.options import ServingOptions
from exporter.triton.record import PublishedModel, record_document
from exporter.triton.repository import (
    VERSIONS_KEPT,
    publish,
    read_config,
    read_published,
    unpublish,
)
from server.errors import FailedPrecondition, NotFound

_STARTER = "starter"

triton = typer.Typer(help="Publish bundles to a Triton server.", no_args_is_help=True)

DEFAULTS = ServingOptions()
_MEBIBYTE = 2**20


class RuntimeName(StrEnum):
    """What runs the towers inside Triton."""

    ONNXRUNTIME = "onnxruntime"
    PYTHON = "python"


class DeviceName(StrEnum):
    """Where they run."""

    AUTO = "auto"
    GPU = "gpu"
    CPU = "cpu"


Repository = Annotated[Path, typer.Option(help="Folder of Triton's models.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@triton.command("publish")
def publish_bundle(
    bundle: Annotated[Path, typer.Argument(help="Encoder bundle; `starter` for the one shipped.")],
    *,
    repository: Repository,
    runtime: Annotated[
        RuntimeName,
        typer.Option(help="onnxruntime for the Triton image, python for `make triton`."),
    ] = RuntimeName.ONNXRUNTIME,
    device: Annotated[
        DeviceName, typer.Option(help="auto is a GPU where Triton sees one.")
    ] = DeviceName.AUTO,
    instances: Annotated[
        int, typer.Option(min=1, help="Copies of a tower, side by side.")
    ] = DEFAULTS.instances,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads of one instance.")
    ] = DEFAULTS.threads,
    max_batch: Annotated[
        int, typer.Option(min=1, help="Most rows of a request and of a run.")
    ] = DEFAULTS.max_batch,
    queue_delay_us: Annotated[
        int, typer.Option(min=0, help="Microseconds to wait for others to batch with.")
    ] = DEFAULTS.queue_delay_microseconds,
    queue_size: Annotated[
        int, typer.Option(min=0, help="Requests that may wait; 0 for any number.")
    ] = DEFAULTS.queue_size,
    queue_timeout_ms: Annotated[
        int, typer.Option(min=0, help="Milliseconds one may wait; 0 for ever.")
    ] = DEFAULTS.queue_timeout_microseconds // 1000,
    ragged: Annotated[
        bool, typer.Option("--ragged", help="Join texts of unequal length; python runtime only.")
    ] = DEFAULTS.ragged,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Runs of each batch size before a model is ready.")
    ] = DEFAULTS.warm_up,
    gpu_memory_mib: Annotated[
        int | None, typer.Option(min=1, help="Bound of a tower's GPU memory.")
    ] = None,
    tensorrt: Annotated[
        bool, typer.Option("--tensorrt", help="Compile the towers for the GPU.")
    ] = DEFAULTS.tensorrt,
    fp16: Annotated[
        bool, typer.Option("--fp16", help="With TensorRT: compute in halves.")
    ] = DEFAULTS.fp16,
    engine_cache: Annotated[
        str | None, typer.Option(help="With TensorRT: the server's folder for compiled engines.")
    ] = None,
    workspace_mib: Annotated[
        int, typer.Option(min=1, help="With TensorRT: memory it may try layouts in.")
    ] = DEFAULTS.workspace_bytes // _MEBIBYTE,
    cuda_graphs: Annotated[
        bool, typer.Option("--cuda-graphs", help="With TensorRT: replay the picture tower.")
    ] = DEFAULTS.cuda_graphs,
    keep: Annotated[
        int, typer.Option(min=1, help="Versions that stay in the repository.")
    ] = VERSIONS_KEPT,
    json_output: Json = False,
) -> None:
    """Put a bundle's towers into a repository; the same again changes nothing.

    Every replica of Triton may read the folder meanwhile. A running one takes what is new when it
    is told to load the model. `deploy/triton/README.md` says when to turn which option.
    """
    with _repository_errors():
        options = ServingOptions(
            runtime=runtime.value,
            device=device.value,
            instances=instances,
            threads=threads,
            max_batch=max_batch,
            queue_delay_microseconds=queue_delay_us,
            queue_size=queue_size,
            queue_timeout_microseconds=queue_timeout_ms * 1000,
            ragged=ragged,
            warm_up=warm_up,
            gpu_memory_bytes=gpu_memory_mib * _MEBIBYTE if gpu_memory_mib else None,
            tensorrt=tensorrt,
            fp16=fp16,
            engine_cache=engine_cache,
            workspace_bytes=workspace_mib * _MEBIBYTE,
            cuda_graphs=cuda_graphs,
        )
        published = publish(_folder(bundle), repository, options=options, keep=keep)
    if json_output:
        typer.echo(
            json.dumps(
                {
                    "bundle": published.bundle_id,
                    "changed": list(published.changed),
                    "models": [record_document(model) for model in published.models],
                }
            )
        )
        return
    _print(published.models)
    done = f"{len(published.changed)} of them new" if published.changed else "as they were before"
    typer.echo(f"{len(published.models)} models of {published.bundle_id} in {repository}, {done}.")


@triton.command("list")
def list_models(*, repository: Repository, json_output: Json = False) -> None:
    """List what was published into a repository."""
    with _repository_errors():
        models = read_published(repository)
    if json_output:
        typer.echo(json.dumps({"models": [record_document(model) for model in models]}))
    elif models:
        _print(models)
    else:
        typer.echo(f"Nothing is published in {repository}; see omnishelf triton publish --help")


@triton.command("config")
def show_config(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A name that `list` prints.")],
    *,
    repository: Repository,
) -> None:
    """Print the configuration that Triton reads for a model, after parsing it as Triton does."""
    with _repository_errors():
        typer.echo(read_config(repository, name), nl=False)


@triton.command("unpublish")
def unpublish_bundle(
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="An id that `list` prints, or a folder.")
    ],
    *,
    repository: Repository,
) -> None:
    """Take a bundle's models out of a repository. A running Triton keeps what it has loaded."""
    bundle_id = _bundle_id(bundle)
    with _repository_errors():
        names = unpublish(repository, bundle_id)
    if not names:
        message = f"{repository} holds no models of {bundle_id}; see omnishelf triton list"
        raise NotFound(message, bundle=bundle_id)
    typer.echo(f"{', '.join(names)} are no longer in {repository}.")


def _folder(bundle: Path) -> Path:
    """The folder named, or that of the starter, which lies where only the package knows."""
    return STARTER_DIRECTORY if str(bundle) == _STARTER and not bundle.exists() else bundle


def _bundle_id(bundle: str) -> str:
    """A folder's bundle, or what was given when it is no bundle's folder."""
    try:
        return read_manifest(_folder(Path(bundle))).id
    except BundleError:
        return bundle


def _print(models: tuple[PublishedModel, ...]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("model", "version", "runtime", "device", "instances", "precision"):
        table.add_column(heading, overflow="fold")
    for model in models:
        options = model.options
        table.add_row(
            model.name,
            str(model.version),
            options.runtime,
            options.device,
            str(options.instances),
            options.precision,
        )
    Console().print(table)


@contextmanager
def _repository_errors() -> Iterator[None]:
    try:
        yield
    except RepositoryError as error:
        raise FailedPrecondition(str(error), reason=error.reason) from error
