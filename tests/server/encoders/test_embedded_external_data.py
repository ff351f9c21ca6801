"""A bundle whose tower names weights outside itself is refused by the server, without onnx."""

from __future__ import annotations

import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exporter.spec import STARTER_DIRECTORY, file_record, load_manifest, write_manifest
from server.encoders.embedded import EmbeddedEncoder
from server.errors import DataCorrupted


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protobuf message: a varint, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    if value < 128:
        return struct.pack("B", value)
    return struct.pack("B", value & 127 | 128) + varint(value >> 7)


def value_info(name: str, kind: int, *sizes: int) -> bytes:
    """ValueInfoProto of a tensor; a size of 0 is the dynamic axis ``n``."""
    axes = b"".join(field(1, field(1, size) if size else field(2, "n")) for size in sizes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, axes)))


def image_tower(location: str, *, height: int, width: int, dimension: int) -> bytes:
    """ModelProto whose embedding is a vector of weights that lie at ``location``."""
    external = field(13, field(1, "location") + field(2, location)) + field(14, 1)
    weight = field(1, 1) + field(1, dimension) + field(2, 1) + field(8, "w") + external
    node = field(1, "w") + field(2, "embedding") + field(4, "Identity")
    graph = (
        field(1, node)
        + field(2, "g")
        + field(5, weight)
        + field(11, value_info("pixels", 2, 0, height, width, 3))
        + field(12, value_info("embedding", 1, 1, dimension))
    )
    return field(1, 9) + field(7, graph) + field(8, field(2, 20))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The starter, beside a file of weights that belongs to somebody else."""
    copied = Path(shutil.copytree(STARTER_DIRECTORY, tmp_path / "bundle"))
    dimension = load_manifest(copied).dimension
    vector = np.full(dimension, dimension**-0.5, np.float32)
    for path in (tmp_path / "secret.data", copied / "inside.data"):
        path.write_bytes(vector.tobytes())
    (copied / "link.data").symlink_to(tmp_path / "secret.data")
    return copied


def point(bundle: Path, location: str) -> None:
    manifest = load_manifest(bundle)
    image = manifest.image
    assert image is not None
    tower = image_tower(
        location, height=image.height, width=image.width, dimension=manifest.dimension
    )
    (bundle / image.file).write_bytes(tower)
    record = file_record(bundle / image.file)
    write_manifest(bundle, replace(manifest, files={**manifest.files, image.file: record}))


def test_weights_inside_the_bundle_are_taken(bundle: Path) -> None:
    # So that what is refused below is refused for its path alone.
    point(bundle, "inside.data")
    EmbeddedEncoder(bundle, threads=1).close()


@pytest.mark.parametrize(
    "location", ["../secret.data", "text/../../secret.data", "{root}/secret.data", "link.data"]
)
def test_weights_outside_the_bundle_are_refused(bundle: Path, location: str) -> None:
    point(bundle, location.format(root=bundle.parent))
    with pytest.raises(DataCorrupted) as refused:
        EmbeddedEncoder(bundle, threads=1)
    assert refused.value.reason == "BUNDLE_UNPARSABLE"
