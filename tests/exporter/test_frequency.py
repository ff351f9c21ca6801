"""Word frequencies out of a list packed by hand, byte by byte."""

import gzip
import hashlib
import zipfile
from pathlib import Path

import pytest

from exporter import frequency
from exporter.frequency import read_frequencies
from exporter.weights import PinnedWheel, WeightsError


def text(value: str) -> bytes:
    encoded = value.encode()
    return bytes([0xD9, len(encoded)]) + encoded


def packed(header: bytes, *bins: list[str]) -> bytes:
    lists = [bytes([0x90 | len(words)]) + b"".join(map(text, words)) for words in bins]
    return bytes([0xDC]) + (1 + len(bins)).to_bytes(2, "big") + header + b"".join(lists)


HEADER = bytes([0x82]) + text("format") + text("cB") + text("version") + bytes([1])


def use(content: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "small_list-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("wordfreq/data/large_zh.msgpack.gz", gzip.compress(content))
    wheel = PinnedWheel(
        project="small-list",
        version="1",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        licence="CC-BY-SA-4.0",
    )
    monkeypatch.setattr(frequency, "WORDFREQ", wheel)


def test_bin_k_holds_the_words_of_frequency_ten_to_minus_k_hundredths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bins: list[list[str]] = [[] for _ in range(201)]
    bins[100], bins[200] = ["的"], ["裤子", "外套"]
    use(packed(HEADER, *bins), tmp_path, monkeypatch)
    assert read_frequencies(cache=tmp_path) == pytest.approx(
        {"的": 0.1, "裤子": 0.01, "外套": 0.01}
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (packed(HEADER.replace(b"cB", b"xx")), "has the header"),
        (bytes([7]), "is not a list"),
        (packed(bytes([0xC0])), "a value of kind 0xc0"),
    ],
)
def test_another_format_is_refused(
    content: bytes, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(content, tmp_path, monkeypatch)
    with pytest.raises(WeightsError, match=complaint) as caught:
        read_frequencies(cache=tmp_path)
    assert caught.value.reason == "WEIGHTS_MEMBER"
