"""Published tokenizers as one document: the ids of awkward texts are the reference's."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from tokenizers import Tokenizer
from transformers import AutoTokenizer

from exporter.sources.errors import SourceError
from exporter.sources.tokenizer_files import PublishedTokenizer, read_tokenizer
from tests.exporter.sources.awkward_texts import AWKWARD, ESCAPED

Models = Callable[[str], Path]


def read(directory: Path, model_type: str, vocabulary: int = 1000) -> PublishedTokenizer:
    return read_tokenizer(directory, model_type=model_type, positions=24, vocabulary=vocabulary)


@pytest.mark.parametrize("name", ["clip", "siglip", "siglip2", "chinese_clip"])
def test_awkward_texts_get_the_ids_of_the_reference(models: Models, name: str) -> None:
    published = read(models(name), name)
    reference = AutoTokenizer.from_pretrained(models(name))
    tokenizer = Tokenizer.from_str(published.document)
    tokenizer.enable_truncation(published.max_tokens)

    for text in (*AWKWARD, *ESCAPED):
        expected = reference(text, truncation=True, max_length=published.max_tokens)["input_ids"]
        assert tokenizer.encode(text).ids == expected, text


@pytest.mark.parametrize(
    ("name", "length", "padding", "pad", "last"),
    [
        ("clip", 16, "longest", "<|endoftext|>", "<|endoftext|>"),
        ("siglip", 16, "fixed", "</s>", "</s>"),
        ("siglip2", 16, "fixed", "<pad>", "<eos>"),
        ("chinese_clip", 24, "longest", "[PAD]", "[SEP]"),
    ],
)
def test_a_text_too_long_keeps_its_last_token(  # noqa: PLR0917 - a row of the table
    models: Models, name: str, length: int, padding: str, pad: str, last: str
) -> None:
    published = read(models(name), name)
    tokenizer = Tokenizer.from_str(published.document)
    assert tokenizer.padding is None
    assert tokenizer.truncation is None
    tokenizer.enable_truncation(published.max_tokens)
    tokens = tokenizer.encode("red " * 300).tokens

    assert (published.max_tokens, len(tokens), tokens[-1]) == (length, length, last)
    assert (published.padding, tokenizer.id_to_token(published.pad_id)) == (padding, pad)


def test_the_tokenizer_of_gemma_is_lowered_for_siglip_2(copies: Models) -> None:
    directory = copies("siglip2")
    path = directory / "tokenizer_config.json"
    settings = json.loads(path.read_text("utf-8")) | {"tokenizer_class": "GemmaTokenizer"}
    path.write_text(json.dumps(settings), "utf-8")
    tokenizer = Tokenizer.from_str(read(directory, "siglip").document)

    assert tokenizer.encode("RED Shoes").ids == tokenizer.encode("red shoes").ids
    assert tokenizer.encode("red").tokens == ["red", "<eos>"]


def test_vocabulary_and_merges_apart_are_a_tokenizer(copies: Models) -> None:
    directory = copies("clip")
    whole = read(directory, "clip").document
    model = json.loads((directory / "tokenizer.json").read_text("utf-8"))["model"]
    (directory / "tokenizer.json").unlink()
    (directory / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    merges = "\n".join(["#version: 0.2", *(" ".join(merge) for merge in model["merges"])])
    (directory / "merges.txt").write_text(merges, "utf-8")
    apart = Tokenizer.from_str(read(directory, "clip").document)

    for text in AWKWARD:
        assert apart.encode(text).ids == Tokenizer.from_str(whole).encode(text).ids


def test_padding_on_the_left_is_refused(copies: Models) -> None:
    directory = copies("siglip2")
    path = directory / "tokenizer_config.json"
    settings = json.loads(path.read_text("utf-8")) | {"padding_side": "left"}
    path.write_text(json.dumps(settings), "utf-8")

    assert_refused(directory, "siglip2", "on the left")


def test_a_tokenizer_larger_than_the_model_is_refused(models: Models) -> None:
    assert_refused(models("clip"), "clip", "523 tokens and the model 522", vocabulary=522)


def test_no_tokenizer_is_not_made_up(copies: Models) -> None:
    directory = copies("chinese_clip")
    (directory / "tokenizer.json").unlink()

    assert_refused(directory, "chinese_clip", "put its files there")


@pytest.mark.parametrize(
    "change", [{"model": {"type": "No"}}, {"normalizer": {"type": "No"}}, {"model": 3}]
)
def test_a_malformed_tokenizer_is_refused(copies: Models, change: dict[str, object]) -> None:
    directory = copies("clip")
    path = directory / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")

    assert_refused(directory, "clip", "cannot be read")


def assert_refused(directory: Path, model_type: str, said: str, *, vocabulary: int = 1000) -> None:
    with pytest.raises(SourceError, match=said) as refusal:
        read(directory, model_type, vocabulary)
    assert refusal.value.reason == "SOURCE_TOKENIZER"
