"""How the words of queries are compared by rules: plainly, without stems, synonyms or spelling."""

from __future__ import annotations

import re
from typing import Final

from server.retrieval.filters.fields import fold

_HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_CHARACTER: Final = re.compile(f"[{_HAN}]")
_TOKEN: Final = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+|\S")
_SPACE_BESIDE_HAN: Final = re.compile(f"(?<=[{_HAN}]) | (?=[{_HAN}])")


def normalised(words: str) -> str:
    """Words as rules compare them: compatibility forms and case folded, spaces collapsed.

    Chinese writes no spaces, so those beside a Han character are dropped.

    Example:
        >>> normalised("  Ｒunning   SHOES ")
        'running shoes'
        >>> normalised("运动 鞋 Nike")
        '运动鞋nike'
    """
    return _SPACE_BESIDE_HAN.sub("", fold(words))


def tokens(words: str) -> list[str]:
    """What `contains` cannot split: runs of letters and digits, Han characters and signs.

    A query that contains a phrase has the phrase's first token among its own.

    Example:
        >>> tokens("nike运动 t-shirt")
        ['nike', '运', '动', 't', '-', 'shirt']
    """
    return _TOKEN.findall(words)


def contains(query: str, phrase: str) -> bool:
    """Whether a normalised query has a normalised phrase in it as whole words.

    Where a phrase begins or ends with a letter or digit, no letter or digit may stand beside it in
    the query, except that Han characters stand beside anything.

    Example:
        >>> contains("red shoes, size 9", "shoes"), contains("red snowshoes", "shoes")
        (True, False)
        >>> contains("黑色运动鞋", "运动鞋"), contains("nike运动鞋", "nike")
        (True, True)
    """
    start = query.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if _apart(query[start - 1 : start], phrase[:1]) and _apart(phrase[-1:], query[end:][:1]):
            return True
        start = query.find(phrase, start + 1)
    return False


def _apart(before: str, after: str) -> bool:
    """Whether a word may end between two neighbours (either may be missing)."""
    return not (_joins(before) and _joins(after))


def _joins(character: str) -> bool:
    return character.isalnum() and not _HAN_CHARACTER.match(character)
