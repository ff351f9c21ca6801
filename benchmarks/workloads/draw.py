"""Draws a workload from a catalogue and its judged queries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.workloads.catalogue import CatalogueFacts, read_catalogue
from benchmarks.workloads.files import file_digest
from benchmarks.workloads.photographs import as_uploaded
from benchmarks.workloads.voice import read_voices
from benchmarks.workloads.workload import Kind, Question, Workload
from benchmarks.workloads.zipf import zipf
from server.errors import InvalidRequest, Violation
from server.evaluation.judged import JudgedQuery, read_judged
from server.rpc.names import catalog_name

DEFAULT_KINDS: Final[Mapping[Kind, float]] = {
    Kind.TEXT: 1.0,
    Kind.PICTURE: 1.0,
    Kind.MIXED: 1.0,
    Kind.FILTERED: 1.0,
    Kind.PAGED: 1.0,
}

DISTINCT: Final = 200
"""Most different pictures, and most different questions of the kinds that are made by pairing."""

PAGE_SIZE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    texts: Sequence[tuple[str, str]]
    """Query id and words."""
    facts: CatalogueFacts
    uploads: Sequence[bytes]
    voices: Sequence[bytes]
    catalog: str
    page_size: int
    seed: int


def parse_kinds(text: str) -> dict[Kind, float]:
    """Kinds with their shares, from ``text,picture`` or ``text=3,picture=1``.

    Raises:
        InvalidRequest: a kind that there is not, or a share that is no number above 0.

    Example:
        >>> parse_kinds("text=3, picture")
        {<Kind.TEXT: 'text'>: 3.0, <Kind.PICTURE: 'picture'>: 1.0}
    """
    shares: dict[Kind, float] = {}
    for each in text.split(","):
        name, _, share = (piece.strip() for piece in each.partition("="))
        try:
            shares[Kind(name)] = float(share or 1)
        except ValueError:
            known = ", ".join(Kind)
            description = f"{each.strip()!r} is no kind with a share; take some of {known}"
            raise _refused("--kinds", "KIND_UNKNOWN", description) from None
    if not all(0 < share < np.inf for share in shares.values()):
        raise _refused("--kinds", "SHARE_INVALID", "a share must be a number above 0")
    return shares


def drawn(
    kinds: Mapping[Kind, float],
    *,
    queries: Path,
    catalogue: Path,
    catalog: str,
    count: int = 1_000,
    s: float = 0.0,
    seed: int = 2026,
    page_size: int = PAGE_SIZE,
    voices: Path | None = None,
) -> Workload:
    """Draw ``count`` questions, each kind in its share of ``kinds``; equal seeds draw equal ones.

    - text: the words of a judged query, in every language of the file;
    - picture: a product's photograph as a shopper would send it;
    - mixed: both, of different products;
    - filtered: words under a filter that some products pass: price up to its median, a colour, a
      brand, a category, and price with each;
    - paged: words, for whose second page `benchmarks.workloads.asking.with_tokens` gets the token;
    - voice: WAV files of the folder ``voices``.

    Questions of a kind are repeated by Zipf's law with exponent ``s``: 0 for no repeats before all
    were asked as often (`benchmarks.workloads.zipf`).

    Raises:
        InvalidRequest: a file cannot be used, or holds nothing that a kind is made of.
    """
    if count < 1 or not kinds:
        raise _refused("count", "NOTHING_DRAWN", "draw at least one question of one kind")
    sources = _sources(
        kinds, queries=queries, catalogue=catalogue, catalog=catalog, page_size=page_size,
        seed=seed, voices=voices, photographs=min(DISTINCT, count),
    )  # fmt: skip
    questions: list[Question] = []
    for kind, number in _numbers(kinds, count).items():
        distinct = _MAKERS[kind](sources)
        if not distinct:
            description = _MISSING[kind].format(queries=queries, catalogue=catalogue)
            raise _refused(f"kind {kind}", "NOTHING_TO_ASK", description)
        order = zipf(number, len(distinct), s=s, seed=_seed(seed, kind))
        questions += [distinct[place] for place in order.tolist()]
    shuffled = np.random.default_rng(_seed(seed, "order")).permutation(len(questions))
    return Workload(
        name=f"{catalogue.parent.name or catalogue.stem}: {', '.join(kinds)}",
        catalog=catalog,
        data=file_digest(catalogue),
        questions=tuple(questions[place] for place in shuffled.tolist()),
    )


def how_drawn(kinds: Mapping[Kind, float], *, s: float, seed: int) -> str:
    """One sentence for a file's header."""
    shares = ", ".join(f"{kind} {share:g}" for kind, share in kinds.items())
    repeats = (
        f"repeats by Zipf's law with exponent {s:g}" if s else "no repeats before all were asked"
    )
    return f"drawn from judged queries and a catalogue: {shares}; {repeats}; seed {seed}"


def _sources(
    kinds: Mapping[Kind, float], *, queries: Path, catalogue: Path, catalog: str, page_size: int,
    seed: int, voices: Path | None, photographs: int,
) -> _Sources:  # fmt: skip
    texts = [
        (str(line.line), line.text)
        for line in read_judged(queries)
        if isinstance(line, JudgedQuery) and line.text and line.picture is None
    ]
    pictured = kinds.keys() & {Kind.PICTURE, Kind.MIXED}
    facts = read_catalogue(catalogue, photographs=photographs if pictured else 0, seed=seed)
    if Kind.VOICE in kinds and voices is None:
        description = "name a folder of WAV files with spoken questions (--voices)"
        raise _refused("kind voice", "NOTHING_TO_ASK", description)
    return _Sources(
        texts=texts,
        facts=facts,
        uploads=[
            as_uploaded(picture, seed=_seed(seed, "upload") + place)
            for place, picture in enumerate(facts.photographs)
        ],
        voices=read_voices(voices) if voices is not None and Kind.VOICE in kinds else (),
        catalog=catalog,
        page_size=page_size,
        seed=seed,
    )


def _numbers(kinds: Mapping[Kind, float], count: int) -> dict[Kind, int]:
    """How many of each kind, by largest remainder; they add up to ``count``."""
    whole = sum(kinds.values())
    exact = {kind: count * share / whole for kind, share in kinds.items()}
    numbers = {kind: int(each) for kind, each in exact.items()}
    by_remainder = sorted(kinds, key=lambda kind: numbers[kind] - exact[kind])
    for kind in by_remainder[: count - sum(numbers.values())]:
        numbers[kind] += 1
    return {kind: number for kind, number in numbers.items() if number}


def _texts(sources: _Sources) -> list[Question]:
    return [
        _question(Kind.TEXT, sources, [pb.QueryPart(text=text)], query_id=id_)
        for id_, text in sources.texts
    ]


def _pictures(sources: _Sources) -> list[Question]:
    return [
        _question(Kind.PICTURE, sources, [pb.QueryPart(image=upload)]) for upload in sources.uploads
    ]


def _mixed(sources: _Sources) -> list[Question]:
    pairs = _pairs(sources, len(sources.uploads), purpose="mixed")
    return [
        _question(
            Kind.MIXED,
            sources,
            [pb.QueryPart(text=text), pb.QueryPart(image=sources.uploads[place])],
        )
        for text, place in pairs
    ]


def _filtered(sources: _Sources) -> list[Question]:
    pairs = _pairs(sources, len(sources.facts.filters), purpose="filtered")
    return [
        _question(
            Kind.FILTERED, sources, [pb.QueryPart(text=text)],
            filter_text=sources.facts.filters[place],
        )
        for text, place in pairs
    ]  # fmt: skip


def _paged(sources: _Sources) -> list[Question]:
    return [_question(Kind.PAGED, sources, [pb.QueryPart(text=text)]) for _, text in sources.texts]


def _spoken(sources: _Sources) -> list[Question]:
    return [_question(Kind.VOICE, sources, [pb.QueryPart(audio=each)]) for each in sources.voices]


_MAKERS: Final[Mapping[Kind, Callable[[_Sources], list[Question]]]] = {
    Kind.TEXT: _texts,
    Kind.PICTURE: _pictures,
    Kind.MIXED: _mixed,
    Kind.FILTERED: _filtered,
    Kind.PAGED: _paged,
    Kind.VOICE: _spoken,
}

_NO_WORDS: Final = "{queries} holds no judged query of words; name a file that does"
_NO_PICTURE: Final = "no product of {catalogue} has a picture; leave the kind out"

_MISSING: Final[Mapping[Kind, str]] = {
    Kind.TEXT: _NO_WORDS,
    Kind.PICTURE: _NO_PICTURE,
    Kind.MIXED: "{queries} holds no words, or no product of {catalogue} has a picture",
    Kind.FILTERED: "{queries} holds no words, or {catalogue} no price, colour, brand or category",
    Kind.PAGED: _NO_WORDS,
    Kind.VOICE: "no spoken question is there",
}


def _pairs(sources: _Sources, others: int, *, purpose: str) -> list[tuple[str, int]]:
    """Different pairs of words and one of ``others`` things; at most `DISTINCT` of them."""
    every = len(sources.texts) * others
    random = np.random.default_rng(_seed(sources.seed, purpose))
    if not every:
        return []
    chosen = random.choice(every, size=min(every, DISTINCT), replace=False)
    return [(sources.texts[each // others][1], each % others) for each in chosen.tolist()]


def _question(
    kind: Kind, sources: _Sources, parts: Sequence[pb.QueryPart], *, query_id: str = "",
    filter_text: str = "",
) -> Question:  # fmt: skip
    request = pb.SearchProductsRequest(
        parent=catalog_name(sources.catalog),
        query=parts,
        filter=filter_text,
        page_size=sources.page_size,
    )
    return Question(
        kind=kind, request=request.SerializeToString(deterministic=True), query_id=query_id
    )


def _seed(seed: int, purpose: str) -> int:
    digest = hashlib.blake2b(f"{seed} {purpose}".encode(), digest_size=4).digest()
    return int.from_bytes(digest)


def _refused(field: str, reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field=field, reason=reason, description=description)])
