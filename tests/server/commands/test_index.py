"""`omnishelf index` from the command line to the catalog, in this process and through a server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from server.app import App, build_app
from server.cli import main
from server.sample_shop.generate import SampleShop, write_sample_shop
from server.settings import load_settings

PRODUCTS = 12


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    return write_sample_shop(tmp_path_factory.mktemp("shop"), seed=5, products=PRODUCTS)


@pytest.fixture(scope="module")
def mixed(shop: SampleShop) -> Path:
    """The sample shop with seven bad rows between its products."""
    lines = shop.catalog.read_text("utf-8").splitlines()
    good = json.loads(lines[0])
    folder = shop.catalog.parent
    (folder / "images" / "cut.png").write_bytes((folder / good["image"]).read_bytes()[:300])
    (folder / "images" / "page.png").write_bytes(b"%PDF-1.7\n")
    bad = [
        "not json",
        json.dumps(good),
        json.dumps(good | {"id": ""}),
        json.dumps(good | {"id": "free", "price": None}),
        json.dumps(good | {"id": "negative", "price": -1}),
        json.dumps(good | {"id": "cut", "image": "images/cut.png"}),
        json.dumps(good | {"id": "page", "image": "images/page.png"}),
    ]
    path = folder / "mixed.jsonl"
    path.write_text("\n".join([*lines[:6], *bad, *lines[6:]]), "utf-8")
    return path


REJECTED = [
    (7, "row", "ROW_NOT_JSON"),
    (8, "id", "ID_REPEATED"),
    (9, "id", "ID_MISSING"),
    (10, "price", "PRICE_MISSING"),
    (11, "price", "OUT_OF_RANGE"),
    (12, "image", "PICTURE_TRUNCATED"),
    (13, "image", "PICTURE_FORMAT"),
]


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def counts(data: Path) -> dict[str, int]:
    with build_app(load_settings(flags={"data": data})) as app:
        return app.counts()


def reported(path: Path) -> list[tuple[int, str, str]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return sorted(
        (line["row"], violation["field"], violation["reason"])
        for line in lines
        for violation in line["violations"]
    )


def test_good_rows_are_written_and_bad_ones_reported(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, report = tmp_path / "data", tmp_path / "report.jsonl"
    command = ("index", mixed, "--catalog", "shop", "--data", data, "--report", report, "--json")
    for _ in range(2):  # run again, the same is there, and not twice
        assert run(*command) == 0
        printed = json.loads(capsys.readouterr().out)
        assert (printed["rows"], printed["written"], printed["rejected"]) == (19, PRODUCTS, 7)
        assert reported(report) == REJECTED
        assert counts(data) == {"shop": PRODUCTS}
    assert printed["reasons"]["ID_REPEATED"] == 1
    assert [row["row"] for row in printed["first_rejected"]] == list(range(7, 14))


def test_the_table_says_what_to_do(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("index", mixed, "--data", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "12 of 19 rows are in catalog default" in printed
    for _, _, reason in REJECTED:
        assert reason in printed.replace("\n", "")


def test_replace_drops_what_the_file_lacks(shop: SampleShop, mixed: Path, tmp_path: Path) -> None:
    fewer = mixed.with_name("fewer.jsonl")
    fewer.write_text("\n".join(shop.catalog.read_text("utf-8").splitlines()[:4]), "utf-8")
    assert run("index", mixed, "--data", tmp_path) == 0
    assert run("index", fewer, "--data", tmp_path) == 0
    assert counts(tmp_path) == {"default": PRODUCTS}
    assert run("index", fewer, "--data", tmp_path, "--replace") == 0
    assert counts(tmp_path) == {"default": 4}


@pytest.mark.parametrize("options", [(), ("--replace",)])
def test_nothing_written_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text('{"id": "a"}\n{"title": "Mug"}\n')
    assert run("index", path, "--data", tmp_path / "data", *options) == 1
    assert "0 of 2 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "there is no file"),
        (["."], "is a folder"),
        (["empty.jsonl"], "holds no rows"),
        (["catalog.xlsx"], "write it as one of them"),
        (["catalog.jsonl", "--map", "titel=title"], "did you mean title?"),
        (["catalog.jsonl", "--map", "title=nmae"], "did you mean name?"),
        (["catalog.jsonl", "--allow-missing", "title"], "cannot be missing"),
        (["catalog.jsonl", "--catalog", "1 shop"], "starts with a letter"),
        (["catalog.jsonl", "--report", "no/such/folder.jsonl"], "cannot be written"),
        (["catalog.jsonl", "--bundle", "none"], "none"),
    ],
)
def test_what_was_asked_wrongly_leaves_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "catalog.xlsx").write_bytes(b"PK")
    (tmp_path / "catalog.jsonl").write_text('{"id": "a", "name": "Mug"}')
    assert run("index", *arguments) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("data/*.db"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[App]:
    flags = {"data": tmp_path / "served", "server.port": 0}
    with build_app(load_settings(flags=flags)) as app:
        yield app


def test_a_server_that_was_named_takes_the_products(
    mixed: Path, served: App, tmp_path: Path
) -> None:
    report = tmp_path / "report.jsonl"
    address = served.start()
    command = ("index", mixed, "--server", address, "--catalog", "far", "--report", report)
    assert run(*command, "--data", tmp_path / "unused") == 0
    assert served.counts() == {"far": PRODUCTS}
    assert reported(report) == REJECTED
    assert not (tmp_path / "unused").exists()


def test_a_server_that_runs_on_the_data_directory_takes_the_products(
    mixed: Path, served: App, capsys: pytest.CaptureFixture[str]
) -> None:
    served.start()
    assert run("index", mixed, "--data", served.settings.data) == 0
    assert served.counts() == {"default": PRODUCTS}
    fewer = mixed.with_name("fewer.jsonl")
    fewer.write_text("\n".join(mixed.read_text("utf-8").splitlines()[:3]), "utf-8")
    assert run("index", fewer, "--data", served.settings.data, "--replace") == 0
    assert served.counts() == {"default": 3}
    none = mixed.with_name("none.jsonl")
    none.write_text('{"id": "a", "title": " ", "price": 1}\n', "utf-8")
    assert run("index", none, "--data", served.settings.data, "--replace") == 1
    assert served.counts() == {"default": 3}


def test_a_server_that_is_not_there_is_a_failure(
    mixed: Path, silent_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("index", mixed, "--server", f"127.0.0.1:{silent_port}", "--data", tmp_path)
    assert run(*command) == 1
    assert "no server answers" in capsys.readouterr().err


# Waits with its last batch for its end, which otherwise may come after that of the work.
TO_BE_KILLED = """
import threading
from server.cli import main
from server.ingest import batches

whole, committed = batches.commit, []

def commit(catalog, batch):
    committed.append(batch)
    if len(committed) == 4:
        threading.Event().wait()
    whole(catalog, batch)

batches.commit = commit
main()
"""


@pytest.mark.slow
def test_killed_and_run_again_nothing_is_lost_and_nothing_twice(tmp_path: Path) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=6, products=100)
    data = tmp_path / "data"
    arguments = ["index", str(shop.catalog), "--data", str(data)]
    killed = [sys.executable, "-c", TO_BE_KILLED, *arguments]
    command = [sys.executable, "-c", "from server.cli import main; main()", *arguments]
    with subprocess.Popen(killed, start_new_session=True) as child:
        _await_products(data / "products.db", child)
        os.kill(child.pid, signal.SIGKILL)
    survived = _stored(data / "products.db")
    assert 0 < survived < shop.products
    assert subprocess.run(command, check=False).returncode == 0
    assert counts(data) == {"default": shop.products}
    assert _stored(data / "products.db") == shop.products


def _await_products(database: Path, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while not _stored(database):
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def _stored(database: Path) -> int:
    if not database.is_file():
        return 0
    address = f"{database.as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM products").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # the child has not made the table yet
