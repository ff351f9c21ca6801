"""`omnishelf triton` publishes, lists, prints and takes back, and says what was asked wrongly."""

import json
from pathlib import Path

import pytest

from exporter.spec import STARTER_DIRECTORY
from exporter.triton.model_config import parse_config
from exporter.triton.options import ServingOptions
from exporter.triton.repository import read_published
from server.cli import main

IMAGE = "starter_9b46f0c8_image"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of a repository that is not there yet."""
    return tmp_path / "models"


def run(models: Path, *arguments: object) -> int:
    words = ["triton", *(str(argument) for argument in arguments), "--repository", str(models)]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert isinstance(left.value.code, int)
    return left.value.code


def test_publish_and_list(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(models, "publish", STARTER_DIRECTORY, "--runtime", "python") == 0
    said = capsys.readouterr().out
    assert IMAGE in said
    assert "3 of them new" in said.replace("\n", " ")

    assert run(models, "publish", STARTER_DIRECTORY, "--runtime", "python", "--json") == 0
    assert json.loads(capsys.readouterr().out)["changed"] == []

    assert run(models, "list") == 0
    assert IMAGE in capsys.readouterr().out
    assert run(models, "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["models"]
    assert {model["bundle"] for model in listed} == {"starter_9b46f0c8"}
    assert [model["version"] for model in listed] == [1, 1, 1]


def test_the_starter_goes_by_its_name(models: Path) -> None:
    assert run(models, "publish", "starter") == 0
    assert IMAGE in {model.name for model in read_published(models)}


def test_every_option_arrives(models: Path) -> None:
    given = (
        "--device gpu --instances 2 --threads 3 --max-batch 64 --queue-delay-us 700 --queue-size 9 "
        "--queue-timeout-ms 50 --warm-up 2 --gpu-memory-mib 1 --tensorrt --fp16 "
        "--engine-cache /engines --workspace-mib 2 --cuda-graphs"
    )
    assert run(models, "publish", STARTER_DIRECTORY, *given.split()) == 0
    assert read_published(models)[0].options == ServingOptions(
        device="gpu", instances=2, threads=3, max_batch=64, queue_delay_microseconds=700,
        queue_size=9, queue_timeout_microseconds=50_000, warm_up=2, gpu_memory_bytes=2**20,
        tensorrt=True, fp16=True, engine_cache="/engines", workspace_bytes=2**21, cuda_graphs=True,
    )  # fmt: skip


def test_what_is_not_given_is_the_default(models: Path) -> None:
    assert run(models, "publish", STARTER_DIRECTORY) == 0
    assert read_published(models)[0].options == ServingOptions()


def test_a_configuration_is_printed_as_triton_reads_it(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(models, "publish", STARTER_DIRECTORY, "--json")
    capsys.readouterr()
    assert run(models, "config", IMAGE) == 0
    assert parse_config(capsys.readouterr().out).name == IMAGE


@pytest.mark.parametrize("named", [str(STARTER_DIRECTORY), "starter_9b46f0c8"])
def test_unpublish_takes_a_folder_or_an_id(models: Path, named: str) -> None:
    run(models, "publish", STARTER_DIRECTORY)
    assert run(models, "unpublish", named) == 0
    assert read_published(models) == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", STARTER_DIRECTORY, "--fp16"), "fp16 needs tensorrt too"),
        (("publish", "nowhere"), "holds no manifest.json"),
        (("publish", STARTER_DIRECTORY, "--runtime", "other"), "'python'"),
        (("publish", STARTER_DIRECTORY, "--instances", "0"), "--instances"),
        (("list",), "omnishelf triton publish"),
        (("config", IMAGE), "omnishelf triton publish"),
        (("unpublish", "shop_1"), "omnishelf triton publish"),
    ],
)
def test_asked_wrongly(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...], said: str
) -> None:
    assert run(models, *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_bundle_that_is_not_there_cannot_be_taken_back(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models.mkdir()
    assert run(models, "unpublish", "shop_1") == 2
    assert "no models of shop_1" in capsys.readouterr().err
    assert run(models, "list") == 0
    assert "Nothing is published" in capsys.readouterr().out
