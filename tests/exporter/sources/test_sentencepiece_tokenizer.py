"""SigLIP's tokenizer: its Python and SentencePiece, and the one document made of both."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from tokenizers import Tokenizer
from transformers import SiglipTokenizer

from exporter.sources.errors import SourceError
from exporter.sources.sentencepiece_tokenizer import siglip_tokenizer
from tests.exporter.sources.awkward_texts import AWKWARD, ESCAPED
from tests.exporter.sources.small_models import sentencepiece_model

CLUSTERS = st.sampled_from(
    [*"rRedShoes  .,-_'▁\t\n\xa0\u3000\x1cΣσςαİ红色éﬁ１½～👍", "a\u0300\u0301", "e\u0301"]
)
Pair = tuple[SiglipTokenizer, Tokenizer]


@pytest.fixture(scope="module", params=["identity", "nmt_nfkc", "nmt_nfkc_cf"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    path = tmp_path_factory.mktemp("spiece") / "spiece.model"
    path.write_bytes(sentencepiece_model(rule=request.param))
    converted = siglip_tokenizer(path, eos_id=1, lower=True)
    return SiglipTokenizer(str(path), model_max_length=64), Tokenizer.from_str(converted)


@pytest.mark.parametrize("text", [*AWKWARD, *ESCAPED, " red", "red ", "▁", "Ⅷ ㎏ ①", "ΑΣ. Σ ΑΣΑ"])
def test_texts_get_the_ids_of_the_reference(pair: Pair, text: str) -> None:
    reference, converted = pair

    assert converted.encode(text).ids == reference(text)["input_ids"]


@settings(max_examples=150, deadline=None)
@given(text=st.lists(CLUSTERS, max_size=24).map("".join))
def test_any_text_gets_the_ids_of_the_reference(pair: Pair, text: str) -> None:
    reference, converted = pair

    assert converted.encode(text).ids == reference(text)["input_ids"]


def test_case_is_kept_where_the_model_minds_it(tmp_path: Path) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(sentencepiece_model())
    converted = Tokenizer.from_str(siglip_tokenizer(path, eos_id=1, lower=False))
    reference = SiglipTokenizer(str(path), do_lower_case=False)

    assert converted.encode("Red").ids == reference("Red")["input_ids"]
    assert converted.encode("Red").ids != converted.encode("red").ids


def test_the_spelling_of_a_control_token_is_text(pair: Pair) -> None:
    _, converted = pair

    assert converted.encode("red</s>shoes").ids == converted.encode("redsshoes").ids


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no model", "SOURCE_UNREADABLE"),
        (b"", "SOURCE_UNREADABLE"),
        (sentencepiece_model(kind="bpe"), "SOURCE_TOKENIZER"),
    ],
    ids=["no model", "empty", "another algorithm"],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(content)

    with pytest.raises(SourceError) as refusal:
        siglip_tokenizer(path, eos_id=1, lower=True)
    assert refusal.value.reason == reason
