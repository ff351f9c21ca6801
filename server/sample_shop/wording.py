"""What the sample shop says of an article, in English and Chinese."""

from __future__ import annotations

from server.sample_shop.assortment import Article, Design
from server.sample_shop.kind import AUDIENCE_CHINESE, Audience, Words
from server.sample_shop.picture import Pattern

AUDIENCE_ENGLISH = {Audience.WOMEN: "women's", Audience.MEN: "men's", Audience.KIDS: "kids'"}
_UNITS = frozenset({"g", "kg", "ml", "l"})
PATTERN_WORDS: dict[Pattern, Words] = {
    Pattern.STRIPED: ("striped", "条纹"),
    Pattern.DOTTED: ("polka dot", "波点"),
    Pattern.CHECKED: ("checked", "格子"),
}


def english_title(design: Design) -> str:
    """Brand, style, pattern, material and kind; the colour has a field of its own."""
    pattern = PATTERN_WORDS.get(design.pattern, ("", ""))[0]
    name = design.kind.english[0]
    words = (design.style[0], pattern, design.material[0], name)
    return f"{design.brand} {_titled(' '.join(word for word in words if word))}"


def chinese_title(article: Article) -> str:
    """Brand, colour, pattern, for whom, material, style and kind, run together."""
    design = article.design
    pattern = PATTERN_WORDS.get(design.pattern, ("", ""))[1]
    audience = AUDIENCE_CHINESE[design.audience] if design.audience else ""
    name = f"{pattern}{audience}{design.material[1]}{design.style[1]}{design.kind.chinese[0]}"
    return f"{design.brand} {article.color.chinese}{name}"


def english_description(article: Article) -> str:
    """Two sentences."""
    design = article.design
    name = design.kind.english[-1]
    audience = f" for {design.audience.lower()}" if design.audience else ""
    first = f"{design.style[0].capitalize()} {name}{audience} in {article.color.english}"
    return f"{first}, {design.material[0]}. {design.kind.use[0]}."


def chinese_description(article: Article) -> str:
    """Two sentences."""
    design = article.design
    audience = AUDIENCE_CHINESE[design.audience] if design.audience else ""
    name = f"{article.color.chinese}{audience}{design.style[1]}{design.kind.chinese[-1]}"
    return f"{name},{design.material[1]}。{design.kind.use[1]}。"


def category_path(design: Design) -> str:
    """The kind's path, below the audience for clothes."""
    return f"{design.audience}/{design.kind.path}" if design.audience else design.kind.path


def _titled(words: str) -> str:
    """Capital letters where English titles have them.

    Example:
        >>> _titled("women's t-shirt 500 g")
        "Women's T-Shirt 500 g"
    """
    return " ".join(
        word
        if word in _UNITS
        else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
        for word in words.split()
    )
