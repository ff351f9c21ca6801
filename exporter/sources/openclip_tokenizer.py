"""OpenCLIP's byte-pair encoding as a tokenizer of the `tokenizers` library."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from exporter.sources.errors import SourceError
from exporter.sources.openclip_cleaning import openclip_normalizer
from exporter.weights import PinnedWheel, WeightsError, read_member

VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
# Used as an archive of one file, which OpenAI published under the MIT licence with CLIP.
OPEN_CLIP = PinnedWheel(
    project="open_clip_torch",
    version="3.3.0",
    sha256="c549ad5ed6bfc119cc11105033c0a2b9d7a2a4afeb40a58a09aab3da1a0043ce",
    licence="MIT",
)
DEFAULT_CACHE = Path(".cache/exporter")
_START, _END = "<start_of_text>", "<end_of_text>"
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_BYTES = 256


def openclip_tokenizer(directory: Path, *, vocabulary: int, cache: Path | None) -> str:
    """Build the text of a ``tokenizer.json`` for a model with so many rows in its ``vocabulary``.

    The merges are those beside the model (``bpe_simple_vocab_16e6.txt.gz`` or ``merges.txt``), or
    else those in OpenCLIP's own wheel. Two differences from OpenCLIP are meant: what
    `exporter.sources.openclip_cleaning` cannot say, and that the spelling of a control token, such
    as ``<end_of_text>``, is text like any other.

    Raises:
        SourceError: ``SOURCE_TOKENIZER``.
    """
    wanted = vocabulary - 2 * _BYTES - 2
    merges = _merges(directory, cache=cache)
    if not 0 <= wanted <= len(merges):
        message = (
            f"{directory}: a vocabulary of {vocabulary} needs {wanted} merges, and there are "
            f"{len(merges)}; put the model's own merges.txt beside its configuration"
        )
        raise SourceError(message, reason="SOURCE_TOKENIZER")
    merges = merges[:wanted]
    symbols = _byte_symbols()
    pieces = [*symbols, *(f"{symbol}</w>" for symbol in symbols), *map("".join, merges)]
    ids = {piece: row for row, piece in enumerate([*pieces, _START, _END])}
    try:
        model = models.BPE(ids, merges, end_of_word_suffix="</w>")
    except Exception as error:  # `tokenizers` raises nothing narrower
        message = f"{directory}: the merges are malformed ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_TOKENIZER") from error
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = openclip_normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A {_END}",
        special_tokens=[(_START, ids[_START]), (_END, ids[_END])],
    )
    return str(tokenizer.to_str())


def _merges(directory: Path, *, cache: Path | None) -> list[tuple[str, str]]:
    try:
        if (directory / VOCABULARY).is_file():
            lines = gzip.decompress((directory / VOCABULARY).read_bytes()).decode("utf-8")
        elif (directory / "merges.txt").is_file():
            lines = (directory / "merges.txt").read_text("utf-8")
        else:
            packed = read_member(OPEN_CLIP, f"open_clip/{VOCABULARY}", cache=cache or DEFAULT_CACHE)
            lines = gzip.decompress(packed).decode("utf-8")
    except WeightsError as error:
        message = f"{error}; or put {VOCABULARY} or merges.txt into {directory}"
        raise SourceError(message, reason="SOURCE_TOKENIZER") from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        message = f"{directory}: the merges cannot be read ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_TOKENIZER") from error
    # The first line is a heading. Nothing but a line feed ends a line: merges hold other breaks.
    pairs = [line.split(" ") for line in lines.split("\n")[1:] if line]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]  # noqa: PLR2004 - a pair


def _byte_symbols() -> list[str]:
    """Give the characters that stand for bytes, in CLIP's order: first the printable ones.

    Those stand as themselves, and the remaining bytes as the characters from 256 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printable] + [
        chr(_BYTES + place) for place in range(_BYTES - len(printable))
    ]
