"""How often Chinese words are written: the word list of the wordfreq project, read directly.

The list says which words deserve a token of their own and a larger share of the training. It is a
MessagePack file of which only the three kinds of value that occur are read here. Standard library
only.
"""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

from exporter.weights import WORDFREQ, WeightsError, read_member

_MEMBER = "wordfreq/data/large_zh.msgpack.gz"
_LARGEST_SMALL_INTEGER = 0x7F


def read_frequencies(*, cache: Path) -> dict[str, float]:
    """Give the share of all words that each word has, simplified characters, lower case.

    Raises:
        WeightsError: the wheel cannot be had, or ``WEIGHTS_MEMBER`` when the list is not in the
            format that this module reads.
    """
    packed = gzip.decompress(read_member(WORDFREQ, _MEMBER, cache=cache))
    header, *bins = _unpack(packed)
    if header != {"format": "cB", "version": 1}:
        message = f"{_MEMBER} has the header {header}; pin the wheel that this release was made for"
        raise WeightsError(message, reason="WEIGHTS_MEMBER")
    # Words stand in bins by centibel: bin k holds those with frequency 10 ** (-k / 100).
    return {word: 10 ** (-place / 100) for place, words in enumerate(bins) for word in words}


def _unpack(packed: bytes) -> list[Any]:
    stream = BytesIO(packed)
    document = _value(stream)
    if not isinstance(document, list):
        message = f"{_MEMBER} is not a list; pin the wheel that this release was made for"
        raise WeightsError(message, reason="WEIGHTS_MEMBER")
    return document


def _value(stream: BytesIO) -> Any:  # noqa: ANN401 - a MessagePack value is a tree of any kind
    """Read one value; the kinds are those of the MessagePack specification."""
    kind = stream.read(1)[0]
    if kind <= _LARGEST_SMALL_INTEGER:
        return kind
    for low, high, sizes, read in (
        (0x80, 0x8F, {}, _map),
        (0x90, 0x9F, {0xDC: 2, 0xDD: 4}, _list),
        (0xA0, 0xBF, {0xD9: 1, 0xDA: 2, 0xDB: 4}, _text),
    ):
        if low <= kind <= high:
            return read(stream, kind - low)
        if kind in sizes:
            return read(stream, int.from_bytes(stream.read(sizes[kind]), "big"))
    message = (
        f"{_MEMBER} holds a value of kind {kind:#x}; pin the wheel that this release was made for"
    )
    raise WeightsError(message, reason="WEIGHTS_MEMBER")


def _map(stream: BytesIO, size: int) -> dict[Any, Any]:
    return {_value(stream): _value(stream) for _ in range(size)}


def _list(stream: BytesIO, size: int) -> list[Any]:
    return [_value(stream) for _ in range(size)]


def _text(stream: BytesIO, size: int) -> str:
    return stream.read(size).decode("utf-8")
