"""What a source may be, and what it is called."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.sources.errors import SourceError
from exporter.sources.load import _named, load_source


def refused(source: str, reason: str, said: str, *, checkpoint: Path | None = None) -> None:
    with pytest.raises(SourceError, match=said) as refusal:
        load_source(source, checkpoint=checkpoint)
    assert refusal.value.reason == reason


def test_a_directory_of_other_things_is_described(tmp_path: Path) -> None:
    refused(str(tmp_path), "SOURCE_NOT_A_MODEL", "no model but nothing")
    for number in range(9):
        (tmp_path / f"photo{number}.jpg").touch()
    refused(str(tmp_path), "SOURCE_NOT_A_MODEL", "photo0.jpg, .*photo7.jpg, …; expected are config")


def test_a_bare_configuration_needs_itself_and_weights(tmp_path: Path) -> None:
    config = tmp_path / "ViT-B-32.json"
    refused(f"openclip:{config}", "SOURCE_NOT_FOUND", "is no file", checkpoint=tmp_path / "a.pt")
    config.write_text("{}", "utf-8")
    refused(f"openclip:{config}", "SOURCE_NOT_FOUND", "add a checkpoint")


def test_a_checkpoint_is_not_for_a_model_with_weights(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    source = str(models("clip"))
    refused(source, "SOURCE_UNSUPPORTED", "brings its own weights", checkpoint=tmp_path / "a.pt")


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", "名"])
def test_a_name_that_no_bundle_can_have_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="letters, digits") as refusal:
        load_source("org/name", name=name)
    assert refusal.value.reason == "SOURCE_NAME"


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("google/siglip2-base-patch16-224", "siglip2-base-patch16-224"),
        ("My model (v2)", "My-model-v2"),
        ("模型", "model"),
        (".hidden", "hidden"),
    ],
)
def test_a_model_is_called_as_its_home(origin: str, name: str) -> None:
    assert _named(origin) == name


def test_a_name_that_was_given_is_kept(models: Callable[[str], Path]) -> None:
    assert load_source(str(models("clip")), name="shop-clip_1.0").name == "shop-clip_1.0"
