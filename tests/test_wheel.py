"""The wheel holds what serves and what exports, with their data, and nothing else."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    pytest.importorskip("hatchling", reason="building the wheel needs hatchling: make test")
    destination = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory",
         destination],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = destination.glob("*.whl")
    with ZipFile(wheel) as archive:
        return archive.namelist()


def test_packages(names: list[str]) -> None:
    packages = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"server", "ranker", "exporter", "benchmarks", "omnishelf"}


@pytest.mark.parametrize(
    "name",
    [
        "omnishelf/v1/search_service_pb2.py",
        "omnishelf/v1/search_service_pb2_grpc.pyi",
        "server/rpc/service_config.json",
        "ranker/default/model/manifest.json",
        "ranker/default/model/model.txt",
        "exporter/starter/manifest.json",
        "exporter/starter/text_en.onnx",
        "exporter/starter/image.onnx",
        "exporter/glossary.tsv",
    ],
)
def test_data_travels_with_the_code(names: list[str], name: str) -> None:
    assert name in names


def test_every_module_travels(names: list[str]) -> None:
    for package in ("server", "ranker", "exporter"):
        for module in (ROOT / package).rglob("*.py"):
            assert module.relative_to(ROOT).as_posix() in names


def test_the_licence_travels(names: list[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
