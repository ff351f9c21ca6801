"""Traditional Chinese forms of simplified words, by the dictionary. Standard library only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from exporter.dictionary import Entry

_LONGEST_WORD = 6


def traditional_forms(entries: Sequence[Entry], tokens: Iterable[str]) -> dict[str, str]:
    """Map traditional words and characters to the simplified token that each stands for.

    A token that is not in the dictionary is written in traditional characters by the longest
    dictionary words in it. Forms that are tokens already are left out.
    """
    known = set(tokens)
    words: dict[str, str] = {}
    pairs: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        words.setdefault(entry.simplified, entry.traditional)
        if len(entry.simplified) == len(entry.traditional):
            pairs.update(zip(entry.traditional, entry.simplified, strict=True))
    forms: dict[str, str] = {}
    for (traditional, simplified), _ in pairs.most_common():
        if simplified in known:
            forms.setdefault(traditional, simplified)
    for entry in entries:
        if entry.simplified in known:
            forms.setdefault(entry.traditional, entry.simplified)
    for token in known:
        if len(token) > 1:
            forms.setdefault(_written_traditionally(token, words), token)
    return {form: token for form, token in sorted(forms.items()) if form not in known}


def _written_traditionally(word: str, words: Mapping[str, str]) -> str:
    written, start = [], 0
    while start < len(word):
        for end in range(min(len(word), start + _LONGEST_WORD), start, -1):
            if (form := words.get(word[start:end])) is not None or end == start + 1:
                written.append(form or word[start:end])
                start = end
                break
    return "".join(written)
