"""The licence page of a bundle."""

from exporter.licences import licences_page
from exporter.spec import STARTER_DIRECTORY, Source, read_manifest


def test_every_source_is_a_row_with_its_licence_linked() -> None:
    source = Source(name="w", version="1", sha256="ab", licence="Apache-2.0", used_for="words")
    link = "[Apache-2.0](https://www.apache.org/licenses/LICENSE-2.0)"
    assert f"| w 1 | {link} | words | `ab` |" in licences_page([source]).splitlines()


def test_share_alike_parts_are_attributed() -> None:
    page = licences_page([])
    assert all(word in page for word in ("CC-CEDICT", "CC BY-SA 4.0", "wordfreq", "Changes made"))


def test_the_shipped_page_credits_every_source_of_the_bundle() -> None:
    page = (STARTER_DIRECTORY / "LICENSES.md").read_text("utf-8")
    sources = read_manifest(STARTER_DIRECTORY).sources
    assert len(sources) >= 4
    assert [source.name for source in sources if source.sha256 not in page] == []
