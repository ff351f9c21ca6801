"""`omnishelf bundle` against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.spec import STARTER_DIRECTORY, FileRecord, Manifest, read_manifest, write_manifest
from server.app import App, build_app
from server.cli import main
from server.settings import load_settings


@pytest.fixture
def served(tmp_path: Path) -> Iterator[App]:
    with build_app(load_settings(flags={"data": tmp_path, "server.port": 0})) as app:
        app.start()
        yield app


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def write_english_bundle(directory: Path) -> Manifest:
    """The starter's English tower alone: a bundle of its own."""
    starter = read_manifest(STARTER_DIRECTORY)
    tower = starter.text[-1]
    files: dict[str, FileRecord] = {}
    directory.mkdir(parents=True)
    for name in (tower.file, tower.tokenizer):
        (directory / name).symlink_to(STARTER_DIRECTORY / name)
        files[name] = starter.files[name]
    manifest = Manifest(
        name="english", version="1", dimension=384, text=(tower,), image=None, files=files
    )
    write_manifest(directory, manifest)
    return manifest


def test_bundles_are_listed_opened_promoted_and_closed(
    served: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starter = served.shelf.current
    # Files of a bundle have to lie in it: copies, not links that lead outside.
    source = write_english_bundle(tmp_path / "source")
    folder = tmp_path / "bundles" / "english"
    folder.mkdir(parents=True)
    for path in (tmp_path / "source").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    here = ("--data", tmp_path)

    assert run("bundle", "open", "english", *here, "--json") == 0
    (opened,) = json.loads(capsys.readouterr().out)["bundles"]
    assert opened == {
        "bundle": source.id,
        "dimension": 384,
        "current": False,
        "catalogs": [],
        "runs_on": "in_process",
        "away_reason": "",
        "has_image_tower": False,
    }
    assert run("bundle", "promote", source.id, *here) == 0
    assert f"{source.id} (current)" in capsys.readouterr().out
    assert run("bundle", "close", source.id, *here) == 2
    assert "promote another one" in capsys.readouterr().err
    assert run("bundle", "close", starter.id, *here) == 0
    assert run("bundle", "list", *here, "--json") == 0
    printed = json.loads(capsys.readouterr().out.split("closed.\n")[-1])
    assert [(each["bundle"], each["current"]) for each in printed["bundles"]] == [(source.id, True)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["open", "absent"], "encoder.shelf"),
        (["open", "../starter"], "letter or digit first"),
        (["promote", "absent"], "open are: starter_"),
        (["close", "a b"], "encoderBundles/"),
    ],
)
def test_what_was_asked_wrongly(
    served: App,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    assert run("bundle", *arguments, "--data", tmp_path) == 2
    assert said in capsys.readouterr().err


def test_without_a_server_the_remedy_is_named(
    tmp_path: Path, silent_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("bundle", "list", "--data", tmp_path) == 2
    assert "omnishelf serve" in capsys.readouterr().err.replace("\n", " ")
    assert run("bundle", "list", "--data", tmp_path, "--server", f"127.0.0.1:{silent_port}") == 1
