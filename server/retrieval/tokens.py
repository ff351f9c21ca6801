"""Text to tokens: what of it is one word, before anything is known of the words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, for a regular expression's brackets."""

_HAN_CHARACTER = re.compile(f"[{HAN}]")
_ACCENT = re.compile("[\u0300-\u036f]")
_APOSTROPHES = str.maketrans("’‘ʼ＇`´", "''''''")
_TOKEN = re.compile(
    r"(?P<number>[0-9]+(?:[.,][0-9]+)+)|(?P<run>[^\W_]+(?:'[^\W_]+)*)|(?P<hyphen>[-\u2010\u2011])"
)
_PIECE = re.compile(rf"[{HAN}]+|[^{HAN}]+")
_NUMBER_WITH_UNIT = re.compile(r"([0-9]+)([a-z]{1,3})")
_LENGTHS = frozenset({"mm", "cm", "m", "km", "in", "ft", "yd"})
_WEIGHTS = frozenset({"mg", "g", "kg", "oz", "lb"})
_VOLUMES = frozenset({"ml", "l"})
_ELECTRIC = frozenset({"v", "w", "mah", "hz", "gb", "tb"})
_UNITS = _LENGTHS | _WEIGHTS | _VOLUMES | _ELECTRIC | {"pc", "pcs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, case-folded; ``chinese`` runs are not cut into words yet.

    ``glued`` tokens follow the one before after a hyphen, or as the unit of a number: together they
    may be one word (``t-shirt``, ``500ml``).
    """

    text: str
    chinese: bool = False
    glued: bool = False


def tokenize(text: str) -> list[Token]:
    """The words of a text in order.

    Compatibility forms and case are folded, accents dropped, possessives cut off, and a run of
    Chinese with letters in it (``T恤``) is left whole for a dictionary to cut.

    Example:
        >>> [token.text for token in tokenize("Women's T-Shirt, 2.5 Kg")]
        ['women', 't', 'shirt', '2.5', 'kg']
        >>> tokenize("黑色T恤")
        [Token(text='黑色t恤', chinese=True, glued=False)]
    """
    return list(_tokens(_normalized(text)))


def pieces(run: str) -> list[str]:
    """A Chinese run cut where the script changes: single characters, and runs of others whole.

    Example:
        >>> pieces("黑色t恤")
        ['黑', '色', 't', '恤']
    """
    found: list[str] = []
    for piece in _PIECE.findall(run):
        found.extend(piece if is_chinese(piece) else [piece])
    return found


def latin_tokens(run: str, *, glued: bool) -> Iterator[Token]:
    """The tokens of letters and digits without a break: one, or a number and its unit.

    Example:
        >>> [token.text for token in latin_tokens("500ml", glued=False)]
        ['500', 'ml']
    """
    word = run.removesuffix("'s").replace("'", "")
    measure = _NUMBER_WITH_UNIT.fullmatch(word)
    if measure and is_unit(measure[2]):
        yield Token(text=measure[1], glued=glued)
        yield Token(text=measure[2], glued=True)
    elif word:
        yield Token(text=word, glued=glued)


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _HAN_CHARACTER.search(text) is not None


def is_unit(word: str) -> bool:
    """Whether a word is a unit that may be written onto its number."""
    return word in _UNITS


def _normalized(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", folded)))


def _tokens(text: str) -> Iterator[Token]:
    end = -1  # of the token or hyphen before
    after_hyphen = False
    for match in _TOKEN.finditer(text):
        if match["hyphen"]:
            after_hyphen = match.start() == end
            end = match.end()
            continue
        glued = after_hyphen and match.start() == end
        end, after_hyphen = match.end(), False
        if match["number"]:
            yield Token(text=match["number"], glued=glued)
        elif is_chinese(match["run"]):
            yield Token(text=match["run"].replace("'", ""), chinese=True, glued=glued)
        else:
            yield from latin_tokens(match["run"], glued=glued)
