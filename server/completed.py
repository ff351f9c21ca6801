"""Completes what the views found of the candidates with similarities computed from the table."""

from __future__ import annotations

from dataclasses import replace

from server.arrays import Float32Array
from server.retrieval.merge import MergedCandidates
from server.retrieval.protocol import View
from server.signals.reader import TableReader


def completed(
    merged: MergedCandidates, views: frozenset[View], reader: TableReader, vector: Float32Array
) -> MergedCandidates:
    """Similarities that a view's list did not reach, computed from the table for views asked."""
    text, image = reader.fill_similarities(
        merged.rows,
        vector,
        text_similarity=merged.text_similarity,
        image_similarity=merged.image_similarity,
    )
    return replace(
        merged,
        text_similarity=text if View.TEXT in views else merged.text_similarity,
        image_similarity=image if View.IMAGE in views else merged.image_similarity,
    )
