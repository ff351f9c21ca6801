"""Chance, said in words."""

from __future__ import annotations

import random


def happens(chance: float, *, by: random.Random) -> bool:
    """Whether something of a probability from 0 to 1 happens this time."""
    return by.random() < chance
