"""A repository shows a bundle's towers whole or not at all, and the same again changes nothing."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.spec import BundleError, Manifest, TextTower, file_record, model_name, write_manifest
from exporter.triton import repository as repository_module
from exporter.triton.errors import RepositoryError
from exporter.triton.model_config import parse_config
from exporter.triton.options import ServingOptions
from exporter.triton.repository import publish, read_config, read_published, unpublish

CPU = ServingOptions(runtime="python", device="cpu")
TEXT = "text.onnx"


def make_bundle(place: Path, **files: str) -> Manifest:
    """Write a bundle whose one tower is no graph: nothing here opens it."""
    place.mkdir(exist_ok=True)
    contents = {TEXT: "graph", "text.onnx.data": "weights", "text.json": "tokens"}
    for name, content in (contents | files).items():
        (place / name).write_text(content, "utf-8")
    manifest = Manifest(
        name="shop",
        version="1",
        dimension=4,
        text=(TextTower(file=TEXT, tokenizer="text.json", max_tokens=8),),
        image=None,
        files={name: file_record(place / name) for name in contents | files},
    )
    write_manifest(place, manifest)
    return manifest


def tree(place: Path) -> dict[str, tuple[int, int]]:
    """Identity and time of every entry that is there, hidden ones but the lock too."""
    return {
        path.relative_to(place).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(place.rglob("*"))
        if path.name != ".omnishelf.lock"
    }


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The folder of a bundle."""
    make_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of a repository that is not there yet."""
    return tmp_path / "models"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script of another release, which a test may change."""
    path = tmp_path / "script.py"
    path.write_text("1", "utf-8")
    monkeypatch.setattr(repository_module, "SCRIPT", path)
    return path


def test_a_tower_is_a_model_with_all_that_it_is_run_from(bundle: Path, models: Path) -> None:
    published = publish(bundle, models, options=CPU)
    name = model_name(published.bundle_id, TEXT)
    assert published.changed == (name,)
    assert {path for path in tree(models) if "/" in path} == {
        f"{name}/config.pbtxt",
        f"{name}/omnishelf.json",
        f"{name}/1",
        f"{name}/1/model.onnx",
        f"{name}/1/text.onnx.data",
        f"{name}/1/model.py",
    }
    assert parse_config((models / name / "config.pbtxt").read_text()).name == name
    assert (models / name / "1" / "text.onnx.data").read_text() == "weights"


def test_the_same_again_changes_nothing(bundle: Path, models: Path) -> None:
    first = publish(bundle, models, options=CPU)
    before = tree(models)
    again = publish(bundle, models, options=CPU)
    assert (again.changed, again.models) == ((), first.models)
    # The root itself is where the probe of a rename comes and goes.
    assert tree(models) == before


def test_other_options_are_another_configuration_of_the_same_version(
    bundle: Path, models: Path
) -> None:
    name = publish(bundle, models, options=CPU).models[0].name
    again = publish(bundle, models, options=ServingOptions(instances=3))
    assert again.changed == (name,)
    assert again.models[0].version == 1
    assert parse_config(read_config(models, name)).instance_group[0].count == 3


def test_other_files_are_a_new_version_and_the_oldest_goes(
    bundle: Path, models: Path, script: Path
) -> None:
    name = publish(bundle, models, options=CPU).models[0].name
    for release in "23":
        script.write_text(release, "utf-8")
        published = publish(bundle, models, options=CPU)
    assert list(published.models[0].versions) == [2, 3]
    assert read_published(models) == published.models
    folders = {
        path.name: (path / "model.py") for path in (models / name).iterdir() if path.is_dir()
    }
    assert {version: path.read_text() for version, path in folders.items()} == {"2": "2", "3": "3"}


def test_one_version_may_be_kept(bundle: Path, models: Path, script: Path) -> None:
    publish(bundle, models, options=CPU)
    script.write_text("2", "utf-8")
    assert list(publish(bundle, models, options=CPU, keep=1).models[0].versions) == [2]


def test_a_spoiled_version_is_replaced_by_a_new_one(bundle: Path, models: Path) -> None:
    name = publish(bundle, models, options=CPU).models[0].name
    spoiled = models / name / "1" / "model.onnx"
    spoiled.unlink()
    spoiled.write_text("gra", "utf-8")
    published = publish(bundle, models, options=CPU)
    assert published.models[0].version == 2
    assert (models / name / "2" / "model.onnx").read_text() == "graph"


def test_bundles_stand_side_by_side_and_are_taken_back_alone(
    bundle: Path, models: Path, tmp_path: Path
) -> None:
    other = make_bundle(tmp_path / "other", **{TEXT: "another graph"})
    first = publish(bundle, models, options=CPU)
    second = publish(tmp_path / "other", models, options=CPU)
    assert len(read_published(models)) == 2
    assert unpublish(models, other.id) == (second.models[0].name,)
    assert read_published(models) == first.models
    assert unpublish(models, other.id) == ()


def test_a_foreign_model_is_left_alone(bundle: Path, models: Path) -> None:
    name = publish(bundle, models, options=CPU).models[0].name
    (models / name / "omnishelf.json").unlink()
    before = tree(models / name)
    with pytest.raises(RepositoryError, match="not published by us") as refused:
        publish(bundle, models, options=CPU)
    assert refused.value.reason == "REPOSITORY_FOREIGN"
    assert tree(models / name) == before
    assert read_published(models) == ()


def test_a_bundle_that_fails_its_hash_is_not_published(bundle: Path, models: Path) -> None:
    (bundle / TEXT).write_text("other", "utf-8")
    with pytest.raises(BundleError):
        publish(bundle, models, options=CPU)
    assert not models.exists()


def test_no_repository_says_how_to_make_one(models: Path) -> None:
    for ask in (read_published, lambda place: unpublish(place, "shop")):
        with pytest.raises(RepositoryError, match="omnishelf triton publish") as refused:
            ask(models)
        assert refused.value.reason == "REPOSITORY_NOT_FOUND"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [({"config.pbtxt": "nonsense: 1"}, "REPOSITORY_CONFIG"), ({}, "REPOSITORY_NOT_FOUND")],
)
def test_a_configuration_that_triton_cannot_read(
    bundle: Path, models: Path, spoil: Mapping[str, str], reason: str
) -> None:
    name = publish(bundle, models, options=CPU).models[0].name
    for file, text in spoil.items():
        (models / name / file).write_text(text, "utf-8")
    with pytest.raises(RepositoryError) as refused:
        read_config(models, name if spoil else "unknown")
    assert refused.value.reason == reason
