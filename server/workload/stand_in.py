"""Contents in place of what a recording did not keep, so that its requests can be asked again."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
from omnishelf.v1 import search_service_pb2 as pb
from PIL import Image

from server.workload.line import Absent, LineRefused, QuestionLine

StandIn = Callable[[Absent], bytes]
"""Bytes for a picture or sound of that size; raises LineRefused where it has none."""

_MOST_PIXELS: Final = 50_000_000
_COARSE: Final = 24
_QUALITY: Final = 85


def filled(line: QuestionLine, *, stand_in: StandIn) -> pb.SearchProductsRequest:
    """The request with every part that is absent given a content of the same size.

    Vectors are drawn here, the same ones each time; all else comes from ``stand_in``.

    Raises:
        LineRefused: ``ABSENT_INVALID`` where there is no such part, or what ``stand_in`` raises.
    """
    request = pb.SearchProductsRequest()
    request.CopyFrom(line.request)
    seed = zlib.crc32(line.request.SerializeToString(deterministic=True))
    for absent in line.absent:
        if not 0 <= absent.part < len(request.query):
            description = f"part {absent.part} of the query is absent, and there is no such part"
            raise LineRefused("ABSENT_INVALID", description)
        part = request.query[absent.part]
        if absent.content == "vector":
            random = np.random.default_rng([seed, absent.part])
            part.vector.values.extend(random.standard_normal(absent.size).tolist())
        else:
            setattr(part, absent.content, stand_in(absent))
    return request


def painted(absent: Absent) -> bytes:
    """A JPEG of soft blotches of the same width and height: it costs a server what a photo does.

    It is a `StandIn` for those who have no photographs; of pictures alone.

    Raises:
        LineRefused: ``ABSENT_UNKNOWN``, it is no picture; ``ABSENT_INVALID``, it has no size or one
            that no server takes.
    """
    check_picture(absent)
    random = np.random.default_rng([absent.width, absent.height, absent.size])
    coarse = random.integers(0, 256, (_COARSE, _COARSE, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((absent.width, absent.height))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def check_picture(absent: Absent) -> None:
    """Refuse what is no picture, or none of a size that servers take; raises as `painted` does."""
    if absent.content != "image":
        description = f"there is nothing to stand in for {absent.content} that was not kept"
        raise LineRefused("ABSENT_UNKNOWN", description)
    if not 0 < absent.width * absent.height <= _MOST_PIXELS:
        description = f"no picture is {absent.width} by {absent.height} pixels"
        raise LineRefused("ABSENT_INVALID", description)
