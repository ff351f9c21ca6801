"""Adapters for a whole bundle: what is written is what was trained, once, or not at all."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.adapter_lesson import AdapterSettings
from exporter.align import TooFewProducts, default_method
from exporter.align_adapter import DidNotHelp, align_by_adapter
from exporter.checkpoint import CheckpointError
from exporter.export_error import ExportError
from exporter.spec import STARTER_DIRECTORY, BundleError, load_manifest, write_manifest
from tests.exporter.tiny_bundle import ServedTowers, tiny_samples, write_tiny_bundle

SETTINGS = AdapterSettings(rank=8, steps=150, batch=32, held_out=0.25, learning_rate=5e-3)
SAMPLES = tiny_samples(64)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    directory = write_tiny_bundle(tmp_path / "bundle")
    (directory / "LICENSES.md").write_text("in no manifest, and kept")
    return directory


def test_a_bundle_learns_a_shop(bundle: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    report = align_by_adapter(
        bundle,
        output=tmp_path / "new",
        samples=SAMPLES,
        open_towers=ServedTowers,
        settings=SETTINGS,
        progress=lambda stage, share: heard.append((stage, share)),
    )
    assert (report.samples, report.groups, report.held_out_groups) == (64, 64, 16)
    assert report.helped
    assert report.before.recall_at_1 < 0.4
    assert report.after.recall_at_1 > 0.9
    stages = list(dict.fromkeys(stage for stage, _ in heard))
    assert stages == ["checking pictures", "encoding pictures", "encoding captions", "training"]
    assert all(0 <= share <= 1 for _, share in heard)

    manifest = load_manifest(tmp_path / "new")
    assert manifest.id == report.bundle != load_manifest(bundle).id
    (record,) = manifest.training["adapters"]
    assert (record["rank"], record["seed"], record["loss"]) == (8, 0, "infonce")
    assert record["history"][0]["recall_at_10"] == report.before.recall_at_10
    assert manifest.training["steps"] == 3
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "LICENSES.md",
        "alignment.png",
        "image.onnx",
        "manifest.json",
        "text.onnx",
        "text.tokenizer.json",
    ]
    found = find(tmp_path / "new")
    assert find(bundle) < 0.4
    assert found > 0.9


def find(bundle: Path) -> float:
    """Share of the pictures that are nearest to a caption of their own colour."""
    towers = ServedTowers(bundle)
    names = sorted({sample.captions[0] for sample in SAMPLES})
    pictures = towers.encode_pictures(np.stack([sample.picture() for sample in SAMPLES]))
    nearest = (pictures @ towers.encode_texts(names).T).argmax(axis=1)
    pairs = zip(nearest, SAMPLES, strict=True)
    return float(np.mean([names[place] == sample.captions[0] for place, sample in pairs]))


def test_in_place_again_and_again(bundle: Path) -> None:
    """A second alignment builds on the first; each is recorded, and the file is still a tower."""
    short = replace(SETTINGS, steps=10, evaluate_every=10)
    ids = [load_manifest(bundle).id]
    for _ in range(2):
        report = align_by_adapter(
            bundle,
            output=bundle,
            samples=SAMPLES,
            open_towers=ServedTowers,
            settings=short,
            force=True,
        )
        ids.append(report.bundle)
    assert len(set(ids)) == 3
    assert len(load_manifest(bundle).training["adapters"]) == 2
    assert default_method(bundle) == "adapter"


def test_what_does_not_help_is_not_written(bundle: Path, tmp_path: Path) -> None:
    idle = replace(SETTINGS, learning_rate=0.0, steps=30)
    ask = partial(
        align_by_adapter, bundle, samples=SAMPLES, open_towers=ServedTowers, settings=idle
    )
    with pytest.raises(DidNotHelp, match="--force") as caught:
        ask(output=tmp_path / "new")
    assert caught.value.report.bundle == ""
    assert caught.value.report.after == caught.value.report.before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    forced = ask(output=tmp_path / "new", force=True)
    assert not forced.helped
    assert load_manifest(tmp_path / "new").id == forced.bundle


def test_a_run_that_was_cut_off_encodes_nothing_again(bundle: Path, tmp_path: Path) -> None:
    opened: list[ServedTowers] = []

    def open_towers(directory: Path) -> ServedTowers:
        opened.append(ServedTowers(directory))
        return opened[-1]

    def cut_off(stage: str, share: float) -> None:
        if stage == "training" and share > 0.5:
            raise KeyboardInterrupt

    ask = partial(
        align_by_adapter, bundle, samples=SAMPLES, open_towers=open_towers, settings=SETTINGS
    )
    work = tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        ask(output=tmp_path / "cut", work=work, progress=cut_off)
    assert not (tmp_path / "cut").exists()
    assert opened[-1].pictures == 3 * 64
    with pytest.raises(CheckpointError, match="other loss"):
        ask(
            output=tmp_path / "cut",
            work=work,
            samples=SAMPLES,
            open_towers=open_towers,
            settings=replace(SETTINGS, loss="vse++"),
        )
    before = len(opened)
    resumed = ask(output=tmp_path / "cut", work=work)
    assert opened[before].pictures == 0
    assert resumed.resumed_at == 75
    whole = ask(output=tmp_path / "whole")
    assert resumed.bundle == whole.bundle
    manifests = [(tmp_path / name / "manifest.json").read_bytes() for name in ("cut", "whole")]
    assert manifests[0] == manifests[1]
    restarted = ask(output=tmp_path / "cut", work=work, restart=True)
    assert (restarted.resumed_at, restarted.bundle) == (0, whole.bundle)


def test_what_was_encoded_before_a_kill_is_kept(bundle: Path, tmp_path: Path) -> None:
    """Cut off at the third of three views: only that one is encoded afterwards."""
    towers = ServedTowers(bundle)
    ask = partial(
        align_by_adapter,
        bundle,
        output=tmp_path / "new",
        samples=SAMPLES,
        settings=replace(SETTINGS, steps=1),
        work=tmp_path / "work",
        force=True,
    )

    def cut_off(stage: str, share: float) -> None:
        if stage == "encoding pictures" and share > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(open_towers=lambda _: towers, progress=cut_off)
    assert towers.pictures == 2 * 64
    opened: list[ServedTowers] = []

    def open_towers(directory: Path) -> ServedTowers:
        opened.append(ServedTowers(directory))
        return opened[-1]

    ask(open_towers=open_towers)
    assert opened[0].pictures == 64


def test_towers_that_do_not_give_what_was_trained_are_not_published(
    bundle: Path, tmp_path: Path
) -> None:
    class Moved(ServedTowers):
        """Runs every bundle but the first one with another adapter's pictures."""

        def __init__(self, directory: Path) -> None:
            super().__init__(directory)
            self.wrong = directory != bundle

        def encode_pictures(self, pixels: np.ndarray) -> np.ndarray:
            return super().encode_pictures(pixels) * (-1 if self.wrong else 1)

    with pytest.raises(BundleError, match="off what was trained") as caught:
        align_by_adapter(
            bundle,
            output=tmp_path / "new",
            samples=SAMPLES,
            open_towers=Moved,
            settings=replace(SETTINGS, steps=25),
        )
    assert caught.value.reason == "ALIGN_DISAGREES"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("count", [0, 7])
def test_too_few_products(bundle: Path, tmp_path: Path, count: int) -> None:
    with pytest.raises(TooFewProducts, match=f"^{count} groups .* at least 8 products"):
        align_by_adapter(
            bundle,
            output=tmp_path / "new",
            samples=SAMPLES[:count],
            open_towers=ServedTowers,
        )


def test_a_bundle_without_an_image_tower(bundle: Path, tmp_path: Path) -> None:
    write_manifest(bundle, replace(load_manifest(bundle), image=None))
    with pytest.raises(BundleError) as caught:
        align_by_adapter(bundle, output=tmp_path / "new", samples=SAMPLES, open_towers=ServedTowers)
    assert caught.value.reason == "BUNDLE_NO_IMAGE"


def test_a_folder_of_something_else_is_left_alone(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("dear")
    with pytest.raises(ExportError):
        align_by_adapter(
            bundle, output=tmp_path / "taken", samples=SAMPLES, open_towers=ServedTowers
        )
    assert (tmp_path / "taken" / "letter.txt").read_text() == "dear"


def test_the_starter_is_aligned_by_its_head() -> None:
    assert default_method(STARTER_DIRECTORY) == "head"
