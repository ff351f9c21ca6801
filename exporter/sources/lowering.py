"""Lower case as Python gives it, out of a tokenizer's normalizers."""

from __future__ import annotations

from tokenizers import Regex, normalizers


def lowering() -> list[normalizers.Normalizer]:
    """Give the steps: Python lowers a final sigma to its own form, which the library does not."""
    final_sigma = normalizers.Replace(Regex(r"(?<=\p{L})Σ(?!\p{L})"), "ς")
    return [final_sigma, normalizers.Lowercase()]
