"""Aligning a small bundle end to end: it learns, it is whole, it repeats, it refuses."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import onnx

from exporter.adapter import Adapter, append_adapter
from exporter.align import AlignSettings, align, hold_out, replace_head
from exporter.align_data import Sample
from exporter.head_training import HeadSettings
from exporter.spec import (
    BundleError,
    ImageTower,
    Manifest,
    file_record,
    load_manifest,
    write_manifest,
)
from exporter.tower_features import FeatureReader, load_tower
from exporter.towers.colour_branch import feature_count
from exporter.towers.image_graph import image_graph
from exporter.towers.image_head import unit, zero_shot_head
from exporter.towers.lite_module import EfficientNetLite
from exporter.towers.lite_plan import CLASSES, TOP_CHANNELS, Variant
from tests.exporter.tiny_bundle import write_tiny_bundle

SMALL = Variant(name="small", width=0.25, depth=0.4, resolution=52)
DIMENSION = 32
COLOURS = {"red": (200, 20, 30), "green": (30, 130, 50), "blue": (30, 60, 170)}
SETTINGS = AlignSettings(
    head=HeadSettings(pictures_a_source=24, rehearsals=8, hidden=16, learning_rate=5e-3),
    lengths=(10, 80),
    held_out=0.3,
    views=1,
    per_class=1,
)


def encode_text(texts: Sequence[str]) -> np.ndarray:
    """Mean of a fixed random vector for every word: texts that share words are near."""
    return unit(
        np.stack([np.mean([word(each) for each in text.split()], axis=0) for text in texts])
    )


@cache
def word(name: str) -> np.ndarray:
    return np.random.default_rng(list(name.encode())).normal(size=DIMENSION)


def square(colour: tuple[int, int, int], *, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    pixels = np.full((52, 52, 3), 255, np.uint8)
    left, top = random.integers(4, 16, size=2)
    pixels[top : top + 32, left : left + 32] = colour
    return pixels


def make_sample(name: str, *, seed: int) -> Sample:
    pixels = square(COLOURS[name], seed=seed)
    return Sample(
        picture=lambda: pixels,
        captions=(f"{name} square",),
        colour=name,
        group=f"shop/{seed}",
        source="shop",
    )


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [make_sample(name, seed=seed) for seed, name in enumerate(islice(cycle(COLOURS), 30))]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose trunk knows nothing: only its colour branch can tell the squares apart."""
    directory = tmp_path_factory.mktemp("bundle")
    weights = EfficientNetLite(SMALL).state_dict()
    names = [f"thing {number}" for number in range(CLASSES)]
    model = image_graph(
        SMALL,
        {name: value.numpy().astype(np.float32) for name, value in weights.items()},
        class_names=names,
        class_words=encode_text(names),
        head=zero_shot_head(
            features=TOP_CHANNELS + feature_count() + DIMENSION, dimension=DIMENSION
        ),
    )
    onnx.save(model, directory / "image.onnx")
    (directory / "words.txt").write_text("kept as it is")
    (directory / "LICENSES.md").write_text("in no manifest, and kept")
    manifest = Manifest(
        name="toy",
        version="1",
        dimension=DIMENSION,
        text=(),
        image=ImageTower(file="image.onnx", height=52, width=52),
        files={name: file_record(directory / name) for name in ("image.onnx", "words.txt")},
        training={"steps": 3},
    )
    write_manifest(directory, manifest)
    return directory


def test_a_bundle_learns_colours_it_is_shown(
    bundle: Path, samples: list[Sample], tmp_path: Path
) -> None:
    heard: set[str] = set()
    report = align(
        bundle,
        output=tmp_path,
        samples=samples,
        encode_text=encode_text,
        settings=SETTINGS,
        progress=lambda stage, share: heard.add(stage) if 0 < share <= 1 else None,
    )
    assert report.samples == report.groups == 30
    assert report.held_out_groups == 9
    assert report.after.ndcg_at_10 > 0.95 > report.before.ndcg_at_10
    assert heard == {"reading pictures", "choosing how long to train", "training on everything"}

    manifest = load_manifest(tmp_path)
    assert manifest.id == report.bundle != load_manifest(bundle).id
    assert manifest.training["steps"] == 3
    assert manifest.training["image"]["seed"] == 0
    assert (tmp_path / "words.txt").read_text() == "kept as it is"
    assert (tmp_path / "LICENSES.md").is_file()
    reader = FeatureReader(load_tower(tmp_path / "image.onnx"))
    unseen = [square(colour, seed=99) for colour in COLOURS.values()]
    captions = encode_text([f"{name} square" for name in COLOURS])
    found = reader.read(unseen).embeddings @ captions.T
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    assert report.method == "head"
    tried = [point for point in report.history if point.ndcg_at_10 is not None]
    assert [point.step for point in tried] == [0, 10, 80]
    assert tried[0].ndcg_at_10 == report.before.ndcg_at_10
    assert max(point.ndcg_at_10 or 0 for point in tried[1:]) == report.after.ndcg_at_10
    losses = [(point.step, point.loss) for point in report.history if point.loss is not None]
    assert losses[-1][0] == report.steps
    assert losses[-1][1] < losses[0][1]
    assert (tmp_path / "alignment.png").is_file()
    assert "alignment.png" not in load_manifest(tmp_path).files


def test_cut_off_repeated_and_in_place(bundle: Path, samples: list[Sample], tmp_path: Path) -> None:
    """What was cut off reads no picture again, and becomes what it would have been."""
    short = replace(SETTINGS, lengths=(2,), per_class=0)
    ask = partial(align, samples=samples, encode_text=encode_text)
    one, two, work = tmp_path / "one", tmp_path / "two", tmp_path / "work"

    def cut_off(stage: str, _share: float) -> None:
        if stage == "choosing how long to train":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(bundle, output=one, settings=short, work=work, progress=cut_off)
    assert not one.exists()
    heard: set[str] = set()
    resumed = ask(
        bundle,
        output=one,
        settings=short,
        work=work,
        progress=lambda stage, _share: heard.add(stage),
    )
    assert "reading pictures" not in heard
    assert resumed.bundle == ask(bundle, output=two, settings=short).bundle
    longer = replace(short, lengths=(3,), views=0)
    again = ask(one, output=one, settings=longer)
    assert load_manifest(one).id == again.bundle != resumed.bundle


def test_adapters_behind_a_former_head_go_with_it(bundle: Path) -> None:
    tower = load_tower(bundle / "image.onnx")
    head = zero_shot_head(features=TOP_CHANNELS + feature_count() + DIMENSION, dimension=DIMENSION)
    plain = replace_head(tower, head)
    adapter = Adapter(
        down=np.ones((DIMENSION, 2), np.float32), up=np.ones((2, DIMENSION), np.float32)
    )
    append_adapter(tower, adapter)
    assert replace_head(tower, head) == plain


def test_a_tower_without_a_head_is_refused(tmp_path: Path) -> None:
    other = write_tiny_bundle(tmp_path / "other")
    with pytest.raises(BundleError, match="--method adapter") as caught:
        align(other, output=tmp_path / "new", samples=[], encode_text=encode_text)
    assert caught.value.reason == "BUNDLE_NO_HEAD"


def test_a_bundle_without_an_image_tower_is_refused(bundle: Path, tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(load_manifest(bundle), image=None, files={}))
    with pytest.raises(BundleError) as caught:
        align(tmp_path, output=tmp_path, samples=[], encode_text=encode_text)
    assert caught.value.reason == "BUNDLE_NO_IMAGE"


def test_groups_are_never_split() -> None:
    groups = [f"g{number % 10}" for number in range(40)]
    kept_out = hold_out(groups, share=0.2, seed=3)
    outside = {group for group, kept in zip(groups, kept_out, strict=True) if kept}
    inside = {group for group, kept in zip(groups, kept_out, strict=True) if not kept}
    assert len(outside) == 2
    assert not outside & inside


def test_too_few_groups() -> None:
    with pytest.raises(ValueError, match="at least 8 products"):
        hold_out(["a"] * 50, share=0.2, seed=0)
