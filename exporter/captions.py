"""What shoppers might type for a product, made from its catalogue fields.

A picture learns from many short captions, from the bare category to the full path with the title,
so that it lands near queries, which are short, and not near titles, which name brands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_AUDIENCES = {
    "men": "men's",
    "women": "women's",
    "boys": "boys'",
    "girls": "girls'",
    "kids": "kids'",
    "children": "children's",
    "baby": "baby",
    "unisex": "unisex",
}
# Shelf labels that shoppers put otherwise.
_SAYINGS = {
    "tees": ("t-shirt", "tee"),
    "tanks": ("tank top",),
    "tops": ("top",),
    "hoodies": ("hoodie",),
    "sweatshirts": ("sweatshirt",),
    "longsleeve": ("long sleeve shirt", "long sleeve top", "sweater"),
    "outwear": ("outerwear", "jacket", "coat"),
    "outerwear": ("outerwear", "jacket", "coat"),
    "pants": ("pants", "trousers"),
    "hat": ("hat", "cap"),
    "hats": ("hat", "cap"),
    "bras": ("sports bra", "bra"),
    "footwear": ("shoes",),
}
_BETWEEN = re.compile(r"\s*(?:&|,|/|\band\b)\s*")


def compose_captions(
    *, title: str = "", categories: Sequence[str] = (), colour: str = ""
) -> tuple[str, ...]:
    """List a product's captions in lower case, without repeats; empty fields are left out.

    Of several category paths the deepest counts, because promotions and collections are shallow.

    >>> compose_captions(title="Argus", categories=["Sale", "Men/Tops/Tanks"], colour="Gray")[:3]
    ("gray men's tank top", 'gray tank top', "men's tank top")
    >>> compose_captions(title="Granny Smith", categories=["Apple"], colour="green")
    ('granny smith', 'granny smith apple', 'apple', 'green granny smith apple', 'green apple')
    """
    path = _deepest(categories)
    if len(path) > 1:
        captions = _shelved(path, title=title.lower(), colour=colour.lower())
    else:
        captions = _plain(path, title=title.lower(), colour=colour.lower())
    return tuple(dict.fromkeys(caption for caption in captions if caption))


def _shelved(path: list[str], *, title: str, colour: str) -> list[str]:
    """Captions of a product on a shelf within a department: ``Men/Tops/Tanks``."""
    audience = _AUDIENCES.get(path[0], "")
    leaves = _leaves(path[-1])
    captions = [_join(colour, audience, leaf) for leaf in leaves]
    captions += [_join(colour, leaf) for leaf in leaves]
    captions += [_join(audience, leaf) for leaf in leaves]
    if audience:
        captions += [_join(colour, leaf, "for", path[0]) for leaf in leaves]
    captions += [*leaves, path[-1], _join(colour, *path), _join(colour, path[0], path[-1], title)]
    return captions


def _plain(path: list[str], *, title: str, colour: str) -> list[str]:
    """Captions of a product with one category or none."""
    leaves = _leaves(path[0]) if path else []
    full = [_join(title, "" if leaf in title else leaf) for leaf in leaves] or [title]
    named = [caption for caption in (*full, *leaves) if caption]
    coloured = [_join(colour, caption) for caption in named if colour not in caption.split()]
    return [title, *named, *coloured]


def _deepest(categories: Sequence[str]) -> list[str]:
    paths = [[part.strip().lower() for part in path.split("/")] for path in categories]
    return max(([part for part in path if part] for path in paths), key=len, default=[])


def _leaves(label: str) -> list[str]:
    return [
        saying for part in _BETWEEN.split(label) if part for saying in _SAYINGS.get(part, (part,))
    ]


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)
