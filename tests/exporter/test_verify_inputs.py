"""What towers are compared on: texts as a tokenizer gives them, pictures of every kind."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")
from exporter.verify_inputs import POOL, pad, pictures, text_cases, tokenise
from tests.exporter.conftest import Exported


def test_texts_are_of_one_token_of_the_most_and_of_all_lengths(exported: Exported) -> None:
    source = exported.model.text
    cases = {case.name: case for case in text_cases(source)}
    real = {name: case.attention_mask.sum(axis=1) for name, case in cases.items()}
    assert set(real["one token"]) == {1}
    assert set(real["most tokens"]) == {source.max_tokens}
    assert real["all lengths"].max() == source.max_tokens
    assert real["all lengths"].min() == 1
    assert real["half as long"].max() == source.max_tokens // 2
    (end,) = {int(ids[-1]) for ids in cases["most tokens"].input_ids}
    for case in cases.values():
        width = case.input_ids.shape[1]
        fixed = source.padding == "fixed"
        assert width == (source.max_tokens if fixed else case.attention_mask.sum(axis=1).max())
        for ids, mask in zip(case.input_ids, case.attention_mask, strict=True):
            count = int(mask.sum())
            assert mask.tolist() == [1] * count + [0] * (width - count)
            assert ids[count - 1] == end
            assert set(ids[count:].tolist()) <= {source.pad_id}


def test_texts_are_cut_and_padded_as_the_source_says(exported: Exported) -> None:
    source = exported.model.text
    ids, mask = tokenise(["red", "red shoes " * 50], source)
    assert ids.shape == mask.shape == (2, source.max_tokens)
    assert mask[1].all()
    assert ids[0][mask[0] == 0].tolist() == [source.pad_id] * int((mask[0] == 0).sum())
    padded, _ = pad([[5], [6, 7]], source)
    width = source.max_tokens if source.padding == "fixed" else 2
    assert padded[0].tolist() == [5] + [source.pad_id] * (width - 1)


def test_pictures_are_plain_and_graded_and_noisy() -> None:
    pixels = pictures(10, 14)
    assert pixels.shape == (POOL, 10, 14, 3)
    assert pixels[0].max() == 0
    assert pixels[1].min() == 255
    assert pixels[3][0].max() == 0  # a gradient down
    assert pixels[3][9].min() == 255
    assert len({picture.tobytes() for picture in pixels}) == POOL
