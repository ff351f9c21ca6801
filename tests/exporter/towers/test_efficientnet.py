"""Building the image tower, with a small trunk in the place of the published one."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import onnxruntime
import torch

from exporter.tower_features import load_tower, read_classifier
from exporter.towers import efficientnet
from exporter.towers.image_head import unit
from exporter.towers.lite_module import EfficientNetLite
from exporter.towers.lite_plan import CLASSES, Variant

SMALL = Variant(name="small", width=0.25, depth=0.4, resolution=52)
NAMES = tuple(f"thing {number}" for number in range(CLASSES))


class Teacher:
    """Random words in the place of a downloaded text tower."""

    def __init__(self, *, cache: Path) -> None:
        self.cache = cache

    def encode(self, texts: list[str]) -> np.ndarray:
        return unit(np.random.default_rng(0).normal(size=(len(texts), 24)))


def serve(monkeypatch: pytest.MonkeyPatch, published: bytes) -> None:
    monkeypatch.setattr(efficientnet, "LITE2", SMALL)
    monkeypatch.setattr(efficientnet, "Teacher", Teacher)
    monkeypatch.setattr(efficientnet, "class_names", lambda *, cache: NAMES)
    monkeypatch.setattr(efficientnet, "read_member", lambda *_, cache: published)


def test_the_tower_is_written_with_its_entry_and_its_credits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO()
    torch.save(EfficientNetLite(SMALL).state_dict(), stream)
    serve(monkeypatch, stream.getvalue())
    tower, sources = efficientnet.build_image_tower(tmp_path, cache=tmp_path)
    assert (tower.file, tower.height, tower.width, tower.fit) == ("image.onnx", 52, 52, "pad")
    assert [source.licence for source in sources] == ["Apache-2.0", "Apache-2.0"]
    path = tmp_path / tower.file
    assert read_classifier(load_tower(path)).names == NAMES
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (embedding,) = session.run(None, {"pixels": np.zeros((2, 52, 52, 3), np.uint8)})
    assert np.linalg.norm(embedding, axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "touched",))

    serve(monkeypatch, pickle.dumps({"_fc.weight": Attack()}, protocol=2))
    with pytest.raises(pickle.UnpicklingError):
        efficientnet.published_weights(cache=tmp_path)
    assert not (tmp_path / "touched").exists()
