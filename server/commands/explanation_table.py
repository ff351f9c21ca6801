"""An explanation as tables that a person reads."""

from __future__ import annotations

from collections.abc import Iterable

from omnishelf.v1 import search_service_pb2 as pb
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_explanation(console: Console, response: pb.ExplainRankingResponse) -> None:
    """Print the sentence, the families side by side, the strongest features and the trials."""
    console.print(Text(response.summary, style="bold"))
    console.print(_families(response))
    if response.product.features:
        console.print(_features(response.product))
    for product in (response.product, response.other):
        for rule in product.rules:
            line = f"{_id(product.product)}: {rule.action} by {rule.name}"
            console.print(Text(line, style="yellow"))
    for trial in response.trials:
        console.print(Text(outcome(trial, response.product)))
    served = response.served_by
    footer = f"bundle {served.encoder_bundle} · index {served.index} · ranker {served.ranker}"
    console.print(Text(footer, style="dim"))


def outcome(trial: pb.TrialOutcome, product: pb.ExplainedProduct) -> str:
    """A trial in words.

    Example:
        >>> change = pb.SignalChange(product="catalogs/c/products/p", price_factor=0.9)
        >>> trial = pb.TrialOutcome(change=change, position=2, score=1.25)
        >>> outcome(trial, pb.ExplainedProduct(position=5, score=1.0))
        'p at 90% of its price: place 5 -> 2, score 1.000 -> 1.250'
    """
    changes = []
    if trial.change.HasField("price_factor"):
        changes.append(f"at {trial.change.price_factor * 100:.3g}% of its price")
    if trial.change.HasField("stock"):
        changes.append(f"with {trial.change.stock} in stock")
    return (
        f"{_id(trial.change.product)} {' and '.join(changes)}: place"
        f" {place(product.position)} -> {place(trial.position)},"
        f" score {product.score:.3f} -> {trial.score:.3f}"
    )


def place(position: int) -> str:
    """A place, or that there is none.

    Example:
        >>> place(3), place(0)
        ('3', 'left out')
    """
    return str(position) if position else "left out"


def _families(response: pb.ExplainRankingResponse) -> Table:
    one, other = response.product, response.other
    columns = [_parts(one.contributions), _parts(other.contributions)]
    differences = _parts(response.differences)
    table = _table("family", f"{_id(one.product)} (#{place(one.position)})")
    if response.HasField("other"):
        table.add_column(f"{_id(other.product)} (#{place(other.position)})", justify="right")
        table.add_column("difference", justify="right")
    names = dict.fromkeys((*differences, *columns[0], *columns[1]))
    for name in names:
        cells = [f"{columns[0].get(name, 0.0):.3f}"]
        if response.HasField("other"):
            cells += [f"{columns[1].get(name, 0.0):.3f}", f"{differences.get(name, 0.0):+.3f}"]
        table.add_row(name, *cells)
    scores = [f"{one.score:.3f}"]
    if response.HasField("other"):
        scores += [f"{other.score:.3f}", f"{one.score - other.score:+.3f}"]
    table.add_section()
    table.add_row("score", *scores, style="bold")
    return table


def _features(product: pb.ExplainedProduct) -> Table:
    table = _table("feature", "value")
    table.add_column("added", justify="right")
    for each in product.features:
        value = f"{each.value:.4g}" if each.HasField("value") else "unknown"
        table.add_row(f"{each.family}: {each.feature}", value, f"{each.contribution:+.3f}")
    return table


def _table(first: str, second: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(first)
    table.add_column(second, justify="right")
    return table


def _parts(contributions: Iterable[pb.Contribution]) -> dict[str, float]:
    return {each.family: each.value for each in contributions}


def _id(name: str) -> str:
    return name.rpartition("/")[2]
