"""A published tokenizer's files as a ``tokenizer.json``, with its length and its padding."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tokenizers import Tokenizer, normalizers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, SiglipTokenizer

from exporter.sources.errors import SourceError
from exporter.sources.files import read_json
from exporter.sources.quiet import quiet_transformers
from exporter.sources.sentencepiece_tokenizer import siglip_tokenizer

# Any one of these sets; without files a tokenizer of two words would be made, and nobody told.
_FILES = (
    ("tokenizer.json",), ("vocab.json", "merges.txt"), ("vocab.txt",), ("spiece.model",),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTokenizer:
    """A tokenizer as in `exporter.sources.model.TextSource`; ``eos_id`` None: it has none."""

    document: str
    max_tokens: int
    padding: Literal["longest", "fixed"]
    pad_id: int
    eos_id: int | None


def read_tokenizer(
    directory: Path, *, model_type: str, positions: int, vocabulary: int
) -> PublishedTokenizer:
    """Read the tokenizer of a model with so many ``positions`` and rows in its ``vocabulary``.

    SigLIP's texts are always as long as its tokenizer allows; others are padded to the longest of a
    batch. SigLIP 2 uses Gemma's tokenizer, and was trained on lower case: that is added to it.

    Raises:
        SourceError: ``SOURCE_TOKENIZER`` or ``SOURCE_UNREADABLE``.
    """
    loaded = _load(directory)
    fixed = model_type in {"siglip", "siglip2"}
    if fixed and loaded.padding_side != "right":
        message = f"{directory}: the tokenizer pads on the left, and texts are padded on the right"
        raise SourceError(f"{message}; set padding_side in its settings", reason="SOURCE_TOKENIZER")
    if isinstance(loaded, SiglipTokenizer):
        document = siglip_tokenizer(
            directory / "spiece.model", eos_id=loaded.eos_token_id, lower=loaded.do_lower_case
        )
        size = loaded.vocab_size
    else:
        backend = Tokenizer.from_str(loaded.backend_tokenizer.to_str())
        backend.no_padding()
        backend.no_truncation()
        if fixed and '"Lowercase"' not in json.dumps(json.loads(backend.to_str())["normalizer"]):
            own = backend.normalizer
            steps = [normalizers.Lowercase()] + ([own] if own is not None else [])
            backend.normalizer = normalizers.Sequence(steps)
        document = str(backend.to_str())
        size = 1 + max(backend.get_vocab(with_added_tokens=True).values(), default=-1)
    if size > vocabulary:
        message = (
            f"{directory}: the tokenizer knows {size} tokens and the model {vocabulary}; "
            "they are not of one model"
        )
        raise SourceError(message, reason="SOURCE_TOKENIZER")
    pad_id = loaded.pad_token_id
    return PublishedTokenizer(
        document=document,
        max_tokens=min(loaded.model_max_length, positions),
        padding="fixed" if fixed else "longest",
        pad_id=0 if pad_id is None else int(pad_id),
        eos_id=loaded.eos_token_id,
    )


def _load(directory: Path) -> PreTrainedTokenizerBase:
    if not any(all((directory / name).is_file() for name in names) for names in _FILES):
        listed = "; or ".join(" and ".join(names) for names in _FILES)
        message = f"{directory} holds no tokenizer; put its files there: {listed}"
        raise SourceError(message, reason="SOURCE_TOKENIZER")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json"):
        if (directory / name).is_file():
            read_json(directory / name)
    try:
        with quiet_transformers():
            loaded = AutoTokenizer.from_pretrained(
                directory, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # `tokenizers` raises nothing narrower
        message = f"{directory}: the tokenizer cannot be read ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_TOKENIZER") from error
    if not (loaded.is_fast or isinstance(loaded, SiglipTokenizer)):
        message = (
            f"{directory}: {type(loaded).__name__} runs in Python only; "
            "put a tokenizer.json of the same tokenizer there"
        )
        raise SourceError(message, reason="SOURCE_TOKENIZER")
    return loaded
