"""What the sample shop stocks: designs of every kind in a few colours, by chance from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from server.sample_shop.chance import happens
from server.sample_shop.kind import Audience, Kind, Words
from server.sample_shop.kinds_food import FOOD
from server.sample_shop.kinds_home import HOME
from server.sample_shop.kinds_kitchen import KITCHEN
from server.sample_shop.kinds_sport import SPORT
from server.sample_shop.kinds_worn import WORN
from server.sample_shop.palette import COLORS, Color
from server.sample_shop.picture import Pattern

KINDS: tuple[Kind, ...] = (*WORN, *HOME, *KITCHEN, *SPORT, *FOOD)
_WHOLE_DOLLARS = 100
_BRANDS = (
    "Halden", "Northwick", "Solbrook", "Mirelle", "Tarn & Co", "Kestrel", "Lumeno", "Ostara",
    "Fernhill", "Bravado", "Quillon", "Sandrift", "Velora", "Piketon", "Amberly", "Rookwell",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What the colours of one product have in common."""

    group_id: str
    kind: Kind
    audience: Audience | None
    brand: str
    style: Words
    material: Words
    pattern: Pattern
    price: float
    list_price: float | None
    age_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One product of the shop: a design in one colour, and how it does."""

    design: Design
    color: Color
    stock: int
    rating: float | None
    rating_count: int
    units_1_day: int
    units_7_days: int
    units_30_days: int

    @property
    def id(self) -> str:
        """Unique in the shop."""
        return f"{self.design.group_id}-{self.color.english}"


def stock_shop(*, seed: int, products: int) -> list[Article]:
    """The first ``products`` articles of the shop of a seed; a larger shop starts with them."""
    random_ = random.Random(seed)  # noqa: S311 - an assortment, not a secret
    return list(islice(_articles(random_), products))


def _articles(random_: random.Random) -> Iterator[Article]:
    for design in _designs(random_):
        count = min(len(design.kind.colors), random_.choice((1, 2, 2, 3, 3, 4)))
        for name in random_.sample(design.kind.colors, count):
            yield _article(design, color=COLORS[name], random_=random_)


def _designs(random_: random.Random) -> Iterator[Design]:
    """Designs without end: every kind once a round, clothes once for each of two audiences."""
    numbers = dict.fromkeys((kind.key for kind in KINDS), 0)
    while True:
        for kind in random_.sample(KINDS, len(KINDS)):
            audiences = random_.sample(kind.audiences, min(2, len(kind.audiences)))
            for audience in audiences or (None,):
                numbers[kind.key] += 1
                yield _design(kind, audience=audience, number=numbers[kind.key], random_=random_)


def _design(
    kind: Kind, *, audience: Audience | None, number: int, random_: random.Random
) -> Design:
    price = _friendly(kind.price * random_.lognormvariate(0, 0.35))
    reduced, before = happens(0.2, by=random_), random_.uniform(1.15, 1.6)
    pattern = random_.choice(list(Pattern)) if kind.patterned and happens(0.6, by=random_) else None
    return Design(
        group_id=f"{kind.key}-{number:03d}",
        kind=kind,
        audience=audience,
        brand=random_.choice(_BRANDS),
        style=random_.choice(kind.styles),
        material=random_.choice(kind.materials),
        pattern=pattern or Pattern.PLAIN,
        price=price,
        list_price=max(price + 1, _friendly(price * before)) if reduced else None,
        age_days=int(random_.expovariate(1 / 200)),
    )


def _article(design: Design, *, color: Color, random_: random.Random) -> Article:
    # A Pareto tail: a few best-sellers and many that hardly sell, cheap things more than dear ones.
    month = int(min(5000.0, 4 * random_.paretovariate(0.8) * (40 / (20 + design.price)) ** 0.5))
    week = int(month * 7 / 30 * random_.uniform(0.6, 1.4))
    rated = happens(0.88, by=random_)
    return Article(
        design=design,
        color=color,
        stock=0 if happens(0.08, by=random_) else 1 + int(random_.expovariate(1 / 60)),
        rating=round(min(5.0, max(1.0, random_.gauss(4.1, 0.5))), 1) if rated else None,
        rating_count=1 + int(month * random_.uniform(0.05, 0.6)) if rated else 0,
        units_1_day=int(week / 7 * random_.uniform(0.3, 1.8)),
        units_7_days=week,
        units_30_days=month,
    )


def _friendly(price: float) -> float:
    """A price as shops print it: 12.99 below a hundred, 149 above."""
    if price >= _WHOLE_DOLLARS:
        return float(round(price / 10) * 10 - 1)
    return round(max(1, round(price)) - 0.01, 2)
