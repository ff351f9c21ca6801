"""A real server in a process of its own."""

from pathlib import Path

import pytest

from benchmarks.load.grpc_target import port_accepts
from benchmarks.served import indexed, served
from server.errors import FailedPrecondition, Unavailable


def test_a_server_answers_while_the_block_lasts(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        assert port_accepts(running.address)
        assert running.products == {}
        memory = running.memory()
        assert memory["server_mb"] > 10
        assert memory["total_mb"] >= memory["server_mb"]
    assert not port_accepts(running.address)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    flags = ["--bundle", str(tmp_path / "absent")]
    with pytest.raises(Unavailable, match="absent"), served(tmp_path / "data", flags=flags):
        pass


def test_a_catalogue_that_is_none_says_why(tmp_path: Path) -> None:
    empty = tmp_path / "catalog.jsonl"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(FailedPrecondition, match=r"catalog\.jsonl"), indexed(empty, catalog="c"):
        pass
