"""The price that the words of a query name, if they name one."""

from __future__ import annotations

import math
import re

_NUMBER = r"(?P<amount>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<thousand>k\b)?"
_BEFORE = r"(?:[$€£¥]|(?:usd|eur|gbp|rmb|cny|us\$)\s?)"
_AFTER = (
    r"(?:\s?(?:dollars?|bucks|usd|euros?|eur|gbp|yuan|rmb|cny)\b|\s?[$€£]"
    r"|\s?(?:元|块钱?|美元|欧元|英镑|人民币))"
)
_LIMIT = (
    r"(?:under|below|less than|cheaper than|no more than|at most|up to|over|above|more than"
    r"|at least|around|about|roughly|budget(?: of)?|maximum|within"
    r"|低于|少于|不到|不超过|最多|高于|超过|大约|大概|约|预算)"
)
_ZH_LIMIT = r"(?:以下|以内|之内|以上|左右|上下|内)"
_MEASURE = (
    r"(?!\s?(?:%|°|\"|''|[xX×]\s?\d|(?:mm|cm|m|km|in|inch(?:es)?|ft|foot|feet|kg|g|mg|lbs?|oz|ml"
    r"|l|liters?|litres?|gb|tb|mb|mah|w|watts?|v|hz|hours?|hrs?|days?|weeks?|months?|years?|yrs?"
    r"|minutes?|mins?|pcs?|pieces?|packs?|people|persons?|degrees?|miles?|stars?|tog|denier"
    r"|layers?|threads?)\b|厘米|毫米|米|公斤|千克|克|斤|升|毫升|英寸|寸|岁|个|件|双|只|条|人|天|年|月"
    r"|小时|码|度|层|支|瓶|盒|包))"
)
_END = r"(?![\d.,]*\d)(?![A-Za-z-])"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_BEFORE}\s?{_NUMBER}",
        rf"(?<![\w.,]){_NUMBER}{_AFTER}",
        rf"(?<![A-Za-z]){_LIMIT}\s?{_NUMBER}{_MEASURE}{_END}",
        rf"(?<![A-Za-z\d.,-]){_NUMBER}\s?{_ZH_LIMIT}",
    )
)
_THOUSAND = 1_000.0
_LARGEST = 1e9


def price_hint(text: str) -> float:
    """The amount a query names, in whatever currency it is; NaN if it names none.

    A number is a price beside a sign or word of money, or after words such as "under" and "around"
    unless a unit of measure follows. Of several the first counts, signs of money before words.
    Numbers that stand alone are models, sizes and counts.

    Example:
        >>> price_hint("running shoes under $50"), price_hint("100元以下的耳机")
        (50.0, 100.0)
        >>> price_hint("iphone 14 case")
        nan
    """
    for pattern in _PATTERNS:
        if match := pattern.search(text):
            amount = float(match["amount"].replace(",", ""))
            amount *= _THOUSAND if match["thousand"] else 1.0
            return amount if amount <= _LARGEST else math.nan
    return math.nan
