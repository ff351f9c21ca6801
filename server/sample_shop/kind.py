"""What a kind of product is to the sample shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from server.sample_shop.outline import Drawing


class Audience(StrEnum):
    """Whom clothes are made for; the value is the root of their category paths."""

    WOMEN = "Women"
    MEN = "Men"
    KIDS = "Kids"


AUDIENCE_CHINESE = {Audience.WOMEN: "女士", Audience.MEN: "男士", Audience.KIDS: "儿童"}

Words = tuple[str, str]
"""The same in English and Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of product.

    ``english`` and ``chinese`` are its names: the first stands in titles, all of them in queries.
    ``path`` is its category; clothes for ``audiences`` have the audience before it.
    ``price`` is the median in dollars. ``colors`` are keys of the palette.
    """

    key: str
    drawing: Callable[[], Drawing]
    english: tuple[str, ...]
    chinese: tuple[str, ...]
    path: str
    price: float
    colors: tuple[str, ...]
    materials: tuple[Words, ...]
    styles: tuple[Words, ...]
    use: Words
    patterned: bool = False
    audiences: tuple[Audience, ...] = ()


def words(text: str) -> tuple[Words, ...]:
    """Pairs written as ``english 中文, english 中文``; the last space of each parts the two.

    Example:
        >>> words("cotton 纯棉, brushed steel 拉丝钢")
        (('cotton', '纯棉'), ('brushed steel', '拉丝钢'))
    """
    pairs = (pair.strip().rpartition(" ") for pair in text.split(","))
    return tuple((english, chinese) for english, _, chinese in pairs)
