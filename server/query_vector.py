"""The parts of a query to one unit vector: pictures decoded, towers run, examples looked up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exporter.spec import Manifest
from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.encoders.fuse import fuse
from server.encoders.image import PictureError, prepare_picture
from server.encoders.protocol import Encoder
from server.errors import InvalidRequest, NotFound, Violation
from server.query import PicturePart, ProductPart, QueryPart, TextPart, VectorPart
from server.signals.reader import TableReader
from server.stages import StageClock


def decode_pictures(parts: Sequence[QueryPart], manifest: Manifest) -> UInt8Array | None:
    """Pixels uint8 (k, h, w, 3) of the k picture parts in their order; None without any.

    Raises:
        InvalidRequest: With one violation for each picture that cannot be taken.
    """
    pictures = [part for part in parts if isinstance(part, PicturePart)]
    if not pictures or manifest.image is None:
        return None
    pixels, violations = [], []
    for part in pictures:
        try:
            pixels.append(prepare_picture(part.data, manifest.image))
        except PictureError as error:
            violations.append(
                Violation(field=part.field, reason=error.reason, description=str(error))
            )
    if violations:
        raise InvalidRequest(violations)
    return np.stack(pixels)


def encode_parts(
    parts: Sequence[QueryPart],
    pixels: UInt8Array | None,
    *,
    encoder: Encoder,
    reader: TableReader,
    deadline: Deadline,
    clock: StageClock | None = None,
) -> Float32Array:
    """The fused unit vector (d,) of all parts; towers run once for each modality.

    Raises:
        InvalidRequest: An example is not in the catalog, a vector is of another bundle's width, or
            the parts cancel out.
        FailedPrecondition: There are pictures and the bundle has no image tower.
        Unavailable, DeadlineExceeded: As `Encoder` says.
    """
    vectors = np.empty((len(parts), encoder.manifest.dimension), np.float32)
    texts = [place for place, part in enumerate(parts) if isinstance(part, TextPart)]
    if texts:
        words = [part.text for part in parts if isinstance(part, TextPart)]
        vectors[texts] = encoder.encode_texts(words, deadline=deadline, clock=clock)
    pictures = [place for place, part in enumerate(parts) if isinstance(part, PicturePart)]
    if pictures:
        decoded = np.empty((0, 1, 1, 3), np.uint8) if pixels is None else pixels
        vectors[pictures] = encoder.encode_pictures(decoded, deadline=deadline, clock=clock)
    for place, part in enumerate(parts):
        if isinstance(part, VectorPart):
            vectors[place] = _given(part, dimension=encoder.manifest.dimension)
        elif isinstance(part, ProductPart):
            vectors[place] = _example(part, reader)
    weights = np.array([part.weight for part in parts], np.float32)
    return fuse(vectors, weights)


def _given(part: VectorPart, *, dimension: int) -> Float32Array:
    """The vector as a unit one.

    It was checked when the request came in; the catalog may be another bundle's by now.
    """
    if len(part.vector) != dimension:
        description = (
            f"it has {len(part.vector)} components; the catalog's bundle takes {dimension}"
        )
        violation = Violation(field=part.field, reason="VECTOR_WRONG_SIZE", description=description)
        raise InvalidRequest([violation])
    unit: Float32Array = part.vector / np.linalg.norm(part.vector)
    return unit


def _example(part: ProductPart, reader: TableReader) -> Float32Array:
    try:
        return reader.stored_vector(part.product_id)
    except NotFound as error:
        raise InvalidRequest(
            [Violation(field=part.field, reason=error.reason, description=error.message)]
        ) from error
