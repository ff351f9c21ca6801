"""The torch text encoder and its ONNX graph, held to each other and to a plain numpy BERT."""

import math

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.quantize import compress  # noqa: E402
from exporter.towers.text_encoder import EncoderShape, TextEncoder  # noqa: E402
from exporter.towers.text_graph import text_graph  # noqa: E402

Floats = NDArray[np.float64]
Weights = dict[str, NDArray[np.float32]]

BERT = EncoderShape(
    vocabulary=50,
    table_width=24,
    width=24,
    layers=2,
    heads=3,
    inner=40,
    positions=128,
    dimension=24,
)
LIFTED = EncoderShape(
    vocabulary=700,
    table_width=8,
    width=24,
    layers=1,
    heads=2,
    inner=40,
    positions=128,
    dimension=12,
)
SHAPES = [pytest.param(BERT, id="bert"), pytest.param(LIFTED, id="lifted and projected")]


def encoder(shape: EncoderShape) -> TextEncoder:
    torch.manual_seed(3)
    built = TextEncoder(shape).eval().requires_grad_(requires_grad=False)
    for value in built.parameters():
        value.add_(0.3 * torch.randn_like(value))
    return built


def weights(built: TextEncoder) -> dict[str, NDArray[np.float32]]:
    return {name: value.numpy() for name, value in built.state_dict().items()}


def session(model: object) -> ort.InferenceSession:
    return ort.InferenceSession(
        model.SerializeToString(),  # type: ignore[attr-defined]
        providers=["CPUExecutionProvider"],
    )


def batch(n: int, t: int, *, vocabulary: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    random = np.random.default_rng(n * 1000 + t)
    lengths = random.integers(1, t + 1, size=n)
    lengths[0] = t
    mask = (np.arange(t)[None] < lengths[:, None]).astype(np.int64)
    return random.integers(0, vocabulary, size=(n, t)), mask


def run(model: ort.InferenceSession, ids: object, mask: object) -> NDArray[np.float32]:
    answer: NDArray[np.float32] = model.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return answer


def norm(values: Floats, layer: str, weight: Weights) -> Floats:
    centred = values - values.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    normed: Floats = scaled * weight[f"{layer}.weight"] + weight[f"{layer}.bias"]
    return normed


def linear(values: Floats, layer: str, weight: Weights) -> Floats:
    product: Floats = values @ weight[f"{layer}.weight"].T.astype(np.float64)
    return product + weight[f"{layer}.bias"]


def plain_bert(ids: list[int], weight: Weights) -> Floats:
    """One text through the published definition of BERT, head by head, in float64."""
    erf = np.vectorize(math.erf)
    states = weight["tokens.weight"][ids].astype(np.float64)
    states = norm(states + weight["positions.weight"][: len(ids)], "norm", weight)
    for layer in range(BERT.layers):
        mixed = linear(states, f"layers.{layer}.mix", weight)
        query, key, value = np.split(mixed, 3, axis=1)
        heads = []
        for head in range(BERT.heads):
            part = slice(head * 8, head * 8 + 8)
            scores = query[:, part] @ key[:, part].T / math.sqrt(8)
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            heads.append(shares / shares.sum(axis=1, keepdims=True) @ value[:, part])
        merged = linear(np.concatenate(heads, axis=1), f"layers.{layer}.merge", weight)
        states = norm(states + merged, f"layers.{layer}.merge_norm", weight)
        inner = linear(states, f"layers.{layer}.up", weight)
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        down = linear(inner, f"layers.{layer}.down", weight)
        states = norm(states + down, f"layers.{layer}.down_norm", weight)
    pooled: Floats = states.mean(axis=0)
    return pooled / float(np.linalg.norm(pooled))


def test_the_encoder_is_bert_with_mean_pooling_and_unit_norm() -> None:
    built = encoder(BERT)
    ids = [7, 3, 44, 0, 12]
    answer = built(torch.tensor([ids]), torch.ones(1, 5, dtype=torch.int64))
    assert answer[0].numpy() == pytest.approx(plain_bert(ids, weights(built)), abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "t"), [(1, 1), (1, 128), (2, 7), (32, 1), (32, 128), (5, 33)])
def test_the_graph_agrees_with_torch_for_every_batch_size_and_length(
    shape: EncoderShape, n: int, t: int
) -> None:
    built = encoder(shape)
    ids, mask = batch(n, t, vocabulary=shape.vocabulary)
    expected = built(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    answer = run(session(text_graph(shape, weights(built))), ids, mask)
    assert answer.shape == (n, shape.dimension)
    assert np.abs(answer - expected).max() < 1e-5
    assert np.linalg.norm(answer, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_padding_changes_nothing(shape: EncoderShape) -> None:
    model = session(text_graph(shape, weights(encoder(shape))))
    alone = run(model, np.array([[5, 9, 2]]), np.ones((1, 3), np.int64))
    padded = run(model, np.array([[5, 9, 2, 0, 0]]), np.array([[1, 1, 1, 0, 0]]))
    assert np.abs(alone - padded).max() < 1e-6


def test_tokens_may_share_rows() -> None:
    built = encoder(LIFTED)
    rows = np.arange(LIFTED.vocabulary + 2, dtype=np.int32)
    rows[-2:] = (4, 9)
    model = session(text_graph(LIFTED, weights(built), rows=rows))
    ones = np.ones((1, 2), np.int64)
    shared = run(model, np.array([[700, 701]]), ones)
    assert np.array_equal(shared, run(model, np.array([[4, 9]]), ones))


@pytest.mark.parametrize(("precision", "worst"), [("int8", 0.999), ("fp16", 0.999999)])
def test_narrow_storage_keeps_the_vectors(precision: str, worst: float) -> None:
    graph = text_graph(LIFTED, weights(encoder(LIFTED)))
    small = compress(graph, precision=precision)  # type: ignore[arg-type]
    ids, mask = batch(20, 9, vocabulary=LIFTED.vocabulary)
    cosines = (run(session(graph), ids, mask) * run(session(small), ids, mask)).sum(axis=1)
    assert cosines.min() > worst
