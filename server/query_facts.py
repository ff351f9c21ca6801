"""What the words of a query say, for retrieval by words and for the ranker's features."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ranker.columns import Int32Array, PersonFacts, QueryFacts
from server.arrays import Float32Array
from server.query import PicturePart, Query, TextPart
from server.retrieval.analysis import Analyzer
from server.retrieval.lexical import query_vector
from server.signals.price_hint import price_hint
from server.signals.reader import TableReader

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWords:
    """The words a query asks for.

    ``groups`` has one sorted int32 array of term hashes a word (the word and its alternatives),
    ``idf`` float32 (g,) the weight of each, ``weights`` the sparse vector for the lexical view.
    """

    text: str
    groups: tuple[Int32Array, ...]
    idf: Float32Array
    weights: Mapping[int, float]


def query_words(query: Query, analyzer: Analyzer, reader: TableReader) -> QueryWords:
    """The words of the parts that ask for something; "less like this" parts give none."""
    text = " ".join(
        part.text for part in query.parts if isinstance(part, TextPart) and part.weight > 0
    )
    groups = analyzer.query_groups(text) if text else ()
    weighted = query_vector(groups, frequencies=reader.document_frequency, documents=len(reader))
    return QueryWords(
        text=text,
        groups=tuple(np.array(sorted(group), np.int32) for group in groups),
        idf=weighted.idf,
        weights=weighted.weights,
    )


def query_facts(
    query: Query, words: QueryWords, *, person: PersonFacts | None = None
) -> QueryFacts:
    """The columns of the query itself, and of who asks."""
    kinds = {type(part) for part in query.parts}
    return QueryFacts(
        has_text=TextPart in kinds,
        has_picture=PicturePart in kinds,
        has_example=bool(kinds - {TextPart, PicturePart}),
        chinese_share=chinese_share(words.text),
        term_groups=words.groups,
        term_weights=words.idf,
        price_hint=price_hint(words.text),
        person=person,
    )


def chinese_share(text: str) -> float:
    """Share of Han characters among the letters of a text, 0 to 1; NaN without letters.

    Example:
        >>> chinese_share("黑色T恤")
        0.75
    """
    if text.isascii():
        return 0.0 if any(map(str.isalpha, text)) else math.nan
    letters = sum(map(str.isalpha, text))
    return len(_HAN.findall(text)) / letters if letters else math.nan
