"""The afternoon service: FastAPI over ONNX Runtime, pymilvus and LightGBM, as their pages say.

Its own: the towers, Pillow, the searches, the trees, requests and replies. Reused so that answers
can be equal: what `benchmarks.peers.afternoon.shop` says, and the features. Models are loaded once
a process, texts encoded before are remembered, and uvicorn runs a process for each core. Endpoints
are plain functions in FastAPI's threads: against `async` ones over pymilvus' asynchronous client
they answered more and kept the better tail, for what computes does not hold up what waits.
"""

from __future__ import annotations

import base64
import binascii
import os
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from fastapi import FastAPI, HTTPException, Response
from PIL import UnidentifiedImageError
from pydantic import BaseModel, Field
from pymilvus import MilvusClient

from benchmarks.parts.bare import BarePictures, BareSearch, BareTexts, open_booster
from benchmarks.peers.afternoon.process import CONFIGURATION, Configuration
from benchmarks.peers.afternoon.shop import Shop
from exporter.spec import read_manifest
from ranker.features.schema import compute
from server.arrays import Float32Array
from server.retrieval.protocol import View

CANDIDATES = 200
_REMEMBERED_TEXTS = 65_536
_SEARCHES_AT_ONCE = 32


class Part(BaseModel, extra="forbid"):
    """Words, or a picture's file in base64."""

    text: str = ""
    image: str = ""


class Asked(BaseModel, extra="forbid"):
    """A search by words, a picture, or both, in the JSON form of `SearchProductsRequest`."""

    parent: str = ""
    query: list[Part]
    page_size: int = Field(default=20, alias="pageSize", ge=1, le=100)


class Service:
    """Answers searches; any thread may ask."""

    def __init__(self, configuration: Configuration) -> None:
        bundle = Path(configuration.bundle)
        booster = open_booster(Path(configuration.ranker))
        if booster is None:
            raise FileNotFoundError(f"there is no model in {configuration.ranker}")
        self._booster = booster
        self._texts = BareTexts.open(bundle)
        self._pictures = BarePictures.open(bundle, read_manifest(bundle))
        self._shop = Shop(configuration.store_url, configuration.catalog, bundle=bundle)
        self._search = BareSearch(
            client=MilvusClient(configuration.milvus),
            collection=self._shop.collection,
            limit=CANDIDATES,
        )
        self._pool = ThreadPoolExecutor(_SEARCHES_AT_ONCE)
        self._remembered = lru_cache(maxsize=_REMEMBERED_TEXTS)(self._texts.encode)

    def answer(self, asked: Asked) -> dict[str, Any]:
        """The best products for a search, as its reply shows them.

        Raises:
            ValueError: nothing is asked, or the picture is none.
        """
        typed = " ".join(part.text for part in asked.query)
        text = " ".join(unicodedata.normalize("NFKC", typed).split())
        vector = self._vector(text, [part.image for part in asked.query if part.image])
        words, facts = self._shop.words(text)
        found = self._search.side_by_side(vector, words.weights, pool=self._pool)
        views = [(view, *hits) for view, hits in zip(View, found, strict=False)]
        candidates = self._shop.candidates(views, vector, limit=CANDIDATES)
        matrix = compute(facts, candidates.columns)
        scores = np.asarray(self._booster.predict(matrix, raw_score=True, num_threads=1))
        best = np.argsort(-scores, kind="stable")[: asked.page_size].tolist()
        shown = self._shop.shown
        hits = [
            {
                "position": position,
                "score": float(scores[place]),
                "product": shown[candidates.ids[place]],
            }
            for position, place in enumerate(best, 1)
        ]
        return {"total": len(candidates.ids), "hits": hits}

    def _vector(self, text: str, images: Sequence[str]) -> Float32Array:
        vectors = [self._remembered(text)] if text else []
        if images and self._pictures is not None:
            files = [base64.b64decode(each, validate=True) for each in images]
            pixels = np.stack([self._pictures.pixels(each) for each in files])
            vectors.extend(self._pictures.encode(pixels))
        if not vectors:
            raise ValueError("send words or a picture")
        total = np.sum(vectors, axis=0)
        unit: Float32Array = total / np.linalg.norm(total)
        return unit


def application() -> FastAPI:
    """The application of one worker."""
    configuration = Configuration(**orjson.loads(os.environ[CONFIGURATION]))
    service = Service(configuration)
    app = FastAPI(title="Afternoon search")

    @app.post("/search")
    def search(asked: Asked) -> Response:
        try:
            answer = service.answer(asked)
        except (ValueError, binascii.Error, UnidentifiedImageError) as error:
            raise HTTPException(400, str(error)) from error
        # A ready reply: building it as a model again would cost more than the search's ranking.
        return Response(orjson.dumps(answer), media_type="application/json")

    Path(configuration.ready, str(os.getpid())).touch()
    return app
