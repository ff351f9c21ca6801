"""Model files read in isolation: cards, settings, digests."""

import hashlib
from pathlib import Path

import pytest

pytest.importorskip("safetensors", reason="the exporter's extra is not installed")

from exporter.sources.errors import SourceError
from exporter.sources.files import read_json, read_licence, weights_digest


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: mit\n---\n# Model", "mit"),
        ("---\r\nlicense: apache-2.0\r\ntags:\r\n- a\r\n---\r\n", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: apple-ascl\n---\n", "apple-ascl"),
        ("---\nlicense: [mit, cc0-1.0]\n---\n", "mit, cc0-1.0"),
        ("---\ntags: [a]\n---\n", "unknown"),
        ("# license: mit", "unknown"),
        ("text\n---\nlicense: mit\n---\n", "unknown"),
        ("---\nlicense: [mit\n---\n", "unknown"),
        ("---\n- mit\n---\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_card_states_its_licence(tmp_path: Path, card: str, licence: str) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(card.encode())

    assert read_licence(path) == licence


def test_no_card_states_nothing(tmp_path: Path) -> None:
    assert read_licence(tmp_path / "README.md") == "unknown"


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)

    with pytest.raises(SourceError) as refusal:
        read_json(path)
    assert refusal.value.reason == "SOURCE_UNREADABLE"


def test_the_digest_of_shards_minds_names_not_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    one, two = hashlib.sha256(b"1").hexdigest(), hashlib.sha256(b"2").hexdigest()

    assert weights_digest([first]) == one
    expected = hashlib.sha256(f"{one}  a\n{two}  b\n".encode()).hexdigest()
    assert weights_digest([second, first]) == weights_digest([first, second]) == expected
