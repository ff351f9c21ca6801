"""Token ids for towers from elsewhere are those of the tokenizers that their models come with."""

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec import Manifest, TextTower
from server.encoders.text import TextPreparer, canonical

pytest.importorskip("transformers")

from tokenizers.pre_tokenizers import ByteLevel
from transformers import BertTokenizer, CLIPTokenizer, PreTrainedTokenizerBase

LENGTH = 12
TEXTS = [
    "red shoes",
    "  RED\tShoes \n",
    "ｒｅｄ shoes",
    "red\u200bshoes\ufeff",
    "cafe\u0301 café",
    "红色跑步鞋 shoes",
    "😀👩\u200d👧 ﬁt ①",
    "<|endoftext|> red [SEP] shoes",
    "it's 1,234.5 don't",
    "shoes " * 40,
    "红" * 40,
    "a",
]


def clip_tokenizer() -> PreTrainedTokenizerBase:
    alphabet = sorted(ByteLevel.alphabet())
    merges: Any = [("r", "e"), ("re", "d</w>"), ("s", "h"), ("o", "e"), ("oe", "s</w>")]
    pieces = [*alphabet, *(f"{symbol}</w>" for symbol in alphabet)]
    pieces += [left + right for left, right in merges] + ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: row for row, piece in enumerate(pieces)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges)


def bert_tokenizer() -> PreTrainedTokenizerBase:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *"红色跑鞋,.'", "red"]
    pieces += [f"##{letter}" for letter in letters] + ["shoe", "##oes"]
    return BertTokenizer(vocab={piece: row for row, piece in enumerate(pieces)})


TOKENIZERS = {"clip": clip_tokenizer(), "bert": bert_tokenizer()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("towers")
    for name, tokenizer in TOKENIZERS.items():
        (path / f"{name}.json").write_text(tokenizer.backend_tokenizer.to_str(), "utf-8")
    return path


def preparer(folder: Path, name: str, *, padding: Literal["longest", "fixed"]) -> TextPreparer:
    tower = TextTower(
        file="text.onnx",
        tokenizer=f"{name}.json",
        max_tokens=LENGTH,
        pad_id=TOKENIZERS[name].pad_token_id,
        cleaning="verbatim",
        padding=padding,
    )
    return TextPreparer(
        folder,
        Manifest(name="test", version="1", dimension=2, text=(tower,), image=None, files={}),
    )


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize(
    ("ours", "theirs"), [("fixed", "max_length"), ("longest", "longest")], ids=["fixed", "longest"]
)
def test_ids_and_mask_are_the_reference_s(
    folder: Path, name: str, ours: Literal["fixed", "longest"], theirs: str
) -> None:
    wanted = TOKENIZERS[name](TEXTS, padding=theirs, truncation=True, max_length=LENGTH)
    [batch] = preparer(folder, name, padding=ours).prepare(TEXTS)
    assert batch.input_ids.tolist() == wanted["input_ids"]
    assert batch.attention_mask.tolist() == wanted["attention_mask"]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_any_text_is_tokenised_as_by_the_reference(folder: Path, name: str) -> None:
    ours = preparer(folder, name, padding="fixed")

    # Without lone surrogates, which the reference refuses.
    @given(st.text(st.characters(exclude_categories=["Cs"])).filter(canonical))
    def agrees(text: str) -> None:
        wanted = TOKENIZERS[name](text, padding="max_length", truncation=True, max_length=LENGTH)
        [batch] = ours.prepare([text])
        assert batch.input_ids.tolist() == [wanted["input_ids"]]

    agrees()
