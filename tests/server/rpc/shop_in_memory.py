"""A shop in memory: what the services of a test server search, write and explain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from omnishelf.v1 import product_pb2

from server.deadline import Deadline
from server.errors import InvalidRequest, NotFound
from server.explanation import AskedExplanation, ExplainedProduct, Explanation
from server.hits import RankedHit
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.ingest.signals import SignalsWritten, SignalUpdate
from server.query import Query, SearchResult


@dataclass
class Shop:
    """A searcher and a writer in one: catalogs of serialized products by id.

    A search answers every product in the order of ids, or does what ``behave`` says instead.
    """

    catalogs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    behave: Callable[[Query, Deadline], SearchResult] | None = None
    written: list[list[str]] = field(default_factory=list)
    explained: list[tuple[Query, AskedExplanation]] = field(default_factory=list)

    def search(self, query: Query, *, deadline: Deadline) -> SearchResult:
        if self.behave:
            return self.behave(query, deadline)
        hits = tuple(
            RankedHit(
                product_id=product_id,
                score=0.5,
                text_similarity=0.5,
                image_similarity=float("nan"),
                lexical_score=float("nan"),
            )
            for product_id in sorted(self.rows(query.catalog).products)
        )
        return SearchResult(
            search_id="s1",
            hits=hits,
            facets=(),
            stage_seconds={"encode": 0.001},
            fallbacks=(),
            encoder_bundle="b",
            index="i",
            ranker="r",
        )

    def explain(self, query: Query, asked: AskedExplanation, *, deadline: Deadline) -> Explanation:
        self.explained.append((query, asked))
        return Explanation(
            product=ExplainedProduct(
                product_id=asked.product_id, position=1, score=0.5, contributions={}
            ),
            other=None,
            differences={},
            summary=f"{asked.product_id} is the only candidate.",
            trials=(),
            encoder_bundle="b",
            index="i",
            ranker="r",
        )

    def write(
        self,
        catalog: str,
        items: Sequence[IncomingProduct],
        *,
        all_or_none: bool,
        deadline: Deadline,
    ) -> list[WriteOutcome]:
        wrong = [violation for item in items for violation in item.violations]
        if all_or_none and wrong:
            raise InvalidRequest(wrong)
        self.written.append([item.record.id for item in items])
        return [self._write(catalog, item) for item in items]

    def _write(self, catalog: str, item: IncomingProduct) -> WriteOutcome:
        product_id = item.record.id
        if item.violations:
            return WriteOutcome(
                product_id=product_id, status=WriteStatus.REFUSED, violations=item.violations
            )
        name = f"catalogs/{catalog}/products/{product_id}"
        message = product_pb2.Product(name=name, title=item.record.title)
        payload = message.SerializeToString()
        self.catalogs.setdefault(catalog, {})[product_id] = payload
        return WriteOutcome(product_id=product_id, status=WriteStatus.WRITTEN, payload=payload)

    @contextmanager
    def replacing(
        self, catalog: str
    ) -> Iterator[Callable[[Sequence[IncomingProduct]], list[WriteOutcome]]]:
        """A new build is the catalog under another name until it takes the name."""
        fresh = f"{catalog}-fresh"
        try:
            yield lambda items: self.write(
                fresh, items, all_or_none=False, deadline=Deadline.never()
            )
            self.catalogs[catalog] = self.catalogs[fresh]
        finally:
            self.catalogs.pop(fresh, None)

    def update_signals(
        self, catalog: str, updates: Sequence[SignalUpdate], *, allow_missing: bool
    ) -> SignalsWritten:
        held = self.rows(catalog).products
        missing = tuple(each.record.id for each in updates if each.record.id not in held)
        if missing and not allow_missing:
            raise NotFound(f"there is no product {missing[0]}", reason="PRODUCT_NOT_FOUND")
        return SignalsWritten(updated=len(updates) - len(missing), missing=missing)

    def delete(self, catalog: str, ids: Sequence[str]) -> list[str]:
        held = self.rows(catalog).products
        return [each for each in ids if held.pop(each, None) is not None]

    def rows(self, catalog: str) -> "ShopRows":
        if catalog not in self.catalogs:
            raise NotFound(f"there is no catalog {catalog}", reason="CATALOG_NOT_FOUND")
        return ShopRows(self.catalogs[catalog])


@dataclass
class ShopRows:
    products: dict[str, bytes]

    def get_many(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return {each: self.products[each] for each in ids if each in self.products}

    def page(self, *, after_id: str, limit: int) -> list[tuple[str, bytes]]:
        after = sorted(item for item in self.products.items() if item[0] > after_id)
        return after[:limit]
