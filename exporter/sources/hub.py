"""Where a source lies: a directory of this machine, or a model of the hub brought into a cache."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # passes HTTPError on
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    IncompleteSnapshotError,
    OfflineModeIsEnabled,
)
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from exporter.sources.errors import SourceError

_HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
# Settings, tokenizers and safetensors; nothing that has to be run to be read.
TAKEN = (
    "*.json", "*.safetensors", "*.spm", "spiece.model", "tokenizer.model", "vocab.txt",
    "merges.txt", "bpe_simple_vocab_16e6.txt.gz", "README.md",
)  # fmt: skip
_LEFT = ("*/*",)  # other formats of the same weights lie in folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A model's files, and what they are called: ``revision`` is empty for a plain directory."""

    directory: Path
    name: str
    revision: str = ""


def locate(source: str, *, cache: Path | None = None) -> Origin:
    """Find a directory, or download a hub id (``org/name`` or ``org/name@revision``).

    What is already in ``cache`` (None: the hub's own default) is not downloaded again, and is used
    when the hub cannot be reached.

    Raises:
        SourceError: ``SOURCE_NOT_FOUND``.
    """
    directory = Path(source).expanduser()
    if directory.is_dir():
        return Origin(directory=directory, name=directory.resolve().name)
    match = _HUB_ID.fullmatch(source)
    if match is None or directory.exists():
        message = (
            f"{source} is neither a directory nor a hub id; name a model's directory, an id such "
            "as org/name or org/name@revision, or openclip:CONFIG.json with a checkpoint"
        )
        raise SourceError(message, reason="SOURCE_NOT_FOUND")
    try:
        snapshot = _download(match["id"], match["revision"], cache)
    except (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        IncompleteSnapshotError,
        OfflineModeIsEnabled,
        HTTPError,
        OSError,
    ) as error:
        message = (
            f"{source} is no directory here, and the hub did not give it ({type(error).__name__}); "
            "name the directory of a downloaded model, or check the id and the network"
        )
        raise SourceError(message, reason="SOURCE_NOT_FOUND") from error
    # The hub names a snapshot's folder by its commit, which says more than the name of a branch.
    return Origin(directory=snapshot, name=match["id"], revision=snapshot.name)


def _download(repository: str, revision: str | None, cache: Path | None) -> Path:
    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision,
                cache_dir=cache,
                allow_patterns=list(TAKEN),
                ignore_patterns=list(_LEFT),
            )
        )
    finally:
        if shown:
            enable_progress_bars()
