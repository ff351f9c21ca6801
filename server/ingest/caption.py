"""The texts that are embedded for a product.

The best of those measured is the colour and the deepest category before the title:
``blue women bottoms pants, Cora Parachute Pant``. Shoppers type what things are before they type
what they are called, and a long description drowns both.
"""

from __future__ import annotations

import re

from server.catalog.record import ProductRecord

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_SHORT_TITLE_WORDS = 4
_LONGEST_CAPTION = 1_000


def captions(record: ProductRecord) -> tuple[str, ...]:
    """One text a language, at least one: the mean of their vectors is the product's text vector.

    A title in another script than the colour and category stands alone beside them, so that each
    text is of one language. Without colour and category a short title gets the first sentence of
    the description.

    Example:
        >>> captions(ProductRecord(id="1", group_id="1", title="Capri", color="Blue",
        ...                        category_paths=("Promotions", "Women/Bottoms/Pants")))
        ('blue women bottoms pants, Capri',)
    """
    kind = " ".join(f"{record.color} {record.deepest_category}".replace("/", " ").split()).lower()
    title = " ".join(record.title.split())
    if not kind:
        texts = [_with_first_sentence(title, record.description)]
    elif _is_han(kind) == _is_han(title):
        texts = [f"{kind}, {title}"]
    else:
        texts = [kind, title]
    texts.extend(" ".join(text.title.split()) for text in record.translations.values())
    return tuple(dict.fromkeys(text[:_LONGEST_CAPTION] for text in texts if text))


def _with_first_sentence(title: str, description: str) -> str:
    sentence = _SENTENCE_END.split(" ".join(description.split()), maxsplit=1)[0]
    if not sentence or _is_han(title) or len(title.split()) >= _SHORT_TITLE_WORDS:
        return title
    return f"{title}, {sentence}"


def _is_han(text: str) -> bool:
    return _HAN.search(text) is not None
