"""The encoder bundle: what its manifest says, how it is read, written and verified.

A bundle is one directory: ONNX towers, their tokenizers, and ``manifest.json`` with the
preprocessing parameters, the embedding dimension, and the SHA-256 of every file. Everything
that encodes (the exporter, the server in-process, Triton's repository writer) reads bundles
through this module, so a bundle means the same thing everywhere. Standard library only.

Tower contracts, for every bundle:

========  ==========================================================  ========================
tower     inputs                                                      output
========  ==========================================================  ========================
text      ``input_ids`` int64 (n, t), ``attention_mask`` int64 (n, t)  ``embedding`` float32 (n, d)
image     ``pixels`` uint8 (n, h, w, 3), RGB                           ``embedding`` float32 (n, d)
========  ==========================================================  ========================

``n`` and ``t`` are dynamic. Rows of ``embedding`` are finite and have unit Euclidean norm.
Normalisation of pixels, pooling and the unit norm happen inside the graph.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1
_ADDED = frozenset(
    {"padding", "pad_id", "cleaning", "shortest_edge", "crop_offset", "transparency"}
)
STARTER_DIRECTORY = Path(__file__).parent / "starter"


class BundleError(Exception):
    """A bundle cannot be used. ``reason`` is stable; the message says what to do."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """Identity of one file of a bundle: SHA-256 in hex and size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a part of the bundle came from, and under which licence it may be passed on."""

    name: str
    version: str
    sha256: str
    licence: str
    used_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTower:
    """One text tower. ``scripts`` are Unicode script names; ``["*"]`` answers any text.

    Towers are asked in the manifest's order: the first whose scripts occur in the text encodes it.
    Texts longer than ``max_tokens`` are truncated by the tokenizer. ``padding``: ``longest`` pads
    to the longest text of a batch, ``fixed`` to ``max_tokens`` always, for towers that were trained
    without a mask; either way with ``pad_id``. ``cleaning``: ``canonical`` gives the tokenizer the
    text as `server.encoders.text.canonical` leaves it, ``verbatim`` as the shopper typed it, for
    tokenizers that bring a normalizer of their own.
    """

    file: str
    tokenizer: str
    max_tokens: int
    scripts: tuple[str, ...] = ("*",)
    padding: Literal["longest", "fixed"] = "longest"
    pad_id: int = 0
    cleaning: Literal["canonical", "verbatim"] = "canonical"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTower:
    """The image tower and how a picture becomes its pixels.

    ``fit``: ``pad`` keeps the whole picture on a ``fill`` background; ``crop`` brings the shorter
    side to ``shortest_edge`` (None: the larger of height and width), the longer one to
    ``int(shortest_edge * longer / shorter)``, and keeps the centre; ``stretch`` ignores the aspect
    ratio. Where an odd number of pixels is cropped, ``crop_offset`` says how half of it is rounded:
    ``floor`` as Hugging Face does, ``half_even`` as torchvision does. ``resample`` is a Pillow
    filter name in lower case. ``transparency``: ``fill`` lays the picture on ``fill``, ``drop``
    forgets the alpha channel, as the reference processors of CLIP-like models do.
    """

    file: str
    height: int
    width: int
    fit: Literal["pad", "crop", "stretch"] = "pad"
    resample: Literal["bilinear", "bicubic", "lanczos"] = "bilinear"
    fill: tuple[int, int, int] = (255, 255, 255)
    shortest_edge: int | None = None
    crop_offset: Literal["floor", "half_even"] = "floor"
    transparency: Literal["fill", "drop"] = "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything a server needs to know about a bundle before it opens a tower.

    ``id`` is ``{name}_{hash}``: it changes with any file and any parameter that shapes vectors.
    """

    name: str
    version: str
    dimension: int
    text: tuple[TextTower, ...]
    image: ImageTower | None
    files: dict[str, FileRecord]
    lexicon: str | None = None
    sources: tuple[Source, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT_VERSION
    id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the bundle by what shapes its vectors."""
        shape = {
            "dimension": self.dimension,
            "text": [_shape(tower) for tower in self.text],
            "image": _shape(self.image) if self.image else None,
            "files": {name: record.sha256 for name, record in sorted(self.files.items())},
        }
        digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()
        object.__setattr__(self, "id", f"{self.name}_{digest[:8]}")


def model_name(bundle_id: str, file: str) -> str:
    """Name of a tower in a Triton model repository, where many bundles stand side by side.

    >>> model_name("starter_9b46f0c8", "text_en.onnx")
    'starter_9b46f0c8_text_en'
    """
    return f"{bundle_id}_{PurePosixPath(file).stem}"


def file_record(path: Path) -> FileRecord:
    """Hash a file without reading it whole into memory."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileRecord(sha256=digest, bytes=path.stat().st_size)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` in one step, so that a reader never sees half of it."""
    document = {"id": manifest.id} | asdict(manifest)
    temporary = directory / f".{MANIFEST_NAME}.part"
    temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(directory / MANIFEST_NAME)


def read_manifest(directory: Path) -> Manifest:
    """Read a bundle's manifest without touching its other files.

    Raises:
        BundleError: ``BUNDLE_NOT_FOUND``, ``BUNDLE_MALFORMED`` or ``BUNDLE_FORMAT``.
    """
    path = directory / MANIFEST_NAME
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        message = (
            f"{directory} holds no {MANIFEST_NAME}; name a bundle written by `omnishelf export`"
        )
        raise BundleError(message, reason="BUNDLE_NOT_FOUND") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        message = f"{path} cannot be read ({error}); export the bundle again"
        raise BundleError(message, reason="BUNDLE_MALFORMED") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT_VERSION:
        message = f"{path} is not of format {FORMAT_VERSION}; export the bundle with this release"
        raise BundleError(message, reason="BUNDLE_FORMAT")
    try:
        manifest = _parse(document)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} lacks or misspells a field ({error}); export the bundle again"
        raise BundleError(message, reason="BUNDLE_MALFORMED") from error
    if document.get("id") != manifest.id:
        message = f"{path} was edited: its id does not follow from its contents; export it again"
        raise BundleError(message, reason="BUNDLE_MALFORMED")
    return manifest


def verify_files(
    directory: Path, manifest: Manifest, *, only: Collection[str] | None = None
) -> None:
    """Compare every file, or those named in ``only``, with its recorded size and SHA-256.

    Raises:
        BundleError: ``BUNDLE_HASH`` naming the first file that is missing, outside the bundle, or
            not what the manifest says.
    """
    for name, expected in manifest.files.items():
        if only is not None and name not in only:
            continue
        path = directory / name
        if not path.resolve().is_relative_to(directory.resolve()):
            raise BundleError(f"{name} points outside the bundle {directory}", reason="BUNDLE_HASH")
        if not path.is_file():
            message = f"{path} is missing; copy the whole bundle or export it again"
            raise BundleError(message, reason="BUNDLE_HASH")
        if file_record(path) != expected:
            message = f"{path} fails its hash; copy the bundle again or export it again"
            raise BundleError(message, reason="BUNDLE_HASH")


def load_manifest(directory: Path) -> Manifest:
    """Read and verify: the manifest of a bundle whose files are what it says they are."""
    manifest = read_manifest(directory)
    verify_files(directory, manifest)
    return manifest


def _shape(tower: TextTower | ImageTower) -> dict[str, Any]:
    """Give the parameters that shape vectors; those at a later addition's default are left out.

    So a bundle keeps the id it had before this release knew the addition.
    """
    return {
        name: value
        for name, value in asdict(tower).items()
        if name not in _ADDED or value != type(tower).__dataclass_fields__[name].default
    }


def _parse(document: dict[str, Any]) -> Manifest:
    image = document["image"]
    return Manifest(
        name=document["name"],
        version=document["version"],
        dimension=int(document["dimension"]),
        text=tuple(
            TextTower(**{**tower, "scripts": tuple(tower["scripts"])}) for tower in document["text"]
        ),
        image=ImageTower(**{**image, "fill": tuple(image["fill"])}) if image else None,
        files={name: FileRecord(**record) for name, record in document["files"].items()},
        lexicon=document["lexicon"],
        sources=tuple(Source(**source) for source in document["sources"]),
        training=document["training"],
    )
