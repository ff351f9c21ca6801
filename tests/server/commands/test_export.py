"""`omnishelf export` of a model and `omnishelf verify`: what is asked, printed, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")
from exporter.spec import load_manifest
from server.cli import main
from server.sample_shop.generate import write_sample_shop

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """The command line; its exit code, what it printed, what it complained of."""

    def run_main(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        assert isinstance(left.value.code, int)
        printed = capfd.readouterr()
        return left.value.code, printed.out, printed.err

    return run_main


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.exporter.sources.small_models import small_clip  # noqa: PLC0415 - needs the extra

    return small_clip(tmp_path_factory.mktemp("models") / "small-clip")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_shop(tmp_path_factory.mktemp("shop"), seed=1, products=12).catalog


@pytest.fixture(scope="module")
def bundle(source: Path, shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One real export by the command, for the tests that look at what came of it."""
    output = tmp_path_factory.mktemp("bundles") / "clip"
    with pytest.raises(SystemExit) as left:
        main(["export", str(source), "--output", str(output), "--name", "ours", "--catalogue",
              str(shop), "--json"])  # fmt: skip
    assert left.value.code == 0
    return output


def test_export_writes_a_bundle_with_its_figures(bundle: Path) -> None:
    manifest = load_manifest(bundle)
    assert manifest.name == "ours"
    assert manifest.training["export"]["precision"] == "fp32"
    figures = manifest.training["export"]["verification"]
    assert all(tower["difference"] <= 1e-4 for tower in figures["towers"])
    assert figures["recall"]["searched"] == "pictures"
    assert figures["recall"]["documents"] == 12
    assert figures["recall"]["torch"] == figures["recall"]["exported"]


def test_verify_prints_the_figures(run: Run, bundle: Path, source: Path, shop: Path) -> None:
    command = ("verify", bundle, "--source", source)
    code, out, err = run(*command, "--catalogue", shop, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["bundle"], document["agrees"]) == (load_manifest(bundle).id, True)
    assert [tower["tower"] for tower in document["towers"]] == ["text", "image"]
    assert document["recall"]["documents"] == 12
    code, out, err = run(*command)
    assert (code, err) == (0, "")
    assert "fp32 against torch" in out
    assert "text tower" in out
    assert "Recall was not measured" in out


def test_verify_of_another_model_fails(run: Run, bundle: Path, tmp_path: Path) -> None:
    from transformers import CLIPModel  # noqa: PLC0415 - the same

    from tests.exporter.sources.small_models import small_clip  # noqa: PLC0415 - needs the extra

    folder = small_clip(tmp_path / "clip")
    model = CLIPModel.from_pretrained(folder)
    model.visual_projection.weight.data.mul_(-1)
    model.save_pretrained(folder)
    code, out, err = run("verify", bundle, "--source", folder, "--json")
    assert code == 1
    assert json.loads(out)["agrees"] is False
    assert "image: differs by" in err
    assert "export it again" in err


def test_export_prints_what_it_wrote(
    run: Run, bundle: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx  # noqa: PLC0415 - needs the extra

    for tower in ("text", "image"):
        graph = onnx.load(bundle / f"{tower}.onnx")
        monkeypatch.setattr(f"exporter.export.{tower}_model", lambda *_, graph=graph: graph)
    output = tmp_path / "bundle"
    code, out, err = run("export", source, "--output", output, "--precision", "int8")
    assert (code, err) == (0, "")
    assert "int8 against torch" in out
    assert load_manifest(output).id in out.replace("\n", " ")
    assert load_manifest(output).name == "small-clip"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{tmp}/nothing", "--output", "{tmp}/b"), "nothing"),
        (("{tmp}", "--output", "{tmp}/b"), "config.json"),
        (("{source}", "--output", "{source}"), "something else than a bundle"),
        (("{source}", "--output", "{tmp}/b", "--precision", "fp8"), "fp8"),
        (("{source}", "--output", "{tmp}/b", "--catalogue", "{tmp}/no.jsonl"), "no.jsonl"),
        (("{source}", "--output", "{tmp}/b", "--name", "a/b"), "a/b"),
    ],
)
def test_what_was_asked_wrongly(
    run: Run, source: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    given = [each.format(tmp=tmp_path, source=source) for each in arguments]
    code, out, err = run("export", *given)
    assert (code, out) == (2, "")
    assert said in err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []
    assert (source / "config.json").is_file()


def test_a_catalogue_of_nothing_is_refused(run: Run, source: Path, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"id": "1", "title": ""}\n')
    command = ("export", source, "--output", tmp_path / "b", "--catalogue", tmp_path / "c.jsonl")
    code, _, err = run(*command)
    assert code == 2
    assert "no product with a title" in err
    assert not (tmp_path / "b").exists()
