"""Texts to token batches: cleaned, routed to the tower of their script, cut and padded."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from exporter.spec import Manifest, TextTower
from server.arrays import Int64Array
from server.errors import DataCorrupted, FailedPrecondition, InvalidRequest, Violation

# Code points of the scripts that a bundle may name, as the inside of a character class. From the
# Unicode block list; blocks of historic forms that nobody types are left out.
_SCRIPTS = {
    "Arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "Cyrillic": "\u0400-\u052f",
    "Devanagari": "\u0900-\u097f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Han": "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "Hebrew": "\u0590-\u05ff",
    "Hiragana": "\u3041-\u309f",
    "Katakana": "\u30a1-\u30ff",
    "Latin": "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f",
    "Thai": "\u0e00-\u0e7f",
}
_ANY_SCRIPT = "*"
# Control, format (zero-width, direction, byte-order mark) and lone surrogate code points.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBatch:
    """The texts of one tower, ready for it.

    Attributes:
        tower: place of the tower in the manifest's ``text``.
        rows: int64 (k,), places of these texts among those that were prepared, rising.
        input_ids: int64 (k, t), padded on the right with the tower's ``pad_id``, to the longest of
            the batch or to ``max_tokens``, as its ``padding`` says.
        attention_mask: int64 (k, t), 1 on tokens and 0 on padding; every row has at least one 1: a
            text of which the tokenizer leaves nothing is one token, ``pad_id``.
    """

    tower: int
    rows: Int64Array
    input_ids: Int64Array
    attention_mask: Int64Array


class TextPreparer:
    """Prepares texts for the text towers of one bundle. May be called from any thread."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        """Load every tower's tokenizer.

        Raises:
            DataCorrupted: a tokenizer file cannot be read.
            FailedPrecondition: the bundle names a script that this release does not know, or no
                tower of it takes any text.
        """
        self._routes = tuple(_route(tower) for tower in manifest.text)
        if not any(_ANY_SCRIPT in tower.scripts for tower in manifest.text):
            message = (
                f"no text tower of {manifest.id} takes every script; "
                f'give one of them the scripts ["{_ANY_SCRIPT}"] and export the bundle again'
            )
            raise FailedPrecondition(message, reason="BUNDLE_SCRIPTS")
        self._towers = manifest.text
        self._tokenizers = tuple(_tokenizer(directory, tower) for tower in manifest.text)

    def prepare(self, texts: Sequence[str]) -> tuple[TokenBatch, ...]:
        """Clean, route, tokenise and pad; together the batches' ``rows`` name every text once.

        Routes, and what is empty, follow from `canonical`, also where the tokenizer gets the text
        as it was typed.

        Raises:
            InvalidRequest: ``TEXT_EMPTY`` for every text of which `canonical` leaves nothing, or
                ``TEXT_MISSING`` when there are no texts.
        """
        cleaned = [canonical(text) for text in texts]
        _refuse_empty(cleaned)
        by_tower: dict[int, list[int]] = {}
        for row, text in enumerate(cleaned):
            by_tower.setdefault(self.tower(text), []).append(row)
        return tuple(
            self._batch(place, rows, typed=texts, cleaned=cleaned)
            for place, rows in sorted(by_tower.items())
        )

    def tower(self, text: str) -> int:
        """Place of the first tower one of whose scripts occurs in ``text``."""
        return next(
            place
            for place, route in enumerate(self._routes)
            if route is None or route.search(text) is not None
        )

    def _batch(
        self, place: int, rows: list[int], *, typed: Sequence[str], cleaned: Sequence[str]
    ) -> TokenBatch:
        tower = self._towers[place]
        if tower.cleaning == "verbatim":
            # A lone surrogate has no UTF-8, and the tokenizer takes nothing else.
            chosen = [_LONE_SURROGATE.sub(_REPLACEMENT, typed[row]) for row in rows]
        else:
            chosen = [cleaned[row] for row in rows]
        tokenizer = self._tokenizers[place]
        # The fast one leaves out the places of tokens in the text, which nobody asks for.
        encoded = [encoding.ids for encoding in tokenizer.encode_batch_fast(chosen)]
        longest = max(1, *(len(ids) for ids in encoded))
        width = tower.max_tokens if tower.padding == "fixed" else longest
        input_ids = np.full((len(encoded), width), tower.pad_id, np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, ids in enumerate(encoded):
            input_ids[row, : len(ids)] = ids
            # No tower can do with a row that is masked throughout: means and softmax become NaN.
            attention_mask[row, : max(1, len(ids))] = 1
        return TokenBatch(
            tower=place,
            rows=np.array(rows, np.int64),
            input_ids=input_ids,
            attention_mask=attention_mask,
        )


def canonical(text: str) -> str:
    r"""Give the form of a text that is tokenised, and that names it in a cache.

    Invisible code points are dropped, the rest is normalised to NFKC, and white space becomes
    single spaces. Case is kept: whether it matters is the tokenizer's business.

    >>> canonical("  ＢＬＵＥ\u200b\tpants\n")
    'BLUE pants'
    """
    if not (text.isascii() and text.isprintable()):
        visible = "".join(
            character
            for character in text
            if character.isspace() or unicodedata.category(character) not in _INVISIBLE_CATEGORIES
        )
        text = unicodedata.normalize("NFKC", visible)
    return " ".join(text.split())


def _route(tower: TextTower) -> re.Pattern[str] | None:
    if _ANY_SCRIPT in tower.scripts:
        return None
    unknown = sorted(set(tower.scripts) - set(_SCRIPTS))
    if unknown or not tower.scripts:
        message = (
            f"{tower.file} is for the scripts {list(tower.scripts)}, and this release does not "
            f"know {unknown}; use some of {sorted(_SCRIPTS)} or upgrade"
        )
        raise FailedPrecondition(message, reason="BUNDLE_SCRIPTS")
    return re.compile("[" + "".join(_SCRIPTS[script] for script in tower.scripts) + "]")


def _tokenizer(directory: Path, tower: TextTower) -> Tokenizer:
    try:
        document = (directory / tower.tokenizer).read_text("utf-8")
        json.loads(document)
    except (OSError, ValueError) as error:
        message = f"{tower.tokenizer} cannot be read; copy the whole bundle or export it again"
        raise DataCorrupted(message, reason="BUNDLE_TOKENIZER") from error
    tokenizer = Tokenizer.from_str(document)
    tokenizer.no_padding()
    tokenizer.enable_truncation(tower.max_tokens)
    return tokenizer


def _refuse_empty(cleaned: Sequence[str]) -> None:
    violations = [
        Violation(
            field=f"texts[{row}]",
            reason="TEXT_EMPTY",
            description="holds nothing but white space and invisible characters; send words",
        )
        for row, text in enumerate(cleaned)
        if not text
    ]
    if not cleaned:
        description = "there is nothing to encode; send at least one text"
        violations = [Violation(field="texts", reason="TEXT_MISSING", description=description)]
    if violations:
        raise InvalidRequest(violations)
