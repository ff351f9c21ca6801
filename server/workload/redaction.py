"""What a recording keeps of a search: how it was asked, and nothing of who asked.

Kept are the fields that `KEPT` names and no others, so that a field which the API gains is left out
until somebody decides. In words and in filters e-mail addresses and long runs of digits become
`MARK`; of pictures, sound and vectors their size is kept. Names and other words that shoppers type
stay as they are: a recording is to be handled as what shoppers wrote.
"""

from __future__ import annotations

import json
import re
from typing import Final

from omnishelf.v1 import search_service_pb2 as pb

from server.encoders.picture_header import PictureError, read_header
from server.retrieval.filters.lexer import FilterSyntaxError, Token, TokenKind, tokenize
from server.workload.line import Absent, QuestionLine

MARK: Final = "…"

KEPT: Final = frozenset(
    {"parent", "query", "filter", "page_size", "facets", "collapse", "view", "product_detail",
     "ranking", "explain"}
)  # fmt: skip
DROPPED: Final = frozenset({"page_token", "shopper", "experiment_unit"})

HOW: Final = (
    "recorded by `omnishelf serve --record` and redacted: no shoppers, visits, search ids or page "
    "tokens (a later page is asked again as page two); e-mail addresses and runs of six or more "
    f"digits are {MARK}; pictures, sound and vectors are not kept, only their size, and a replay "
    "draws pictures of the catalogue instead"
)
"""What the header of a recording says."""

# What stands around an at sign is an address, or close enough to one; digits may be grouped as
# telephone and card numbers are. Both are wider than the rule, never narrower.
_ADDRESS: Final = re.compile(r"[^\s@＠]*[@＠][^\s@＠]*")
_DIGITS: Final = re.compile(r"\d(?:[\s\-./()+]{0,2}\d){5,}")

_NOT_WORDS: Final = frozenset({"id", "group_id", "price", "stock", "rating"})
"""Fields of filters whose values are the catalogue's or plain amounts."""


def redacted(request: pb.SearchProductsRequest) -> QuestionLine:
    """The search without what could tell who asked; ``request`` is not changed or held."""
    kept = pb.SearchProductsRequest(
        parent=request.parent,
        filter=redacted_filter(request.filter),
        page_size=request.page_size,
        facets=request.facets,
        view=request.view,
        product_detail=request.product_detail,
        explain=request.explain,
    )
    if request.HasField("collapse"):
        kept.collapse.CopyFrom(request.collapse)
    if request.HasField("ranking"):
        kept.ranking.CopyFrom(request.ranking)
    absent = []
    for place, part in enumerate(request.query):
        made = kept.query.add()
        if part.HasField("weight"):
            made.weight = part.weight
        content = part.WhichOneof("content")
        if content == "text":
            made.text = redacted_words(part.text)
        elif content == "product":
            made.product = part.product
        elif content is not None:
            absent.append(_size(part, content, place=place))
    return QuestionLine(kind=kind_of(request), request=kept, absent=tuple(absent))


def kind_of(request: pb.SearchProductsRequest) -> str:
    """Of what kind a search is, for tables; a search of no words, picture or sound counts as text.

    Example:
        >>> kind_of(pb.SearchProductsRequest(query=[{"text": "mug"}], filter="price < 9"))
        'filtered'
    """
    contents = {part.WhichOneof("content") for part in request.query}
    if request.page_token:
        return "paged"
    if "audio" in contents:
        return "voice"
    if "image" in contents:
        return "mixed" if "text" in contents else "picture"
    return "filtered" if request.filter else "text"


def redacted_words(text: str) -> str:
    """Words without e-mail addresses and without runs of six or more digits.

    Example:
        >>> redacted_words("red mug for ann@example.org, call 555 123 4567, size 42")
        'red mug for … call …, size 42'
    """
    return _DIGITS.sub(MARK, _ADDRESS.sub(MARK, text))


def redacted_filter(text: str) -> str:
    """A filter that reads as before, with its values redacted as words are.

    Values of ids, prices, stock and ratings stay. A filter that cannot be read is left out whole.

    Example:
        >>> redacted_filter('price <= 1500000 AND attributes.owner = "ann@example.org"')
        'price <= 1500000 AND attributes.owner = "…"'
    """
    if redacted_words(text) == text:
        return text
    try:
        tokens = tokenize(text)
    except FilterSyntaxError:
        return ""
    pieces: list[str] = []
    position = 0
    spared = False
    for place, token in enumerate(tokens):
        pieces.append(text[position : token.start])
        position = token.end
        if token.kind is TokenKind.COMPARATOR:
            spared = _field_before(tokens, place) in _NOT_WORDS
        words = token.kind in {TokenKind.WORD, TokenKind.STRING}
        shorter = redacted_words(token.value) if words and not spared else token.value
        if shorter == token.value:
            pieces.append(text[token.start : token.end])
        else:
            pieces.append(json.dumps(shorter, ensure_ascii=False))
        if words and tokens[place + 1].kind is not TokenKind.DOT:
            spared = False  # the value has ended
    return "".join(pieces)


def _field_before(tokens: list[Token], comparator: int) -> str:
    place = comparator - 1
    while place >= 2 and tokens[place - 1].kind is TokenKind.DOT:  # noqa: PLR2004 - member, dot
        place -= 2
    return tokens[place].value if place >= 0 else ""


def _size(part: pb.QueryPart, content: str, *, place: int) -> Absent:
    if content == "vector":
        return Absent(part=place, content=content, size=len(part.vector.values))
    data: bytes = getattr(part, content)
    if content != "image":
        return Absent(part=place, content=content, size=len(data))
    try:
        header = read_header(data)
    except PictureError:
        return Absent(part=place, content=content, size=len(data))
    return Absent(
        part=place, content=content, size=len(data), width=header.width, height=header.height
    )
