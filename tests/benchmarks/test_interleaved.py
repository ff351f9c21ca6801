"""Variants take turns, and figures are medians of rounds."""

from benchmarks.interleaved import interleaved, median_of, milliseconds


def test_variants_take_turns_and_the_first_round_is_left_out() -> None:
    calls: list[str] = []
    variants = {
        "a": lambda number: calls.append(f"a{number}"),
        "b": lambda number: calls.append(f"b{number}"),
    }
    rounds = interleaved(variants, rounds=2, calls=2)
    assert calls == ["a0", "b0", "a1", "b1", "b0", "a0", "b1", "a1", "a0", "b0", "a1", "b1"]
    assert len(rounds) == 2
    assert set(rounds[0]) == {"a", "b"}


def test_a_figure_is_made_within_a_round() -> None:
    # The machine was ten times slower in the second round: the ratio does not see it.
    rounds = [{"a": 0.002, "b": 0.001}, {"a": 0.02, "b": 0.01}, {"a": 0.003, "b": 0.001}]
    assert median_of(rounds, lambda each: each["a"] / each["b"]) == 2.0
    assert milliseconds(rounds) == {"a": 3.0, "b": 1.0}
