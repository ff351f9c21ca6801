"""The real Milvus server is built on, ended, started again on what it stored, and searched."""

from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmarks.scale import milvus_server as milvus_server_module
from benchmarks.scale.engines import HNSW
from benchmarks.scale.exact import nearest, recall
from benchmarks.scale.milvus_server import ENVIRONMENT, milvus_server
from benchmarks.scale.server import ServerEngine
from benchmarks.scale.vectors import ShopVectors
from server.encoders.managed_ports import is_free
from server.errors import AlreadyInUse, FailedPrecondition, Unavailable

SHOP = ShopVectors(captions=np.eye(8, 16, dtype=np.float32), products=2_000)
QUERIES = np.eye(8, 16, dtype=np.float32)


def test_without_the_environment_it_says_what_to_run(tmp_path: Path) -> None:
    with (
        pytest.raises(FailedPrecondition, match="make milvus"),
        milvus_server(tmp_path / "data", environment=tmp_path / "none"),
    ):
        pass


@pytest.fixture
def port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else runs on this machine."""
    monkeypatch.setattr(milvus_server_module, "is_free", lambda _: True)


def test_another_milvus_on_the_machine_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "milvus").touch()
    monkeypatch.setattr(milvus_server_module, "is_free", lambda _: False)
    with (
        pytest.raises(AlreadyInUse, match="2380"),
        milvus_server(tmp_path / "data", environment=tmp_path),
    ):
        pass


@pytest.mark.usefixtures("port_is_free")
def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    programs = tmp_path / "bin", tmp_path / "server"
    for folder in programs:
        folder.mkdir()
    order = '{"argv": ["/bin/sh", "-c", "echo no disk; exit 3"], "env": {}, "port": 1}'
    python, server = programs[0] / "python", programs[1] / "milvus"
    python.write_text(f"#!/bin/sh\necho '{order}'\n")
    python.chmod(0o755)
    server.touch()
    with (
        pytest.raises(Unavailable, match=r"exit code 3.*no disk"),
        milvus_server(tmp_path / "data", environment=tmp_path),
    ):
        pass


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT.is_dir(), reason="needs the environment of `make milvus`")
@pytest.mark.skipif(not is_free(2380), reason="another Milvus server runs on this machine")
def test_what_was_built_is_there_after_a_restart(tmp_path: Path) -> None:
    engine = ServerEngine(name="milvus-hnsw", kind=HNSW)
    with engine.session(tmp_path) as session:
        session.build(SHOP)
    with engine.session(tmp_path) as session:
        index = session.open(SHOP.products)
        found = [index.search(query) for query in QUERIES]
        running = [
            each for each in psutil.process_iter(["cmdline"]) if _serves(each, folder=tmp_path)
        ]
    assert recall(found, nearest(SHOP, QUERIES), at=10) > 0.95
    assert index.memory_mb > 50
    assert running
    psutil.wait_procs(running, timeout=10)
    assert not [each for each in running if each.is_running()]


def _serves(process: psutil.Process, *, folder: Path) -> bool:
    """Whether a process is the server whose working folder this is."""
    try:
        return process.name() == "milvus" and Path(process.cwd()) == folder
    except psutil.Error:
        return False
