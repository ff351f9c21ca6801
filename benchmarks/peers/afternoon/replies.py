"""What the afternoon service answers, as ids."""

from __future__ import annotations

import json


def ids_of(reply: bytes) -> list[str]:
    """The products of a reply, best first.

    >>> ids_of(b'{"total": 1, "hits": [{"product": {"id": "A-1"}}]}')
    ['A-1']
    """
    return [hit["product"]["id"] for hit in json.loads(reply)["hits"]]
