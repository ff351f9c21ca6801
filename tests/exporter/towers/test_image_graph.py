"""The image tower's graph held to torch and numpy, with a small trunk and random weights."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import onnx
import onnxruntime
import torch

from exporter.tower_features import FeatureReader, read_classifier
from exporter.towers.colour_branch import colour_features, feature_count
from exporter.towers.image_graph import image_graph
from exporter.towers.image_head import unit, zero_shot_head
from exporter.towers.lite_module import EfficientNetLite, load_module
from exporter.towers.lite_plan import CLASSES, TOP_CHANNELS, Variant

SMALL = Variant(name="small", width=0.25, depth=0.4, resolution=104)
DIMENSION = 16


def random_weights(variant: Variant) -> dict[str, torch.Tensor]:
    """Weights with running statistics away from their defaults, so that folding is tested."""
    torch.manual_seed(5)
    weights = EfficientNetLite(variant).state_dict()
    for name, value in weights.items():
        if name.endswith("running_var"):
            weights[name] = torch.rand_like(value) + 0.5
        elif name.endswith(("running_mean", "bn0.bias", "bn1.bias", "bn2.bias")):
            weights[name] = torch.randn_like(value) * 0.1
    return weights


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return random_weights(SMALL)


@pytest.fixture(scope="module")
def words() -> np.ndarray:
    return unit(np.random.default_rng(2).normal(size=(CLASSES, DIMENSION)))


@pytest.fixture(scope="module")
def tower(weights: dict[str, torch.Tensor], words: np.ndarray) -> onnx.ModelProto:
    return image_graph(
        SMALL,
        {name: value.numpy().astype(np.float32) for name, value in weights.items()},
        class_names=[f"thing {number}" for number in range(CLASSES)],
        class_words=words,
        head=zero_shot_head(
            features=TOP_CHANNELS + feature_count() + DIMENSION, dimension=DIMENSION
        ),
    )


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    side = SMALL.resolution
    return np.random.default_rng(4).integers(0, 256, (3, side, side, 3), dtype=np.uint8)


def test_features_are_torchs_trunk_and_numpys_colours(
    tower: onnx.ModelProto, weights: dict[str, torch.Tensor], pixels: np.ndarray, words: np.ndarray
) -> None:
    pooled, logits = load_module(SMALL, weights)(torch.from_numpy(pixels))
    found = FeatureReader(tower).read(pixels).features
    assert found[:, :TOP_CHANNELS] == pytest.approx(pooled.numpy(), abs=1e-4)
    colours = found[:, TOP_CHANNELS:-DIMENSION]
    assert colours == pytest.approx(colour_features(pixels), abs=1e-4)
    shares = torch.softmax(logits / 0.7, dim=1).numpy()
    assert found[:, -DIMENSION:] == pytest.approx(shares @ words, abs=1e-4)


@pytest.mark.parametrize("count", [1, 2])
def test_the_contract(tower: onnx.ModelProto, pixels: np.ndarray, count: int) -> None:
    session = onnxruntime.InferenceSession(
        tower.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert [(given.name, given.type) for given in session.get_inputs()] == [
        ("pixels", "tensor(uint8)")
    ]
    assert [(given.name, given.shape) for given in session.get_outputs()] == [
        ("embedding", ["n", DIMENSION])
    ]
    (embedding,) = session.run(None, {"pixels": pixels[:count]})
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_the_classifier_can_be_read_back(tower: onnx.ModelProto, pixels: np.ndarray) -> None:
    classifier = read_classifier(tower)
    features = FeatureReader(tower).read(pixels).features
    prior = classifier.prior(features[:, :TOP_CHANNELS])
    assert classifier.names[7] == "thing 7"
    assert prior == pytest.approx(features[:, -DIMENSION:], abs=1e-5)


def test_a_resolution_that_the_colour_cells_do_not_divide_is_refused(
    weights: dict[str, torch.Tensor], words: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="not a multiple"):
        image_graph(
            Variant(name="odd", width=0.25, depth=0.4, resolution=100),
            {name: value.numpy().astype(np.float32) for name, value in weights.items()},
            class_names=[],
            class_words=words,
            head=zero_shot_head(features=DIMENSION + 1, dimension=DIMENSION),
        )
