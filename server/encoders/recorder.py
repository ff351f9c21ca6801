"""Remembers the last requests that were really encoded, to warm the next bundle with."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from server.arrays import UInt8Array

TEXTS = 256
PICTURES = 8


class RequestRecorder:
    """The last distinct texts and a few prepared pictures, in memory alone. Any thread.

    Texts mean the same to every bundle; pictures are prepared for the towers of one size.
    """

    def __init__(self, *, texts: int = TEXTS, pictures: int = PICTURES) -> None:
        self._most_texts = texts
        self._texts: OrderedDict[str, None] = OrderedDict()
        self._pictures: deque[UInt8Array] = deque(maxlen=pictures)
        self._lock = threading.Lock()

    def text(self, text: str) -> None:
        """Remember a text; the one asked longest ago makes room."""
        with self._lock:
            self._texts[text] = None
            self._texts.move_to_end(text)
            if len(self._texts) > self._most_texts:
                self._texts.popitem(last=False)

    def picture(self, pixels: UInt8Array) -> None:
        """Remember a copy of a prepared picture uint8 (h, w, 3)."""
        kept = pixels.copy()
        with self._lock:
            self._pictures.append(kept)

    def texts(self) -> tuple[str, ...]:
        """What was asked, the latest last."""
        with self._lock:
            return tuple(self._texts)

    def pictures(self, *, height: int, width: int) -> tuple[UInt8Array, ...]:
        """The pictures that fit a tower of that size, the latest last."""
        with self._lock:
            return tuple(each for each in self._pictures if each.shape == (height, width, 3))
