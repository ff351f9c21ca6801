"""`omnishelf export` and `align` where they cannot work, and the rows that align reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.spec import STARTER_DIRECTORY, load_manifest
from server.cli import main
from server.commands.alignment_rows import read_rows
from server.errors import InvalidRequest
from server.sample_shop.generate import write_sample_shop


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


WITHOUT_TORCH = "import sys; sys.modules['torch'] = sys.modules['onnx'] = None; "
MAIN = "from server.cli import main; main()"


@pytest.mark.parametrize(
    "command",
    [("export", "starter"), ("align", str(STARTER_DIRECTORY), "catalog.jsonl")],
    ids=["export", "align"],
)
def test_without_the_extra_the_command_says_how_to_install_it(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    output = tmp_path / "bundle"
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH + MAIN, *command, "--output", str(output)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "pip install 'omnishelf[exporter]'" in ended.stderr.replace("\n", " ")
    assert not output.exists()


def test_an_unknown_recipe_was_asked_wrongly(tmp_path: Path) -> None:
    assert run("export", "nothing", "--output", tmp_path) == 2


def test_rows_of_one_folder_belong_together(tmp_path: Path) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=1, products=3)
    first = json.loads(shop.catalog.read_text("utf-8").splitlines()[0])
    photos = [
        {"id": "p1", "product_id": first["id"], "split": "val", "image": first["image"]},
        {"id": "p2", "product_id": first["id"], "split": "train", "image": "images/none.png"},
        {"id": "p3", "product_id": first["id"], "image": "../secret.png"},
    ]
    (shop.catalog.parent / "photos.jsonl").write_text("\n".join(map(json.dumps, photos)))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "c.csv").write_text("sku,name,category,image\n1,Mug,Home/Mugs|Gifts,\n")
    sources = read_rows(
        [shop.catalog, tmp_path / "other" / "c.csv", shop.catalog.with_name("photos.jsonl")]
    )
    assert [source.name for source in sources] == ["shop", "other"]
    rows = sources[0].rows
    assert len(rows) == 6
    assert rows[0]["id"] == first["id"]
    assert rows[0]["categories"] == tuple(first["categories"])
    assert (rows[3]["product_id"], rows[3]["split"]) == (first["id"], "val")
    assert sources[1].rows[0]["categories"] == ("Home/Mugs", "Gifts")
    tower = load_manifest(STARTER_DIRECTORY).image
    assert tower is not None
    load = sources[0].loader(tower)
    pixels = load(first["image"])
    assert pixels is not None
    assert pixels.shape == (tower.height, tower.width, 3)
    assert load("images/none.png") is None
    assert load("../secret.png") is None
    assert sources[0].unusable == {"images/none.png", "../secret.png"}


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no file"):
        read_rows([tmp_path / "none.jsonl"])
