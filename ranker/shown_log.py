"""What searches showed and what was done with it, as columns: the log that labels are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import Int32Array
from ranker.errors import RankingError


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLog:
    """n showings of products in s searches, the rows of a search together.

    Attributes:
        search: Of each row, the search from 0, int32 (n,), never falling.
        product: Code of the product, int32 (n,).
        position: Place it stood at, from 0, int32 (n,).
        clicked, carted, bought: Whether it was, in that search, bool (n,). However often.
        text: Of each search, the code of its query text, int32 (s,); equal texts are one query.
        swapped_with: Of each search, the place that was swapped with place 0 at random, int32 (s,);
            0 where none was.
    """

    search: Int32Array
    product: Int32Array
    position: Int32Array
    clicked: npt.NDArray[np.bool_]
    carted: npt.NDArray[np.bool_]
    bought: npt.NDArray[np.bool_]
    text: Int32Array
    swapped_with: Int32Array

    def __len__(self) -> int:
        return len(self.search)

    def responded(self) -> npt.NDArray[np.bool_]:
        """Rows that were looked at for certain: clicked, carted or bought, bool (n,).

        A purchase whose click was lost tells of a look all the same.
        """
        return self.clicked | self.carted | self.bought

    def trusted(self, searches: npt.NDArray[np.bool_]) -> ShownLog:
        """The log without what was done in other searches than these, bool (s,).

        Untrusted searches (of a session that clicks everything) keep their numbers and lose their
        rows.
        """
        kept = searches[self.search]
        return ShownLog(
            search=self.search[kept],
            product=self.product[kept],
            position=self.position[kept],
            clicked=self.clicked[kept],
            carted=self.carted[kept],
            bought=self.bought[kept],
            text=self.text,
            swapped_with=self.swapped_with,
        )

    def pairs(self) -> tuple[npt.NDArray[np.intp], int]:
        """Of each row the number of its query text and product, (n,), and how many there are."""
        texts = self.text[self.search].astype(np.int64)
        products = self.product.astype(np.int64)
        span = int(products.max(initial=0)) + 1
        distinct, numbers = np.unique(texts * span + products, return_inverse=True)
        return numbers.reshape(-1), len(distinct)


def checked(log: ShownLog) -> ShownLog:
    """``log`` itself.

    Raises:
        RankingError: ``LOG_MALFORMED``, columns are of different lengths, a position or a product
            is negative, or the rows of a search are not together.
    """
    columns = (log.product, log.position, log.clicked, log.carted, log.bought)
    if any(len(column) != len(log) for column in columns) or len(log.text) != len(log.swapped_with):
        raise _malformed("its columns are of different lengths")
    if len(log) and (min(int(log.position.min()), int(log.product.min())) < 0):
        raise _malformed("a position or a product's code is negative")
    if (np.diff(log.search) < 0).any() or int(log.search.max(initial=-1)) >= len(log.text):
        raise _malformed("its rows do not go by search")
    return log


def _malformed(what: str) -> RankingError:
    return RankingError(
        f"The log of searches cannot be learnt from: {what}; read it anew.", reason="LOG_MALFORMED"
    )
