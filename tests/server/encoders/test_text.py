"""Texts prepared for the towers of a bundle with one tower for Han and one for everything."""

import json
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from exporter.spec import STARTER_DIRECTORY, Manifest, TextTower, load_manifest
from server.encoders.text import TextPreparer, TokenBatch, canonical
from server.errors import DataCorrupted, FailedPrecondition, InvalidRequest

WORDS = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "blue": 3, "pants": 4, "蓝": 5, "裤": 6}
HAN = TextTower(file="zh.onnx", tokenizer="zh.json", max_tokens=4, scripts=("Han",))
ANY = TextTower(file="en.onnx", tokenizer="en.json", max_tokens=8)


def write_tokenizer(path: Path, *, split: str) -> None:
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))  # noqa: S106 - a token's name
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Split("", "isolated")
        if split == "characters"
        else pre_tokenizers.WhitespaceSplit()
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(path))


def bundle(*towers: TextTower) -> Manifest:
    return Manifest(
        name="test", version="1", dimension=2, text=towers, image=None, files={}, lexicon=None
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle")
    write_tokenizer(path / "zh.json", split="characters")
    write_tokenizer(path / "en.json", split="words")
    return path


@pytest.fixture(scope="module")
def preparer(folder: Path) -> TextPreparer:
    return TextPreparer(folder, bundle(HAN, ANY))


def as_lists(batch: TokenBatch) -> Mapping[str, object]:
    return {
        "tower": batch.tower,
        "rows": batch.rows.tolist(),
        "ids": batch.input_ids.tolist(),
        "mask": batch.attention_mask.tolist(),
    }


def test_each_text_goes_to_the_tower_of_its_script(preparer: TextPreparer) -> None:
    batches = preparer.prepare(["blue pants", "蓝裤", "pants", "蓝"])
    assert [as_lists(batch) for batch in batches] == [
        {"tower": 0, "rows": [1, 3], "ids": [[2, 5, 6], [2, 5, 0]], "mask": [[1, 1, 1], [1, 1, 0]]},
        {"tower": 1, "rows": [0, 2], "ids": [[2, 3, 4], [2, 4, 0]], "mask": [[1, 1, 1], [1, 1, 0]]},
    ]


@pytest.mark.parametrize(
    ("text", "tower"),
    [
        ("blue pants", 1),
        ("蓝色长裤", 0),
        ("藍色長褲", 0),
        ("Nike 黑色T恤", 0),
        ("ズボン", 1),
        ("青いズボン", 0),
        ("바지", 1),
        ("😀", 1),
        ("２０", 1),
        ("〇", 0),
        ("𠮷", 0),
        ("。、", 1),
    ],
)
def test_a_text_with_any_han_character_is_chinese(
    preparer: TextPreparer, text: str, tower: int
) -> None:
    assert preparer.tower(text) == tower
    [batch] = preparer.prepare([text])
    assert batch.tower == tower


@pytest.mark.parametrize(
    ("text", "length"),
    [("pants " * 300, 8), ("裤" * 10_000, 4), ("pants", 2), ("蓝" * 3, 4), ("😀🎽", 2)],
)
def test_long_texts_are_cut_to_the_tower_s_length(
    preparer: TextPreparer, text: str, length: int
) -> None:
    [batch] = preparer.prepare([text])
    assert batch.input_ids.shape == (1, length)
    assert batch.attention_mask.all()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("blue pants", "blue pants"),
        ("  blue \t\n  pants ", "blue pants"),
        ("ｂｌｕｅ　ｐａｎｔｓ", "blue pants"),
        ("blue\u200bpants\ufeff", "bluepants"),
        ("\u202eblue", "blue"),
        ("blue\x00\x07", "blue"),
        ("\ud800blue", "blue"),
        ("cafe\u0301", "caf\u00e9"),
        ("ﬁt", "fit"),
        ("blue\u00a0pants", "blue pants"),
        ("\u2028\u3000", ""),
        ("👩\u200d👧", "👩👧"),
        ("", ""),
    ],
)
def test_the_canonical_form(text: str, cleaned: str) -> None:
    assert canonical(text) == cleaned


@given(st.text())
def test_the_canonical_form_is_its_own_and_holds_nothing_invisible(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    assert not {unicodedata.category(each) for each in once} & {"Cc", "Cf", "Cs"}
    assert once == once.strip()


@pytest.mark.parametrize("text", ["", "   ", "\u200b\ufeff", "\n\t", "\x00"])
def test_a_text_of_nothing_is_refused_by_its_place(preparer: TextPreparer, text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        preparer.prepare(["pants", text, text])
    assert [(each.field, each.reason) for each in caught.value.violations] == [
        ("texts[1]", "TEXT_EMPTY"),
        ("texts[2]", "TEXT_EMPTY"),
    ]


def test_no_texts_are_an_error(preparer: TextPreparer) -> None:
    with pytest.raises(InvalidRequest) as caught:
        preparer.prepare([])
    assert caught.value.reason == "TEXT_MISSING"


def test_fixed_padding_fills_every_row_to_the_tower_s_length(folder: Path) -> None:
    tower = replace(ANY, padding="fixed", pad_id=1, max_tokens=5)
    [batch] = TextPreparer(folder, bundle(tower)).prepare(["blue pants", "pants " * 9])
    assert batch.input_ids.tolist() == [[2, 3, 4, 1, 1], [2, 4, 4, 4, 4]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]


def test_padding_to_the_longest_uses_the_tower_s_own_token(folder: Path) -> None:
    tower = replace(ANY, pad_id=6)
    [batch] = TextPreparer(folder, bundle(tower)).prepare(["blue pants", "pants"])
    assert batch.input_ids.tolist() == [[2, 3, 4], [2, 4, 6]]
    assert batch.attention_mask.tolist() == [[1, 1, 1], [1, 1, 0]]


@pytest.mark.parametrize(
    ("cleaning", "ids"),
    [
        # "ｂｌｕｅ" as typed is no word of the vocabulary, nor is "pa<zero-width space>nts".
        ("verbatim", [2, 1, 1]),
        ("canonical", [2, 3, 4]),
    ],
)
def test_the_tokenizer_gets_the_text_as_its_tower_wants_it(
    folder: Path, cleaning: str, ids: list[int]
) -> None:
    tower = replace(ANY, cleaning=cleaning)  # type: ignore[arg-type]
    [batch] = TextPreparer(folder, bundle(tower)).prepare([" ｂｌｕｅ pa\u200bnts"])
    assert batch.input_ids.tolist() == [ids]


def test_verbatim_towers_are_routed_to_and_refused_by_the_canonical_form(folder: Path) -> None:
    verbatim = TextPreparer(
        folder, bundle(replace(HAN, cleaning="verbatim"), replace(ANY, cleaning="verbatim"))
    )
    [batch] = verbatim.prepare(["\u2f2d"])  # a radical; the Han character 山 in NFKC
    assert batch.tower == 0
    with pytest.raises(InvalidRequest) as caught:
        verbatim.prepare(["\u200b \x00"])
    assert caught.value.reason == "TEXT_EMPTY"


@pytest.mark.parametrize("text", ["\ud800", "blue \udcff", "\ud83d\ude00 blue"])
def test_lone_surrogates_do_not_reach_a_verbatim_tokenizer(folder: Path, text: str) -> None:
    verbatim = TextPreparer(folder, bundle(replace(ANY, cleaning="verbatim")))
    [batch] = verbatim.prepare(["pants " + text])
    assert batch.input_ids[0, :2].tolist() == [2, 4]
    assert batch.attention_mask.all()


def test_a_text_of_which_the_tokenizer_leaves_nothing_is_one_padding_token(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))  # noqa: S106 - a token's name
    tokenizer.normalizer = normalizers.Replace("!", "")
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "en.json"))
    preparer = TextPreparer(tmp_path, bundle(replace(ANY, pad_id=6)))
    for texts in (["!!"], ["!!", "blue pants"]):
        [batch] = preparer.prepare(texts)
        assert batch.input_ids[0].tolist() == [6] * batch.input_ids.shape[1]
        assert batch.attention_mask[0].tolist() == [1, 0][: batch.input_ids.shape[1]]


@pytest.mark.parametrize(
    "towers",
    [
        pytest.param((replace(HAN, scripts=("Klingon",)), ANY), id="an unknown script"),
        pytest.param((replace(HAN, scripts=()), ANY), id="no script"),
        pytest.param((HAN,), id="no tower for any text"),
    ],
)
def test_a_bundle_that_could_not_answer_every_text_is_refused(
    folder: Path, towers: tuple[TextTower, ...]
) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        TextPreparer(folder, bundle(*towers))
    assert caught.value.reason == "BUNDLE_SCRIPTS"


@pytest.mark.parametrize("content", [None, "", "{", "\udcff"])
def test_a_tokenizer_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "en.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataCorrupted, match=r"en\.json") as caught:
        TextPreparer(tmp_path, bundle(ANY))
    assert caught.value.reason == "BUNDLE_TOKENIZER"


def test_many_threads_get_what_one_gets(preparer: TextPreparer) -> None:
    texts = [("pants " * (row % 7 + 1)) + "蓝" * (row % 3) for row in range(200)]
    alone = [as_lists(batch) for batch in preparer.prepare(texts)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(preparer.prepare, [texts] * 40))
    assert all([as_lists(batch) for batch in answer] == alone for answer in answers)


@given(st.lists(st.text(min_size=1).filter(canonical), min_size=1, max_size=5))
def test_any_text_is_prepared_for_the_shipped_bundle(texts: list[str]) -> None:
    batches = SHIPPED.prepare(texts)
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(texts)))
    for batch in batches:
        tower = MANIFEST.text[batch.tower]
        assert 1 <= batch.input_ids.shape[1] <= tower.max_tokens
        assert batch.attention_mask[:, 0].all()
        assert batch.input_ids.shape == batch.attention_mask.shape
        assert 0 <= batch.input_ids.min() <= batch.input_ids.max() < VOCABULARIES[batch.tower]


MANIFEST = load_manifest(STARTER_DIRECTORY)
SHIPPED = TextPreparer(STARTER_DIRECTORY, MANIFEST)
VOCABULARIES = [
    Tokenizer.from_str((STARTER_DIRECTORY / tower.tokenizer).read_text("utf-8")).get_vocab_size()
    for tower in MANIFEST.text
]


def test_the_shipped_tokenizers_carry_no_padding_of_their_own() -> None:
    for tower in MANIFEST.text:
        document = json.loads((STARTER_DIRECTORY / tower.tokenizer).read_text("utf-8"))
        assert document["padding"] is None
        assert document["truncation"] is None
