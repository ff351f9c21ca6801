"""What is said of rankers in the store: versions, and the order in which they were served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SETTINGS: Final = "settings"
"""Stands for the ranker that each server's settings name; no version is called so."""


class ActivationReason(StrEnum):
    """Why a version became the served one."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """A version whose files are in the store; ``id`` is ``name@`` and the start of a hash."""

    id: str
    fingerprint: str
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]
    created_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """From ``created_seconds`` on ``ranker`` is served: an id, or ``SETTINGS``."""

    number: int
    ranker: str
    reason: ActivationReason
    activated_by: str
    created_seconds: float


def served_in_turn(activations: Sequence[Activation]) -> list[str]:
    """What a rollback would go through: the served ranker last, before it the one it replaced.

    A promotion adds to the list and a rollback takes away, so that a second rollback goes further
    back and never forth again. The list begins with ``SETTINGS``.

    >>> def after(*rankers_and_reasons):
    ...     return served_in_turn([
    ...         Activation(number=place, ranker=ranker, reason=ActivationReason(reason),
    ...                    activated_by="", created_seconds=0.0)
    ...         for place, (ranker, reason) in enumerate(rankers_and_reasons)])
    >>> after(("a", "promote"), ("b", "promote"))
    ['settings', 'a', 'b']
    >>> after(("a", "promote"), ("b", "promote"), ("a", "rollback"))
    ['settings', 'a']
    >>> after(("a", "promote"), ("b", "promote"), ("a", "rollback"), ("c", "promote"))
    ['settings', 'a', 'c']
    """
    turns = [SETTINGS]
    for activation in activations:
        if activation.reason is ActivationReason.PROMOTE:
            turns.append(activation.ranker)
        elif len(turns) > 1:
            turns.pop()
    return turns
