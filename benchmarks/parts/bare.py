"""The parts of a search as their own libraries do them: no code of ours runs, only its data."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image
from pymilvus import MilvusClient
from tokenizers import Tokenizer

from exporter.spec import ImageTower, Manifest, TextTower, read_manifest
from ranker.manifest import MODEL_FILE
from server.retrieval.milvus_schema import METRIC, VECTOR_FIELDS
from server.retrieval.protocol import View

Floats = NDArray[np.float32]
Words = Mapping[int, float]

_DRAFT_MARGIN = 2
"""Twice the wanted size is what JPEG files are decoded to at least, as thumbnails are made."""


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A model in ONNX Runtime on one thread that does not spin: many requests share the cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True, slots=True, kw_only=True)
class BareTower:
    """One text tower: its tokenizer and its session."""

    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession

    @classmethod
    def open(cls, bundle: Path, tower: TextTower) -> BareTower:
        """The tower of a bundle."""
        tokenizer = Tokenizer.from_file(str(bundle / tower.tokenizer))
        tokenizer.enable_truncation(tower.max_tokens)
        length = tower.max_tokens if tower.padding == "fixed" else None
        tokenizer.enable_padding(pad_id=tower.pad_id, length=length)
        return cls(tokenizer=tokenizer, session=open_session(bundle / tower.file))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d) of n texts, in one run."""
        encodings = self.tokenizer.encode_batch_fast(texts)
        inputs = {
            "input_ids": np.array([each.ids for each in encodings], np.int64),
            "attention_mask": np.array([each.attention_mask for each in encodings], np.int64),
        }
        vectors: Floats = self.session.run(["embedding"], inputs)[0]
        return vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class BareTexts:
    """The text towers of a bundle, the one for Chinese chosen by a look at the characters."""

    chinese: BareTower
    other: BareTower

    @classmethod
    def open(cls, bundle: Path) -> BareTexts:
        """The towers of a bundle; one tower does for both where it has one."""
        towers = read_manifest(bundle).text
        by_script = {"Han" in each.scripts: BareTower.open(bundle, each) for each in towers}
        other = by_script[False]
        return cls(chinese=by_script.get(True, other), other=other)

    def encode(self, text: str) -> Floats:
        """The unit vector (d,) of one text."""
        vector: Floats = self.tower(text).encode([text])[0]
        return vector

    def tower(self, text: str) -> BareTower:
        """The tower that a text is for."""
        return self.chinese if has_han(text) else self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class BarePictures:
    """The picture tower of a bundle, and Pillow before it."""

    session: onnxruntime.InferenceSession
    tower: ImageTower

    @classmethod
    def open(cls, bundle: Path, manifest: Manifest) -> BarePictures | None:
        """The tower of a bundle; None where it has none."""
        tower = manifest.image
        if tower is None:
            return None
        return cls(session=open_session(bundle / tower.file), tower=tower)

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """A picture's file as uint8 (h, w, 3), padded to the tower's size."""
        size = (self.tower.width, self.tower.height)
        with Image.open(BytesIO(data)) as picture:
            picture.draft(None, (size[0] * _DRAFT_MARGIN, size[1] * _DRAFT_MARGIN))
            fitted = picture.convert("RGB")
        fitted.thumbnail(size, Image.Resampling.BILINEAR)
        ground = Image.new("RGB", size, self.tower.fill)
        ground.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
        return np.asarray(ground)

    def encode(self, pixels: NDArray[np.uint8]) -> Floats:
        """Unit vectors (n, d) of uint8 (n, h, w, 3), in one run."""
        vectors: Floats = self.session.run(["embedding"], {"pixels": pixels})[0]
        return vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class BareSearch:
    """The collection of an index as pymilvus alone searches it."""

    client: MilvusClient
    collection: str
    limit: int

    def one(self, data: Floats | Words, view: View) -> tuple[list[str], list[float]]:
        """The ids and similarities of one view's nearest, best first."""
        hits = self.client.search(
            self.collection,
            data=[data],
            anns_field=VECTOR_FIELDS[view],
            limit=self.limit,
            search_params={"metric_type": METRIC},
        )[0]
        return hits.ids, hits.distances

    def views(self, vector: Floats, words: Words) -> list[tuple[list[str], list[float]]]:
        """The searches of a text query one after the other; words where it has any."""
        return [self.one(data, view) for view, data in _asked(vector, words)]

    def side_by_side(
        self, vector: Floats, words: Words, *, pool: ThreadPoolExecutor
    ) -> list[tuple[list[str], list[float]]]:
        """The same at one time, on the threads of ``pool``."""
        later = [pool.submit(self.one, data, view) for view, data in _asked(vector, words)]
        return [each.result() for each in later]


def open_booster(ranker: Path) -> lightgbm.Booster | None:
    """The ranker's model, None where there is none to load."""
    model = ranker / MODEL_FILE
    return lightgbm.Booster(model_file=str(model)) if model.is_file() else None


def has_han(text: str) -> bool:
    """Whether a text has Chinese characters.

    >>> has_han("红色 mug"), has_han("red mug")
    (True, False)
    """
    return any("CJK" in unicodedata.name(each, "") for each in text if not each.isascii())


def _asked(vector: Floats, words: Words) -> list[tuple[View, Floats | Words]]:
    dense: list[tuple[View, Floats | Words]] = [(View.TEXT, vector), (View.IMAGE, vector)]
    return [*dense, (View.LEXICAL, words)] if words else dense
