"""Chinese runs to words, by a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from server.retrieval.tokens import is_chinese, pieces

MAX_WORD_PIECES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmenter:
    """Cuts runs into the fewest words of a dictionary.

    ``dictionary`` holds case-folded words; of two cuts with as many words the one with fewer single
    characters is taken, then the one with the longer words at the end. What is in no word stands as
    pairs of neighbouring characters (a name no dictionary has is found again by its pairs), letters
    and digits as they are.
    """

    dictionary: Collection[str]

    def words(self, run: str) -> list[str]:
        """The words of a run in order.

        Example:
            >>> Segmenter(dictionary={"黑色", "t恤", "的"}).words("李宁黑色的t恤")
            ['李宁', '黑色', '的', 't恤']
        """
        parts = pieces(run)
        words: list[str] = []
        unknown: list[str] = []
        for start, end in self._cut(parts):
            word = "".join(parts[start:end])
            if end - start == 1 and is_chinese(word) and word not in self.dictionary:
                unknown.append(word)
                continue
            words.extend(_pairs(unknown))
            unknown.clear()
            words.append(word)
        return [*words, *_pairs(unknown)]

    def inner_words(self, word: str) -> list[str]:
        """Words of the dictionary, of two characters or more, inside a longer one."""
        parts = pieces(word)
        found = []
        for start in range(len(parts)):
            for end in range(start + 2, len(parts) + 1):
                inner = "".join(parts[start:end])
                if end - start < len(parts) and inner in self.dictionary:
                    found.append(inner)
        return found

    def _cut(self, parts: list[str]) -> list[tuple[int, int]]:
        """Best cut of the first ``end`` parts for every ``end``, then the way back."""
        best: list[tuple[int, int]] = [(0, 0)]  # words, single characters
        came_from = [0]
        for end in range(1, len(parts) + 1):
            options = (
                ((best[start][0] + 1, best[start][1] + (end - start == 1)), start)
                for start in range(max(0, end - MAX_WORD_PIECES), end)
                if end - start == 1 or "".join(parts[start:end]) in self.dictionary
            )
            cost, start = min(options)
            best.append(cost)
            came_from.append(start)
        cuts = []
        end = len(parts)
        while end:
            cuts.append((came_from[end], end))
            end = came_from[end]
        return cuts[::-1]


def _pairs(characters: Iterable[str]) -> list[str]:
    run = "".join(characters)
    return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]
