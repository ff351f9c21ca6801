"""Losses worked out by hand, and which way they pull."""

import math

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import torch
from hypothesis import given
from hypothesis import strategies as st

from exporter.contrastive import info_nce, vse_pp

SIMILARITIES = [[0.5, 0.5], [0.1, 0.2]]
OWN = torch.eye(2, dtype=torch.bool)


def softplus(difference: float) -> float:
    """-log of the share of one of two: log(1 + exp(negative - positive))."""
    return math.log1p(math.exp(difference))


def test_info_nce_by_hand() -> None:
    """Rows: negatives 0 and -0.2 above their positives, times 2; columns: -0.8 and 0.6."""
    loss = info_nce(torch.tensor(SIMILARITIES), positives=OWN, negatives=~OWN, scale=2.0)
    rows = (softplus(0.0) + softplus(-0.2)) / 2
    columns = (softplus(-0.8) + softplus(0.6)) / 2
    assert float(loss) == pytest.approx((rows + columns) / 2, abs=1e-6)


def test_vse_pp_by_hand() -> None:
    """Rows: 0.2 + 0.5 - 0.5 and 0.2 + 0.1 - 0.2; columns: 0.2 + 0.1 - 0.5 < 0 and 0.2 + 0.3."""
    loss = vse_pp(torch.tensor(SIMILARITIES), positives=OWN, negatives=~OWN, margin=0.2)
    assert float(loss) == pytest.approx((0.2 + 0.1) / 2 + (0.0 + 0.5) / 2, abs=1e-6)


def test_vse_pp_counts_the_hardest_negative_alone() -> None:
    row = torch.tensor([[0.5, 0.45, 0.4]])
    positives = torch.tensor([[True, False, False]])
    both = vse_pp(row, positives=positives, negatives=~positives, margin=0.2)
    hardest = torch.tensor([[False, True, False]])
    one = vse_pp(row, positives=positives, negatives=hardest, margin=0.2)
    # 0.2 + 0.45 - 0.5 for the row; the only column with a positive has no negative.
    assert float(both) == float(one) == pytest.approx(0.15, abs=1e-6)


def test_positives_of_a_row_do_not_compete() -> None:
    """Each of the two is set against the negative alone, and their mean is taken."""
    row = torch.tensor([[0.3, 0.9, 0.1]])
    positives = torch.tensor([[True, True, False]])
    loss = info_nce(row, positives=positives, negatives=~positives, scale=1.0)
    assert float(loss) == pytest.approx((softplus(-0.2) + softplus(-0.8)) / 2 / 2, abs=1e-6)


@pytest.mark.parametrize("name", ["infonce", "vse++"])
def test_descent_draws_pairs_together_and_others_apart(name: str) -> None:
    similarities = torch.tensor(SIMILARITIES, requires_grad=True)
    _loss(name, similarities, OWN, ~OWN).backward()  # type: ignore[no-untyped-call]
    gradient = similarities.grad
    assert gradient is not None
    assert (gradient.diagonal() < 0).all()
    assert gradient[0, 1] > 0
    assert gradient[1, 0] > 0


@pytest.mark.parametrize("name", ["infonce", "vse++"])
def test_variants_of_one_product_are_not_pushed_apart(name: str) -> None:
    """Neither positive nor negative: their likeness has no say and gets no gradient."""
    negatives = torch.tensor([[False, True, False], [True, False, True], [False, True, False]])
    similarities = torch.tensor([[0.5, 0.4, 0.9], [0.4, 0.5, 0.3], [0.9, 0.3, 0.5]])
    similarities.requires_grad_()
    own = torch.eye(3, dtype=torch.bool)
    loss = _loss(name, similarities, own, negatives)
    loss.backward()  # type: ignore[no-untyped-call]
    assert similarities.grad is not None
    assert similarities.grad[0, 2] == similarities.grad[2, 0] == 0
    closer = similarities.detach().clone()
    closer[0, 2] = 0.99
    assert float(_loss(name, closer, own, negatives)) == float(loss.detach())


@pytest.mark.parametrize("name", ["infonce", "vse++"])
def test_a_batch_without_negatives_teaches_nothing_and_breaks_nothing(name: str) -> None:
    similarities = torch.tensor(SIMILARITIES, requires_grad=True)
    loss = _loss(name, similarities, OWN, torch.zeros_like(OWN))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0
    assert similarities.grad is not None
    assert (similarities.grad == 0).all()


@given(
    cells=st.lists(st.floats(-1, 1, width=32), min_size=9, max_size=9),
    name=st.sampled_from(["infonce", "vse++"]),
)
def test_both_directions_count_alike(cells: list[float], name: str) -> None:
    similarities = torch.tensor(cells).reshape(3, 3)
    own = torch.eye(3, dtype=torch.bool)
    there, back = (_loss(name, each, own, ~own) for each in (similarities, similarities.T))
    assert float(there) >= 0
    assert float(there) == pytest.approx(float(back), abs=1e-5)


def _loss(
    name: str, similarities: torch.Tensor, positives: torch.Tensor, negatives: torch.Tensor
) -> torch.Tensor:
    if name == "infonce":
        return info_nce(similarities, positives=positives, negatives=negatives, scale=2.0)
    return vse_pp(similarities, positives=positives, negatives=negatives, margin=0.2)
