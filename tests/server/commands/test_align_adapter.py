"""`omnishelf align` from end to end on a bundle without a head: what is written, said, refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from PIL import Image

from exporter.spec import load_manifest
from server.cli import main
from tests.exporter.tiny_bundle import COLOURS, ServedTowers, write_tiny_bundle

PRODUCTS = 64


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / "bundle")


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Mugs of eight colours, a picture each."""
    return write_catalogue(tmp_path / "shop", PRODUCTS)


def write_catalogue(folder: Path, count: int) -> Path:
    folder.mkdir()
    random = np.random.default_rng(3)
    rows = []
    for number in range(count):
        name = list(COLOURS)[number % len(COLOURS)]
        shade = tuple(int(part) for part in np.array(COLOURS[name]) + random.integers(-9, 10, 3))
        Image.new("RGB", (16, 16), shade).save(folder / f"{number}.png")
        row = {"title": "mug", "categories": ["Gear/Mug"], "color": name, "image": f"{number}.png"}
        rows.append({"id": f"p{number}"} | row)
    path = folder / "catalog.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_a_bundle_learns_a_catalogue(
    bundle: Path, catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new"
    command = ("align", bundle, catalogue, "--output", output, "--steps", 150, "--rank", 16)
    assert run(*command, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["method"], printed["written"]) == ("adapter", True)
    assert printed["after"]["recall_at_1"] > printed["before"]["recall_at_1"] + 0.3
    assert printed["bundle"] == load_manifest(output).id
    assert (output / "alignment.png").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    towers = ServedTowers(output)
    pixels = np.stack([np.full((16, 16, 3), colour, np.uint8) for colour in COLOURS.values()])
    texts = towers.encode_texts([f"{name} mug" for name in COLOURS])
    found = (towers.encode_pictures(pixels) @ texts.T).argmax(axis=1)
    assert (found == np.arange(len(COLOURS))).mean() > 0.7

    assert run(*command) == 0
    table = capsys.readouterr().out
    assert f"{printed['before']['recall_at_10']:.3f}" in table
    assert f"{printed['after']['recall_at_10']:.3f}" in table
    assert printed["bundle"] in table


def test_what_does_not_help_fails_and_is_written_when_forced(
    bundle: Path, catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second time it starts where the first one ended: nothing is left to learn."""
    output = tmp_path / "new"
    command = ("align", bundle, catalogue, "--rank", 16, "--steps", 300, "--patience", 20)
    assert run(*command, "--output", bundle, "--json") == 0
    before = load_manifest(bundle)
    short = ("align", bundle, catalogue, "--steps", 1, "--output", output)
    capsys.readouterr()
    assert run(*short, "--json") == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["written"], printed["bundle"]) == (False, "")
    assert not output.exists()
    assert run(*short) == 1
    assert "no bundle was written" in " ".join(capsys.readouterr().out.split())
    assert load_manifest(bundle) == before
    assert run(*short, "--force") == 0
    assert load_manifest(output).dimension == before.dimension
    assert "no better than before" in " ".join(capsys.readouterr().out.split())


def test_a_head_that_is_not_there(
    bundle: Path, catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("align", bundle, catalogue, "--output", tmp_path / "new", "--method", "head")
    assert run(*command) == 2
    assert "--method adapter" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "content", "said"),
    [
        (7, "", "7 groups of pictures are too few"),
        (0, '{"id": "p1", "title": "mug", "color": "red"}\n', "0 groups of pictures are too few"),
        (0, "not json\n{also: not}\n", "none of the 2 rows"),
    ],
    ids=["too few", "no pictures", "unreadable"],
)
def test_catalogues_that_teach_nothing(
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    count: int,
    content: str,
    said: str,
) -> None:
    catalogue = write_catalogue(tmp_path / "shop", count)
    with catalogue.open("a") as stream:
        stream.write(content)
    assert run("align", bundle, catalogue, "--output", tmp_path / "new") == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()


def test_an_output_that_is_taken(
    bundle: Path, catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("align", bundle, catalogue, "--output", catalogue.parent) == 2
    assert "something else" in capsys.readouterr().err
    assert catalogue.is_file()
