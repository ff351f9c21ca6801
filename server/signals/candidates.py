"""What the table takes of merged candidates: any value with these fields will do."""

from __future__ import annotations

from typing import Protocol

from server.arrays import Float32Array, Int32Array


class Candidates(Protocol):
    """n candidates as rows of a reader, with what each view said of them.

    ``rows`` is int32 (n,), similarities and scores float32 (n,).
    """

    @property
    def rows(self) -> Int32Array:
        """Rows of the reader that gathers."""

    @property
    def text_similarity(self) -> Float32Array:
        """Cosine with the product's text vector, NaN without one."""

    @property
    def image_similarity(self) -> Float32Array:
        """Cosine with the product's picture vector, NaN without one."""

    @property
    def lexical_score(self) -> Float32Array:
        """BM25 score of the query's words, NaN without words."""
