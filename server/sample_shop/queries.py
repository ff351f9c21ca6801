"""Queries over the sample shop with graded relevance: words, pictures, and both."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from server.sample_shop.assortment import Article
from server.sample_shop.chance import happens
from server.sample_shop.kind import AUDIENCE_CHINESE, Audience, Kind
from server.sample_shop.palette import COLORS
from server.sample_shop.picture import Pattern, Pose, photograph
from server.sample_shop.wording import AUDIENCE_ENGLISH, PATTERN_WORDS

EXACT, RIGHT_KIND = 2, 1
TEXT_QUERIES, PICTURE_QUERIES, MIXED_QUERIES = 60, 30, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a shopper looks for; None where anything will do."""

    kind: Kind
    color: str | None = None
    audience: Audience | None = None
    pattern: Pattern | None = None

    def grade(self, article: Article) -> int:
        """2 for all that was wished, 1 for the right kind and audience otherwise, else 0."""
        design = article.design
        if design.kind.key != self.kind.key:
            return 0
        if self.audience not in (None, design.audience):
            return 0
        suits = self.color in (None, article.color.english)
        suits = suits and self.pattern in (None, design.pattern)
        return EXACT if suits else RIGHT_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleQuery:
    """One query as `omnishelf evaluate` takes it; ``picture`` is a PNG file."""

    id: str
    text: str | None
    language: str | None
    picture: bytes | None
    relevance: Mapping[str, int] = field(default_factory=dict)


def ask_shop(articles: Sequence[Article], *, seed: int) -> list[SampleQuery]:
    """Queries whose answers are in the shop: text in English and Chinese, pictures, and both."""
    random_ = random.Random(seed + 1)  # noqa: S311 - a sample, not a secret
    queries: list[SampleQuery] = []
    for spoken in ("en", "zh"):
        for wish in islice(_wishes(articles, random_=random_), TEXT_QUERIES):
            words = _say(wish, language=spoken, random_=random_)
            queries.append(_query(len(queries), wish, articles, text=words, language=spoken))
    for index in range(PICTURE_QUERIES + MIXED_QUERIES if articles else 0):
        article = random_.choice(articles)
        color, pattern = article.color.english, article.design.pattern
        wish = Wish(kind=article.design.kind, color=color, pattern=pattern)
        picture = photograph(
            wish.kind.drawing(), color=article.color.rgb, pattern=pattern, pose=Pose.drawn(random_)
        )
        language = None if index < PICTURE_QUERIES else ("en", "zh")[index % 2]
        text = _say(wish, language=language, random_=random_) if language else None
        query = _query(len(queries), wish, articles, text=text, language=language, picture=picture)
        queries.append(query)
    return queries


def _query(
    number: int, wish: Wish, articles: Sequence[Article], *, text: str | None,
    language: str | None, picture: bytes | None = None,
) -> SampleQuery:  # fmt: skip
    grades = {article.id: wish.grade(article) for article in articles}
    return SampleQuery(
        id=f"sample-{number:03d}",
        text=text,
        language=language,
        picture=picture,
        relevance={id_: grade for id_, grade in grades.items() if grade},
    )


def _wishes(articles: Sequence[Article], *, random_: random.Random) -> Iterator[Wish]:
    """Different wishes that some article grants, in no order."""
    seen = set()
    for article in random_.sample(articles, len(articles)):
        design = article.design
        patterned = design.pattern is not Pattern.PLAIN and happens(0.5, by=random_)
        named = not patterned and happens(0.7, by=random_)
        wish = Wish(
            kind=design.kind,
            color=article.color.english if named else None,
            audience=design.audience if happens(0.8, by=random_) else None,
            pattern=design.pattern if patterned else None,
        )
        key = (wish.kind.key, wish.color, wish.audience, wish.pattern)
        if key not in seen:
            seen.add(key)
            yield wish


def _say(wish: Wish, *, language: str, random_: random.Random) -> str:
    pattern = PATTERN_WORDS.get(wish.pattern, ("", "")) if wish.pattern else ("", "")
    if language == "zh":
        color = COLORS[wish.color].chinese if wish.color else ""
        audience = AUDIENCE_CHINESE[wish.audience] if wish.audience else ""
        name = random_.choice(wish.kind.chinese)
        link = "的" if color and happens(0.5, by=random_) else ""
        return f"{color}{link}{pattern[1]}{audience}{name}"
    name = random_.choice(wish.kind.english)
    words = [wish.color or "", pattern[0]]
    if wish.audience and happens(0.3, by=random_):
        return " ".join(filter(None, [*words, name, "for", wish.audience.lower()]))
    audience = AUDIENCE_ENGLISH[wish.audience] if wish.audience else ""
    return " ".join(filter(None, [*words, audience, name]))
