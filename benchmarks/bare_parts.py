"""The parts of a text search without Omnishelf: tokenizer and tower, pymilvus, LightGBM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pymilvus import MilvusClient
from tokenizers import Tokenizer

from exporter.spec import read_manifest
from ranker.manifest import MODEL_FILE
from server.retrieval.milvus_schema import METRIC, VECTOR_FIELDS
from server.retrieval.protocol import View

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class BareTower:
    """A text tower as its own library runs it."""

    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession

    def encode(self, text: str) -> Floats:
        """Tokenise and run once: the vector (d,)."""
        encoding = self.tokenizer.encode(text)
        inputs = {
            "input_ids": np.array([encoding.ids], np.int64),
            "attention_mask": np.array([encoding.attention_mask], np.int64),
        }
        vectors: Floats = self.session.run(["embedding"], inputs)[0]
        return np.asarray(vectors[0], np.float32)


def open_towers(bundle: Path) -> tuple[BareTower, BareTower]:
    """The towers of a bundle for Chinese and for other text, one thread each."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    towers = {}
    for tower in read_manifest(bundle).text:
        tokenizer = Tokenizer.from_file(str(bundle / tower.tokenizer))
        tokenizer.no_padding()
        session = onnxruntime.InferenceSession(
            bundle / tower.file, options, providers=["CPUExecutionProvider"]
        )
        towers["Han" in tower.scripts] = BareTower(tokenizer=tokenizer, session=session)
    return towers[True], towers[False]


@dataclass(frozen=True, slots=True, kw_only=True)
class BareSearch:
    """The collection of an index as pymilvus alone searches it."""

    client: MilvusClient
    collection: str
    limit: int

    def search(self, vector: Floats, words: Mapping[int, float]) -> None:
        """The searches of a text query: both vectors, and the words where it has any."""
        self._search(vector, View.TEXT)
        self._search(vector, View.IMAGE)
        if words:
            self._search(words, View.LEXICAL)

    def _search(self, data: Floats | Mapping[int, float], view: View) -> None:
        self.client.search(
            self.collection,
            data=[data],
            anns_field=VECTOR_FIELDS[view],
            limit=self.limit,
            search_params={"metric_type": METRIC},
        )


def open_booster(ranker: Path) -> lightgbm.Booster | None:
    """The ranker's model, None where there is none to load."""
    model = ranker / MODEL_FILE
    return lightgbm.Booster(model_file=str(model)) if model.is_file() else None
