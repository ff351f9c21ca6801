"""What Chroma is asked and answers, and that its absence is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import chroma as peer
from server.errors import FailedPrecondition


def test_a_query_asks_for_ids_and_distances_alone() -> None:
    said = json.loads(peer.query(np.array([0.5, -1], np.float32), limit=3))
    assert said == {"query_embeddings": [[0.5, -1.0]], "n_results": 3, "include": ["distances"]}


def test_where_it_is_not_installed_the_remedy_is_said(tmp_path: Path) -> None:
    vectors = np.eye(2, dtype=np.float32)
    with (
        pytest.raises(FailedPrecondition, match="make peers"),
        peer.chroma(["a", "b"], vectors, folder=tmp_path, environment=tmp_path),
    ):
        pass


@pytest.mark.skipif(not peer.ENVIRONMENT.is_dir(), reason="no .venv-peers; make peers")
def test_the_nearest_are_found(tmp_path: Path) -> None:
    vectors = np.eye(3, dtype=np.float32)
    with peer.chroma(["a", "b", "c"], vectors, folder=tmp_path) as served:
        assert served.url.endswith("/query")
