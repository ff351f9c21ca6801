"""What OpenCLIP does to a text before its tokens, as far as a tokenizer's normalizers can say it.

OpenCLIP repairs text with ftfy and undoes HTML's escapes. Said here, and equal to it: wide and
narrow forms, ligatures, curled quotes, control characters and terminal colours, composed accents,
lower case, and the entities that catalogues and browsers write. Not said: repair of mojibake
(``cafÃ©`` stays), the rarer of HTML's 2,231 entities, and numbered entities of any character but
those in the list.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

from sentencepiece import SentencePieceNormalizer, set_min_log_level
from tokenizers import Regex, normalizers

from exporter.sources.lowering import lowering
from exporter.sources.sentencepiece_tokenizer import precompiled_charsmap

# Names that HTML reads without their semicolon too, and those that it does not.
_OPEN_ENTITIES = (
    "lt", "gt", "quot", "nbsp", "reg", "copy", "deg", "times", "pound", "frac12", "eacute",
    "egrave", "uuml", "ouml", "auml",
)  # fmt: skip
_CLOSED_ENTITIES = (
    "apos", "rsquo", "lsquo", "rdquo", "ldquo", "ndash", "mdash", "hellip", "trade", "bull", "euro",
)  # fmt: skip
_LIGATURES = (
    ("Ĳ", "IJ"), ("ĳ", "ij"), ("ŉ", "ʼn"), ("Ǳ", "DZ"), ("ǲ", "Dz"), ("ǳ", "dz"), ("Ǆ", "DŽ"),
    ("ǅ", "Dž"), ("ǆ", "dž"), ("Ǉ", "LJ"), ("ǈ", "Lj"), ("ǉ", "lj"), ("Ǌ", "NJ"), ("ǋ", "Nj"),
    ("ǌ", "nj"), ("ﬀ", "ff"), ("ﬁ", "fi"), ("ﬂ", "fl"), ("ﬃ", "ffi"), ("ﬄ", "ffl"), ("ﬅ", "ſt"),
    ("ﬆ", "st"),
)  # fmt: skip
_TERMINAL_ESCAPE = r"\x1b\[[\d;]*[A-Za-z]"
_REMOVED = r"[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]"


def openclip_normalizer() -> normalizers.Normalizer:
    """Give the steps, in the order of OpenCLIP's default cleaning; white space is left to later."""
    return normalizers.Sequence(
        [
            normalizers.Replace(Regex("&(amp;?)+"), "&"),
            *(normalizers.Replace(Regex(p), text) for p, text in _entities()),
            normalizers.Precompiled(_characters()),
            normalizers.Replace(Regex(_TERMINAL_ESCAPE), ""),
            normalizers.Replace(Regex(_REMOVED), ""),
            normalizers.NFC(),
            *lowering(),
        ]
    )


def _entities() -> list[tuple[str, str]]:
    """Give patterns of entities, by name and by number of either base, and what they mean."""
    named = [(f"{name};?", f"{name};") for name in _OPEN_ENTITIES]
    named += [(f"{name};", f"{name};") for name in _CLOSED_ENTITIES]
    found = []
    for pattern, entity in named:
        meant = html.unescape(f"&{entity}")
        code = ord(meant)
        numbers = f"#0*{code}(?!\\d);?|#[xX]0*(?i:{code:x})(?![\\da-fA-F]);?"
        found.append((f"&(?:{pattern}|{numbers})", meant))
    return found


@cache
def _characters() -> bytes:
    """Compile the table of characters that ftfy exchanges one by one.

    Wide and narrow forms become what they are compatible with, C1 controls what Windows-1252 meant
    by them, and quotes straight.
    """
    table = dict(_LIGATURES)
    for code in [0x3000, *range(0xFF01, 0xFFF0)]:
        plain = unicodedata.normalize("NFKC", chr(code))
        if plain != chr(code):
            table[chr(code)] = plain
    for code in range(0x80, 0xA0):
        meant = bytes([code]).decode("windows-1252", "ignore")
        if meant:
            table[chr(code)] = meant
    table |= dict.fromkeys("ʼ‘’‚‛", "'") | dict.fromkeys("“”„‟", '"')
    # A character that stands for another that is exchanged in turn gives the last one.
    table = {read: _last(table, meant) for read, meant in table.items()}
    set_min_log_level(2)  # it reports every table that it compiles
    compiled = SentencePieceNormalizer(norm_map=list(table.items()))
    return precompiled_charsmap(compiled.serialized_model_proto())


def _last(table: dict[str, str], text: str) -> str:
    return re.sub(".", lambda match: table.get(match[0], match[0]), text)
