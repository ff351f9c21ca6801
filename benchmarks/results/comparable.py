"""Whether two results may be compared at all, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.results.intervals import LEAST_ROUNDS
from benchmarks.results.measures import subject, valid_rounds
from benchmarks.results.values import BenchResult, SystemResult

_MACHINE: Final = ("processor", "cores", "memory_gb")
"""What makes a machine another one; its system and its Python are versions like others."""

_RATES: Final = ("rate", "closed", "p99")
"""Arguments that say how hard a system was pressed."""


_SAME_RATE: Final = 1.1
"""How many times one rate may be the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not the same in both results; "" where one has it not."""

    what: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """As a sentence has it."""
        return f"{self.what}: {self.before or 'absent'} before, {self.after or 'absent'} after"


def refusals(before: BenchResult, after: BenchResult) -> tuple[Difference, ...]:
    """What forbids a comparison, machines apart: all of it at once; empty where nothing does."""
    found = [
        *_unequal("command", before.command, after.command),
        *_unequal("arrivals", before.arrivals, after.arrivals),
        *_unequal(
            "data (SHA-256 of the catalogue)",
            before.data.catalog_sha256,
            after.data.catalog_sha256,
        ),
        *_unequal("products", f"{before.data.products}", f"{after.data.products}"),
        *_unequal(
            "workload (SHA-256 of its requests)",
            before.data.workload_sha256,
            after.data.workload_sha256,
        ),
        *(
            each
            for name in _RATES
            for each in _unequal(
                f"--{name}", before.arguments.get(name, ""), after.arguments.get(name, "")
            )
        ),
    ]
    one, other = subject(before.systems), subject(after.systems)
    if before.command == "run" and one is not None and other is not None:
        found += _rates_differ(one, other)
    return tuple(found)


def too_few(result: BenchResult) -> str:
    """Why a result's rounds do not suffice; "" where they do, or where it has only figures."""
    system = subject(result.systems)
    if system is None:
        return "" if result.figures else "it has no rounds and no figures"
    rounds, valid = len(system.rounds), len(valid_rounds(system))
    if valid >= LEAST_ROUNDS or (result.command != "run" and result.figures):
        return ""
    return f"{valid} of its {rounds} rounds are valid, and {LEAST_ROUNDS} are needed"


def other_machine(before: BenchResult, after: BenchResult) -> tuple[Difference, ...]:
    """In what the machines differ."""
    return _in_both(before.machine, after.machine, names=_MACHINE, kind="machine")


def differences(before: BenchResult, after: BenchResult) -> tuple[Difference, ...]:
    """What may differ, because it is what one compares: versions, settings, other arguments."""
    one, other = subject(before.systems), subject(after.systems)
    rest = sorted((before.machine.keys() | after.machine.keys()) - set(_MACHINE))
    return (
        *_in_both(before.versions, after.versions, kind="version of"),
        *_unequal("system", one.name if one else "", other.name if other else ""),
        *_in_both(one.about if one else {}, other.about if other else {}, kind="system's"),
        *_in_both(before.arguments, after.arguments, kind="--", skip=_RATES),
        *_in_both(before.machine, after.machine, names=tuple(rest), kind="machine's"),
    )


def _in_both(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    kind: str,
    names: tuple[str, ...] | None = None,
    skip: tuple[str, ...] = (),
) -> tuple[Difference, ...]:
    every = sorted(before.keys() | after.keys()) if names is None else names
    said = kind if kind == "--" else f"{kind} "
    return tuple(
        each
        for name in every
        if name not in skip
        for each in _unequal(f"{said}{name}", before.get(name, ""), after.get(name, ""))
    )


def _unequal(what: str, before: str, after: str) -> tuple[Difference, ...]:
    return () if before == after else (Difference(what=what, before=before, after=after),)


def _rates_differ(before: SystemResult, after: SystemResult) -> tuple[Difference, ...]:
    """Whether they were asked at different rates; random arrivals make no two rates quite equal."""
    one, other = _rate(before), _rate(after)
    if one and other and max(one, other) <= _SAME_RATE * min(one, other):
        return ()
    said = [f"{each:.4g}" if each else "closed loop" for each in (one, other)]
    return _unequal("requests a second", *said)


def _rate(system: SystemResult) -> float | None:
    rates = [each.planned_rate for each in valid_rounds(system) if each.planned_rate is not None]
    return median(rates) if rates else None
