"""Figures, and why some are not there."""

from __future__ import annotations

import pytest

from benchmarks.parts.found import Found
from benchmarks.results.intervals import Estimate
from server.errors import Unavailable


def test_a_step_that_fails_keeps_what_it_had_and_says_why_of_the_rest() -> None:
    found = Found()
    with found.step("one", "two"):
        found.figures["one"] = Estimate(median=1.23456789, rounds=1)
        raise Unavailable("the peer did not start")

    assert found.figures["two"] is None
    assert found.reasons == {"two": "the peer did not start"}
    assert found.document()["reasons"] == {"two": "the peer did not start"}


def test_an_error_of_the_system_names_no_path() -> None:
    found = Found()
    with found.step("one"):
        raise FileNotFoundError(2, "No such file or directory", "/where/somebody/lives")
    assert found.reasons == {"one": "the system refused: No such file or directory"}


def test_a_fault_of_ours_is_raised() -> None:
    found = Found()
    with pytest.raises(KeyError), found.step("one"):
        raise KeyError("fault")


def test_json_has_plain_numbers_first_and_intervals_beside() -> None:
    found = Found()
    found.figures["over"] = Estimate(median=1.5, rounds=3, low=1.4, high=1.6, confidence=0.75)
    found.cannot("not_there", reason="no time")
    found.raw["ms"] = {"a": 0.123456}

    said = found.numbers()

    assert list(said)[:2] == ["over", "not_there"]
    assert (said["over"], said["not_there"]) == (1.5, None)
    assert said["intervals"] == {
        "over": {"median": 1.5, "low": 1.4, "high": 1.6, "confidence": 0.75, "rounds": 3}
    }
    assert said["raw"] == {"ms": {"a": 0.1235}}
