"""The answer to a search as a table that a person reads."""

from __future__ import annotations

from typing import Literal

from google.type import money_pb2
from omnishelf.v1 import product_pb2
from omnishelf.v1 import search_service_pb2 as pb
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}
_FAMILIES_SHOWN = 3
_LIKENESS: tuple[tuple[Literal["text", "image", "lexical"], str], ...] = (
    ("text", "text"),
    ("image", "picture"),
    ("lexical", "words"),
)


def print_results(console: Console, response: pb.SearchProductsResponse, *, chinese: bool) -> None:
    """Print the hits, then in a dim footer who answered and how long it took.

    ``chinese`` prefers Chinese titles where products have them.
    """
    if not response.hits:
        console.print("Nothing found; ask with other words, or loosen the filter.")
    else:
        console.print(_table(response, chinese=chinese))
    for facet in response.facets:
        counts = ", ".join(f"{each.value} ({each.count})" for each in facet.counts)
        console.print(Text(f"{facet.field}: {counts}", style="dim"))
    for fallback in response.fallbacks:
        line = f"{fallback.stage} fell back to {fallback.used}: {fallback.reason}"
        console.print(Text(line, style="yellow"))
    console.print(Text(footer(response), style="dim"))


def _table(response: pb.SearchProductsResponse, *, chinese: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("#", justify="right", style="dim")
    table.add_column("product", min_width=12)
    table.add_column("colour")
    table.add_column("category")
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("rating", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("why", style="dim", no_wrap=True, max_width=24)
    for hit in response.hits:
        product = hit.product
        table.add_row(
            str(hit.position),
            Text(_title(product, chinese=chinese)) + Text(f"\n{_last(product.name)}", style="dim"),
            product.color,
            leaf(product),
            price(product.price) if product.HasField("price") else "",
            rating(product),
            f"{hit.score:.3f}",
            "\n".join(why(hit)),
        )
    return table


def footer(response: pb.SearchProductsResponse) -> str:
    """Who answered, and the measured stages in milliseconds."""
    served = response.served_by
    stages = [(each.stage, each.duration.ToTimedelta().total_seconds()) for each in response.stages]
    timings = "  ".join(f"{stage} {seconds * 1_000:.1f}" for stage, seconds in stages)
    total = sum(seconds for _, seconds in stages) * 1_000
    return (
        f"{len(response.hits)} of {response.total_size} · bundle {served.encoder_bundle} · "
        f"index {served.index} · ranker {served.ranker}\n{total:.1f} ms: {timings}"
    )


def why(hit: pb.Hit) -> list[str]:
    """Rules that moved a hit, then the strongest feature families, or without them its likeness."""
    return [*(f"{rule.action} by {_last(rule.name)}" for rule in hit.rules), *_reasons(hit)]


def _reasons(hit: pb.Hit) -> list[str]:
    parts = [part for part in hit.contributions if part.family != "bias" and part.value]
    if parts:
        strongest = sorted(parts, key=lambda part: -abs(part.value))[:_FAMILIES_SHOWN]
        return [f"{part.family} {part.value:+.2f}" for part in strongest]
    likeness = hit.similarities
    return [
        f"{word} {getattr(likeness, field):.2f}"
        for field, word in _LIKENESS
        if likeness.HasField(field)
    ]


def price(money: money_pb2.Money) -> str:
    """An amount with its currency, two decimals.

    Example:
        >>> price(money_pb2.Money(currency_code="USD", units=39, nanos=500000000))
        '$39.50'
        >>> price(money_pb2.Money(currency_code="SEK", units=39))
        '39.00 SEK'
    """
    amount = f"{money.units + money.nanos / 1e9:,.2f}"
    sign = _SIGNS.get(money.currency_code)
    return f"{sign}{amount}" if sign else f"{amount} {money.currency_code}".rstrip()


def rating(product: product_pb2.Product) -> str:
    """The mean and of how many; empty where nobody rated."""
    if not product.rating.count:
        return ""
    return f"{product.rating.average:.1f} ({product.rating.count})"


def leaf(product: product_pb2.Product) -> str:
    """The last level of the deepest category path."""
    deepest = max(product.category_paths, key=lambda path: path.count("/"), default="")
    return deepest.rpartition("/")[2]


def _title(product: product_pb2.Product, *, chinese: bool) -> str:
    if chinese:
        for tag, text in product.translations.items():
            if tag.split("-")[0] == "zh" and text.title:
                return text.title
    return product.title


def _last(name: str) -> str:
    return name.rpartition("/")[2]
