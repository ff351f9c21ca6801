"""`omnishelf align` and `export` up to the exporter's door: what goes in, what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.align import AlignSettings
from exporter.align_data import Sample
from exporter.alignment_report import AlignmentReport
from exporter.alignment_scores import Scores
from exporter.spec import STARTER_DIRECTORY, Manifest, load_manifest
from exporter.weights import WeightsError
from server.cli import main
from server.sample_shop.generate import write_sample_shop


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def report(samples: Sequence[Sample]) -> AlignmentReport:
    return AlignmentReport(
        samples=len(samples),
        groups=len({sample.group for sample in samples}),
        held_out_groups=1,
        steps=100,
        before=Scores(queries=9, ndcg_at_10=0.25, recall_at_1=0.125, recall_at_10=0.5),
        after=Scores(queries=9, ndcg_at_10=0.75, recall_at_1=0.625, recall_at_10=1.0),
        bundle="starter_12345678",
    )


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the exporter was given; it trains nothing."""
    given: dict[str, object] = {}

    def align(
        bundle: Path,
        *,
        output: Path,
        samples: Sequence[Sample],
        encode_text: Callable[[Sequence[str]], np.ndarray],
        seed: int,
        settings: AlignSettings,
        work: Path,
        progress: Callable[[str, float], None],
    ) -> AlignmentReport:
        work.mkdir(exist_ok=True)
        given.update(bundle=bundle, output=output, seed=seed, samples=samples)
        given.update(work=work, lengths=settings.lengths, loss=settings.head.loss)
        given["words"] = encode_text(["blue mug", "蓝色杯子"])
        given["pixels"] = samples[0].picture()
        progress("training", 0.5)
        return report(samples)

    monkeypatch.setattr("exporter.align.align", align)
    return given


def test_align_hands_over_pictures_and_words(
    trained: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=1, products=5)
    (shop.catalog.parent / "images" / f"{_first_id(shop.catalog)}.png").write_bytes(b"broken")
    command = ("align", STARTER_DIRECTORY, shop.catalog, "--output", tmp_path / "b", "--seed", 7)
    assert run(*command, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["samples"], printed["unusable_pictures"]) == (4, 1)
    assert (printed["method"], printed["written"]) == ("head", True)
    assert printed["after"]["ndcg_at_10"] == 0.75
    assert (trained["output"], trained["seed"]) == (tmp_path / "b", 7)
    assert (trained["lengths"], trained["loss"]) == ((200, 400), "infonce")
    assert trained["work"] == tmp_path / ".b.align"
    assert not (tmp_path / ".b.align").exists()
    words, pixels = trained["words"], trained["pixels"]
    assert isinstance(words, np.ndarray)
    assert isinstance(pixels, np.ndarray)
    assert np.linalg.norm(words, axis=1) == pytest.approx([1, 1], abs=1e-3)
    assert pixels.dtype == np.uint8
    assert run(*command) == 0
    printed_table = capsys.readouterr().out
    assert "0.250" in printed_table
    assert "0.625" in printed_table
    assert "0.750" in printed_table
    assert "1 pictures could not be used" in printed_table


def test_options_of_a_head(trained: dict[str, object], tmp_path: Path) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=1, products=2)
    command = ("align", STARTER_DIRECTORY, shop.catalog, "--output", tmp_path / "b")
    work = tmp_path / "w"
    assert run(*command, "--loss", "vse++", "--steps", 50, "--work", work, "--json") == 0
    assert (trained["lengths"], trained["loss"]) == ((25, 50), "vse++")
    assert trained["work"] == work
    assert work.is_dir()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rank", 4, "--patience", 2), ("--rank: is for adapters", "--patience: is for")),
        (("--method", "adapter", "--rank", 385), ("--rank: is above", "at most 384")),
        (("--method", "adapter", "--steps", 1, "--epochs", 1), ("--epochs: says what --steps",)),
    ],
    ids=["of adapters", "rank", "twice"],
)
def test_options_that_make_no_sense(
    options: tuple[object, ...],
    said: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ("align", STARTER_DIRECTORY, "none.jsonl", "--output", tmp_path / "b")
    assert run(*command, *options) == 2
    printed = capsys.readouterr().err
    assert all(each in printed for each in said)


def test_too_few_products_were_asked_wrongly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_sample_shop(tmp_path / "shop", seed=1, products=2)
    assert run("align", STARTER_DIRECTORY, shop.catalog, "--output", tmp_path / "b") == 2
    assert "too few" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_export_says_what_it_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def build_starter(
        output: Path,
        *,
        cache: Path,
        seed: int,
        minutes: float,
        progress: Callable[[str, float], None],
    ) -> Manifest:
        progress("english tower", 0.0)
        assert (output, cache, seed, minutes) == (tmp_path / "b", tmp_path / "c", 3, 1.5)
        return load_manifest(STARTER_DIRECTORY)

    monkeypatch.setattr("exporter.build_starter.build_starter", build_starter)
    command = ("export", "starter", "--output", tmp_path / "b", "--cache", tmp_path / "c")
    assert run(*command, "--seed", 3, "--minutes", 1.5, "--json") == 0
    assert json.loads(capsys.readouterr().out)["bundle"] == load_manifest(STARTER_DIRECTORY).id


def test_weights_that_cannot_be_had_are_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def build_starter(*_: object, **__: object) -> Manifest:
        raise WeightsError("no wheel; check the network", reason="WEIGHTS_UNAVAILABLE")

    monkeypatch.setattr("exporter.build_starter.build_starter", build_starter)
    assert run("export", "starter", "--output", tmp_path) == 1
    assert "check the network" in capsys.readouterr().err


def _first_id(catalog: Path) -> str:
    return str(json.loads(catalog.read_text("utf-8").splitlines()[0])["id"])
