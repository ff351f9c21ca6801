"""SigLIP's SentencePiece model and its cleaning of text, as one ``tokenizer.json``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sentencepiece import SentencePieceNormalizer, SentencePieceProcessor
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from exporter.sources.errors import SourceError
from exporter.sources.lowering import lowering

_WORD_START = "▁"
# What Python's `string.punctuation` lists and what its `\s` matches, which is more than Unicode's
# property of that name: the four separators of ASCII are among them. The characters themselves
# stand in the class: the library's expressions read \xa0 as a byte.
_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_SPACES = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
_NORMALIZER_SPEC, _CHARSMAP, _TRAINER_SPEC, _KIND, _SUFFIXED = 3, 2, 2, 3, 24
_UNIGRAM = 1


def siglip_tokenizer(path: Path, *, eos_id: int, lower: bool) -> str:
    """Convert ``spiece.model`` to the text of a ``tokenizer.json`` that ends every text with EOS.

    The reference prepares text in Python and gives it to SentencePiece behind a word start: lower
    case if ``lower``, ASCII punctuation dropped, runs of white space one space, ends stripped. That
    is the normalizer here, with SentencePiece's own table of characters after it, in the order of
    the reference, which is why a leading space counts. One difference is meant: the spelling of a
    control token, such as ``</s>``, is text here like any other. Another is the library's: an
    accent is lost that stands alone after a character of the table, such as a wide digit.

    Raises:
        SourceError: ``SOURCE_UNREADABLE`` or ``SOURCE_TOKENIZER``.
    """
    pieces = SentencePieceProcessor()
    try:
        proto = path.read_bytes()
        pieces.LoadFromSerializedProto(proto)
        trainer = dict(_fields(_message(proto, _TRAINER_SPEC)))
    except (OSError, RuntimeError, IndexError) as error:
        message = f"{path} is no SentencePiece model ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_UNREADABLE") from error
    if trainer.get(_KIND, _UNIGRAM) != _UNIGRAM or trainer.get(_SUFFIXED, 0):
        message = f"{path} is not a unigram model of word starts; give a tokenizer.json beside it"
        raise SourceError(message, reason="SOURCE_TOKENIZER")
    ids = range(pieces.get_piece_size())
    tokenizer = Tokenizer(
        models.Unigram(
            [(pieces.id_to_piece(row), pieces.get_score(row)) for row in ids],
            unk_id=pieces.unk_id(),
            byte_fallback=any(pieces.is_byte(row) for row in ids),
        )
    )
    tokenizer.normalizer = _normalizer(proto, lower=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(_WORD_START, "merged_with_next")
    eos = pieces.id_to_piece(eos_id)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {eos}", special_tokens=[(eos, eos_id)]
    )
    return str(tokenizer.to_str())


def precompiled_charsmap(proto: bytes) -> bytes:
    """Give the table of characters that a SentencePiece model or normalizer carries, or nothing."""
    return _message(_message(proto, _NORMALIZER_SPEC), _CHARSMAP)


def _normalizer(proto: bytes, *, lower: bool) -> normalizers.Normalizer:
    charsmap = precompiled_charsmap(proto)
    steps = [normalizers.Replace(_WORD_START, " "), normalizers.Prepend(_WORD_START)]
    steps += lowering() if lower else []
    steps += [
        normalizers.Replace(Regex(_PUNCTUATION), ""),
        normalizers.Replace(Regex(_SPACES), " "),
    ]
    if charsmap:
        # The library looks up short clusters whole and long ones by character, so a letter with
        # several accents would stay apart where the table joins it with the first.
        if "\u00e0" in SentencePieceNormalizer(model_proto=proto).normalize("a\u0300"):
            steps.append(normalizers.NFC())
        steps += [normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")]
    steps += [
        normalizers.Replace(" ", _WORD_START),
        normalizers.Replace(Regex(f"{_WORD_START}+$"), ""),
    ]
    return normalizers.Sequence(steps)


def _message(proto: bytes, number: int) -> bytes:
    """Give the last embedded message of this field number; empty where there is none."""
    found = dict(_fields(proto)).get(number, b"")
    return found if isinstance(found, bytes) else b""


def _fields(proto: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Walk a message's fields: numbers with integers, or with the bytes of what they hold.

    Three fields of SentencePiece's own file are wanted. Its generated classes are of another
    release of protobuf than the one that this project is held to. Wire format:
    https://protobuf.dev/programming-guides/encoding/
    """
    place = 0
    while place < len(proto):
        tag, place = _varint(proto, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(proto, place)
            yield tag >> 3, value
        else:
            length, place = _varint(proto, place) if kind == 2 else (8 if kind == 1 else 4, place)  # noqa: PLR2004 - wire types
            yield tag >> 3, proto[place : place + length]
            place += length


def _varint(proto: bytes, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = proto[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:  # noqa: PLR2004 - the last byte of a number
            return value, place
