"""What a source is, and who loads it: a directory, a hub id, or an OpenCLIP configuration."""

from __future__ import annotations

import re
from pathlib import Path

from exporter.sources.errors import SourceError
from exporter.sources.hub import Origin, locate
from exporter.sources.model import LoadedModel
from exporter.sources.openclip import CONFIG_NAME, load_openclip
from exporter.sources.transformers_model import load_transformers

OPENCLIP_PREFIX = "openclip:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_LISTED = 8


def load_source(
    source: str,
    *,
    cache: Path | None = None,
    checkpoint: Path | None = None,
    name: str | None = None,
) -> LoadedModel:
    """Load the model that ``source`` names, in float32 and for evaluation.

    Args:
        source: a directory as `transformers` or OpenCLIP writes it; a hub id, ``org/name`` or
            ``org/name@revision``; or ``openclip:CONFIG.json``.
        cache: where the hub's files are kept, and the wheel of OpenCLIP's vocabulary.
        checkpoint: the weights of an OpenCLIP model, where they lie apart from its configuration.
        name: what the model is to be called; None: as its directory or its repository is.

    Raises:
        SourceError: see there.
    """
    if name is not None and not _NAME.fullmatch(name):
        message = f"{name!r} cannot name a bundle; use letters, digits, '-', '_' and '.'"
        raise SourceError(message, reason="SOURCE_NAME")
    if source.startswith(OPENCLIP_PREFIX):
        return _openclip_file(source, cache=cache, checkpoint=checkpoint, name=name)
    origin = locate(source, cache=cache)
    name = name or _named(origin.name)
    if (origin.directory / CONFIG_NAME).is_file() and (
        checkpoint is not None or not _is_transformers(origin.directory)
    ):
        return load_openclip(
            origin.directory / CONFIG_NAME,
            origin=origin,
            checkpoint=checkpoint,
            cache=cache,
            name=name,
        )
    if checkpoint is not None:
        message = (
            f"{source} brings its own weights; a checkpoint goes with an OpenCLIP directory or "
            "with openclip:CONFIG.json"
        )
        raise SourceError(message, reason="SOURCE_UNSUPPORTED")
    if not (origin.directory / "config.json").is_file():
        _refuse_directory(origin)
    return load_transformers(origin, name=name)


def _openclip_file(
    source: str, *, cache: Path | None, checkpoint: Path | None, name: str | None
) -> LoadedModel:
    config = Path(source.removeprefix(OPENCLIP_PREFIX)).expanduser()
    if not config.is_file():
        message = f"{config} is no file; name an OpenCLIP configuration, such as ViT-B-32.json"
        raise SourceError(message, reason="SOURCE_NOT_FOUND")
    if checkpoint is None:
        message = f"{source} says what the model is, not where its weights are; add a checkpoint"
        raise SourceError(message, reason="SOURCE_NOT_FOUND")
    origin = Origin(directory=config.parent, name=config.stem)
    return load_openclip(
        config,
        origin=origin,
        checkpoint=checkpoint,
        cache=cache,
        name=name or _named(config.stem),
    )


def _is_transformers(directory: Path) -> bool:
    """Tell whether a directory that OpenCLIP can read can be read by `transformers` as well."""
    return (directory / "config.json").is_file() and (directory / "model.safetensors").is_file()


def _named(name: str) -> str:
    """Make a bundle's name of a directory's or repository's.

    >>> _named("openai/clip-vit-base-patch32")
    'clip-vit-base-patch32'
    """
    kept = _NOT_IN_NAMES.sub("-", name.rsplit("/", 1)[-1]).strip("-_.")
    return kept or "model"


def _refuse_directory(origin: Origin) -> None:
    held = sorted(path.name for path in origin.directory.iterdir())
    listed = ", ".join(held[:_LISTED]) + (", …" if len(held) > _LISTED else "")
    message = (
        f"{origin.directory} holds no model but {listed or 'nothing'}; expected are config.json, "
        f"model.safetensors and a tokenizer's files, or {CONFIG_NAME} and its weights"
    )
    raise SourceError(message, reason="SOURCE_NOT_A_MODEL")
