"""Draws are the same everywhere, uniform, and apart from each other."""

import numpy as np

from server.draws import Purpose, draw

IDS = [f"{number:032x}" for number in range(4_000)]


def test_a_search_is_drawn_the_same_everywhere() -> None:
    # The first 53 bits of BLAKE2b: replicas of two releases must not disagree.
    assert draw("5e9d1e5b2d1f4b6f8c3a7e0f9b8d6c41", Purpose.RECORD) == 0.22653464939536327


def test_draws_are_uniform_and_independent() -> None:
    drawn = {each: np.array([draw(search, each) for search in IDS]) for each in Purpose}
    for values in drawn.values():
        assert values.min() >= 0
        assert values.max() < 1
        counts = np.histogram(values, bins=10, range=(0, 1))[0]
        # chi-square with 9 degrees of freedom: above 33.7 once in ten thousand
        assert ((counts - 400) ** 2 / 400).sum() < 33.7
    for one in Purpose:
        for other in Purpose:
            if one < other:
                assert abs(np.corrcoef(drawn[one], drawn[other])[0, 1]) < 0.07
