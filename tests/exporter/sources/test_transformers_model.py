"""Models of `transformers`, brought in and compared with themselves under its own processors."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")

from safetensors.torch import load_file, save_file  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from transformers import AutoModel, AutoTokenizer  # noqa: E402

from exporter.sources.errors import SourceError  # noqa: E402
from exporter.sources.load import load_source  # noqa: E402
from exporter.sources.model import TextSource  # noqa: E402
from exporter.sources.preprocessing import _PROCESSORS  # noqa: E402
from tests.exporter.sources.awkward_texts import AWKWARD  # noqa: E402

EVERY = ("clip", "siglip", "siglip2", "chinese_clip")
Models = Callable[[str], Path]


def ids(text: TextSource, texts: tuple[str, ...]) -> tuple[Any, Any]:
    """Tokenise as the server does: cut to the tower's length, pad on the right."""
    tokenizer = Tokenizer.from_str(text.tokenizer)
    tokenizer.enable_truncation(text.max_tokens)
    fixed = text.max_tokens if text.padding == "fixed" else None
    tokenizer.enable_padding(pad_id=text.pad_id, length=fixed)
    rows = tokenizer.encode_batch(list(texts))
    return (
        torch.tensor([row.ids for row in rows]),
        torch.tensor([row.attention_mask for row in rows]),
    )


@pytest.mark.parametrize("name", EVERY)
def test_texts_get_the_vectors_of_the_published_model(models: Models, name: str) -> None:
    loaded = load_source(str(models(name)))
    own = AutoModel.from_pretrained(models(name)).eval()
    tokenizer = AutoTokenizer.from_pretrained(models(name))
    fixed = name in {"siglip", "siglip2"}
    encoded = tokenizer(
        list(AWKWARD),
        padding="max_length" if fixed else True,
        truncation=True,
        max_length=loaded.text.max_tokens,
        return_tensors="pt",
    )
    mask = {} if fixed else {"attention_mask": encoded["attention_mask"]}
    with torch.no_grad():
        expected = own.get_text_features(encoded["input_ids"], **mask).pooler_output
        found = loaded.text.module(*ids(loaded.text, AWKWARD))

    expected = expected / expected.norm(dim=-1, keepdim=True)
    assert found.shape == (len(AWKWARD), loaded.dimension) == (len(AWKWARD), 32)
    # A unit vector's entries, summed in an order that differs from machine to machine.
    assert float((found - expected).abs().max()) < 5e-6
    assert float((expected[0] - expected[1]).abs().max()) > 1e-3, "texts have to tell apart"


@pytest.mark.parametrize("name", EVERY)
def test_a_text_has_one_vector_alone_and_in_a_batch(models: Models, name: str) -> None:
    loaded = load_source(str(models(name)))
    with torch.no_grad():
        alone = loaded.text.module(*ids(loaded.text, ("red shoes",)))
        among = loaded.text.module(*ids(loaded.text, ("a very long blue shirt", "red shoes")))

    assert float((alone[0] - among[1]).abs().max()) < 1e-6


@pytest.mark.parametrize("name", EVERY)
def test_pictures_get_the_vectors_of_the_published_model(models: Models, name: str) -> None:
    loaded = load_source(str(models(name)))
    settings = json.loads((models(name) / "preprocessor_config.json").read_text("utf-8"))
    kind = _PROCESSORS[settings.pop("image_processor_type")]
    # The one shape on which the patches of SigLIP 2 fall into the fixed grid of themselves.
    shape = (70, 70, 3) if name == "siglip2" else (61, 90, 3)
    values = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    picture = Image.fromarray(values)
    bare = kind(**{**settings, "do_rescale": False, "do_normalize": False})(
        picture, return_tensors="np"
    )["pixel_values"]
    tower = loaded.image.tower
    if name == "siglip2":  # 3 by 3 patches of 8 pixels, channels last
        bare = bare.reshape(3, 3, 8, 8, 3).transpose(0, 2, 1, 3, 4)[None]
        bare = bare.reshape(1, 24, 24, 3)
    else:
        bare = bare.transpose(0, 2, 3, 1)
    with torch.no_grad():
        own = AutoModel.from_pretrained(models(name)).eval()
        given = dict(kind(**settings)(picture, return_tensors="pt"))
        expected = own.get_image_features(**given).pooler_output
        found = loaded.image.module(torch.tensor(bare.astype(np.uint8)))

    assert bare.shape[1:3] == (tower.height, tower.width)
    expected = expected / expected.norm(dim=-1, keepdim=True)
    # A unit vector's entries, summed in an order that differs from machine to machine.
    assert float((found - expected).abs().max()) < 5e-6


def test_a_model_says_whose_it_is(models: Models) -> None:
    loaded = load_source(str(models("clip")))

    assert (loaded.name, loaded.family, loaded.source.licence) == ("clip", "clip", "apache-2.0")
    assert len(loaded.source.sha256) == 64
    assert not any(weight.requires_grad for weight in loaded.text.module.parameters())


def test_shards_are_one_model(copies: Models) -> None:
    directory = copies("clip")
    whole = load_source(str(directory))
    weights = load_file(directory / "model.safetensors")
    (directory / "model.safetensors").unlink()
    names = sorted(weights)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, held in shards.items():
        save_file({name: weights[name] for name in held}, directory / file)
    places = {name: file for file, held in shards.items() for name in held}
    index = directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}), "utf-8")
    loaded = load_source(str(directory))
    pixels = torch.zeros((1, 32, 32, 3), dtype=torch.uint8)

    assert torch.allclose(loaded.image.module(pixels), whole.image.module(pixels), atol=1e-6)
    assert loaded.source.sha256 != whole.source.sha256
    (directory / "b.safetensors").unlink()
    assert_refused(directory, "SOURCE_WEIGHTS", "b.safetensors")


def test_weights_that_do_not_fit_are_named(copies: Models) -> None:
    directory = copies("siglip")
    weights = load_file(directory / "model.safetensors")
    weights.pop("vision_model.post_layernorm.bias")
    weights["text_model.head.weight"] = torch.zeros(3, 3)
    weights["one.more"] = torch.zeros(1)
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})

    message = assert_refused(directory, "SOURCE_WEIGHTS", "1 missing")
    assert "vision_model.post_layernorm.bias" in message
    assert "1 unexpected (one.more)" in message
    assert "1 misshapen (text_model.head.weight)" in message


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def pickled(path: Path) -> None:
    path.rename(path.with_name("pytorch_model.bin"))


@pytest.mark.parametrize(
    ("file", "change", "reason", "said"),
    [
        ("model.safetensors", cut, "SOURCE_UNREADABLE", "cut short"),
        ("model.safetensors", pickled, "SOURCE_PICKLED", "safe_serialization"),
        ("model.safetensors", Path.unlink, "SOURCE_WEIGHTS", "no model.safetensors"),
        ("config.json", cut, "SOURCE_UNREADABLE", "not JSON"),
        ("tokenizer.json", cut, "SOURCE_UNREADABLE", "not JSON"),
        ("tokenizer.json", Path.unlink, "SOURCE_TOKENIZER", "merges.txt"),
    ],
)
def test_a_broken_directory_is_refused(
    copies: Models, file: str, change: Callable[[Path], None], reason: str, said: str
) -> None:
    directory = copies("clip")
    change(directory / file)

    assert_refused(directory, reason, said)


def test_another_architecture_is_named(copies: Models) -> None:
    directory = copies("clip")
    (directory / "config.json").write_text('{"model_type": "blip"}', "utf-8")

    assert_refused(directory, "SOURCE_UNSUPPORTED", "blip")


def test_an_end_token_of_another_model_is_refused(copies: Models) -> None:
    directory = copies("clip")
    config = json.loads((directory / "config.json").read_text("utf-8"))
    config["text_config"]["eos_token_id"] = 7
    (directory / "config.json").write_text(json.dumps(config), "utf-8")

    assert_refused(directory, "SOURCE_TOKENIZER", "reads a text at token 7")


def assert_refused(directory: Path, reason: str, said: str) -> str:
    with pytest.raises(SourceError, match=said) as refusal:
        load_source(str(directory))
    assert refusal.value.reason == reason
    return str(refusal.value)
