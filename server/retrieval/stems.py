"""English words to stems, and stems to term hashes."""

from __future__ import annotations

import functools
import threading
import zlib

import snowballstemmer

_MEMORY = 65_536
_state = threading.local()


def term_hash(term: str) -> int:
    """The number that stands for a term: CRC-32 cut to 31 bits, the same in every process.

    Of 100,000 distinct terms some two or three pairs share a number.

    Example:
        >>> term_hash("jacket")
        504137097
    """
    return zlib.crc32(term.encode()) & 0x7FFFFFFF


@functools.lru_cache(maxsize=_MEMORY)
def stem(word: str) -> str:
    """The stem of a case-folded word (Snowball's English stemmer, Porter 2001).

    Words with a digit (sizes, model numbers) and words of other alphabets stay as they are. Any
    thread may call.

    Example:
        >>> stem("jackets"), stem("xj900"), stem("réglable")
        ('jacket', 'xj900', 'réglable')
    """
    if not (word.isascii() and word.isalpha()):
        return word
    # The stemmer keeps the word it works on, so every thread has its own.
    if not hasattr(_state, "stemmer"):
        _state.stemmer = snowballstemmer.stemmer("english")
    stemmed: str = _state.stemmer.stemWord(word)
    return stemmed
