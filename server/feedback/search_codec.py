"""What was shown and ranked, as bytes and back: the same bits, whatever they say.

A payload is one byte with the version, then zlib of: the length of a header (4 bytes, little
endian), the header (JSON), and the arrays one after the other. The header holds the values as a
tree in which ``{"a": i}`` stands for array i, ``{"t": [...]}`` for a tuple, ``{"d": {...}}`` for a
dictionary and ``{"o": {...}}`` for one of our values with its fields. Floats are arrays of float64
without an axis, for JSON has no NaN. Nothing in a payload is executed.
"""

from __future__ import annotations

import functools
import json
import struct
import zlib
from dataclasses import dataclass, fields, is_dataclass
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ranker.columns import (
    AffinityField,
    CandidateColumns,
    Float32Array,
    PersonFacts,
    QueryFacts,
    TermColumn,
    TermField,
)
from server.errors import DataCorrupted
from server.feedback.search_record import RankedColumns

_VERSION: Final = 1
_LEVEL: Final = 1
_MOST_BYTES: Final = 256 * 2**20
"""Of one payload unpacked: more is no search of ours."""

_Array = npt.NDArray[np.generic]
_KINDS: Final = (RankedColumns, QueryFacts, PersonFacts, CandidateColumns, TermColumn)
_BY_NAME: Final = {kind.__name__: kind for kind in _KINDS}
_KEYS: Final[dict[str, type[AffinityField | TermField]]] = {
    "affinities": AffinityField,
    "terms": TermField,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a payload holds, as `server.feedback.search_record.SearchRecord` has it."""

    shown: tuple[str, ...]
    features: Float32Array
    ranked: RankedColumns | None


def encode(payload: Payload) -> bytes:
    """The payload as bytes."""
    arrays: list[_Array] = []
    header = {
        "layout": layout(),
        "shown": list(payload.shown),
        "features": _to_tree(payload.features, arrays),
        "ranked": _to_tree(payload.ranked, arrays),
    }
    header["arrays"] = [[each.dtype.str, list(each.shape)] for each in arrays]
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    packer = zlib.compressobj(_LEVEL)
    parts = [bytes([_VERSION]), packer.compress(struct.pack("<I", len(head)) + head)]
    parts += [
        packer.compress(np.ascontiguousarray(each).data.cast("B")) for each in arrays if each.size
    ]
    return b"".join([*parts, packer.flush()])


def decode(data: bytes) -> Payload:
    """What `encode` was given; without the columns where a release with other columns wrote them.

    Raises:
        DataCorrupted: the bytes are no payload, or of a version that this release cannot read.
    """
    try:
        return _decoded(data)
    except (zlib.error, ValueError, KeyError, TypeError, IndexError, struct.error) as error:
        message = (
            "a recorded search cannot be read: it is damaged, or a later release wrote it; others "
            "are not touched by it, and it is erased with age"
        )
        raise DataCorrupted(message, reason="SEARCH_PAYLOAD") from error


@functools.cache
def layout() -> list[str]:
    """Names of all fields that the columns have in this release."""
    return [f"{kind.__name__}.{each.name}" for kind in _KINDS for each in fields(kind)]


def _decoded(data: bytes) -> Payload:
    if data[:1] != bytes([_VERSION]):
        raise ValueError("another version")
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(data[1:], _MOST_BYTES)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("cut off, or too long")
    (length,) = struct.unpack_from("<I", body)
    header = json.loads(body[4 : 4 + length])
    arrays = _arrays(header["arrays"], body, start=4 + length)
    ranked = _from_tree(header["ranked"], arrays) if header["layout"] == layout() else None
    return Payload(
        shown=tuple(header["shown"]), features=_from_tree(header["features"], arrays), ranked=ranked
    )


def _arrays(described: list[tuple[str, list[int]]], body: bytes, *, start: int) -> list[_Array]:
    found: list[_Array] = []
    for name, shape in described:
        dtype = np.dtype(name)
        if dtype.kind not in "fiub" or min(shape, default=0) < 0:
            raise ValueError("no array of numbers")
        size = prod(shape)
        # A copy: what is read may be written to, and does not keep the whole payload in memory.
        found.append(np.frombuffer(body, dtype, size, start).reshape(shape).copy())
        start += size * dtype.itemsize
    if start != len(body):
        raise ValueError("more or fewer bytes than arrays")
    return found


def _to_tree(value: object, arrays: list[_Array]) -> object:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (np.ndarray, np.generic, float)):
        arrays.append(np.asarray(value))
        return {"f" if isinstance(value, float) else "a": len(arrays) - 1}
    if isinstance(value, tuple):
        return {"t": [_to_tree(each, arrays) for each in value]}
    if isinstance(value, dict):
        return {"d": {str(key): _to_tree(each, arrays) for key, each in value.items()}}
    if is_dataclass(value) and type(value) in _KINDS:
        tree = {each.name: _to_tree(getattr(value, each.name), arrays) for each in fields(value)}
        return {"o": tree, "kind": type(value).__name__}
    raise TypeError(f"{type(value).__name__} is no part of a search")


def _from_tree(tree: Any, arrays: list[_Array]) -> Any:  # noqa: ANN401 - a tree of JSON
    if not isinstance(tree, dict):
        return tree
    if "a" in tree:
        return arrays[tree["a"]]
    if "f" in tree:
        return float(arrays[tree["f"]])
    if "t" in tree:
        return tuple(_from_tree(each, arrays) for each in tree["t"])
    if "d" in tree:
        return {key: _from_tree(each, arrays) for key, each in tree["d"].items()}
    values = {name: _from_tree(each, arrays) for name, each in tree["o"].items()}
    for name, kind in _KEYS.items():
        if isinstance(values.get(name), dict):
            values[name] = {kind(key): each for key, each in values[name].items()}
    return _BY_NAME[tree["kind"]](**values)
