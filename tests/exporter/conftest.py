"""Small models of every family, loaded once, and exported once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import onnx

    from exporter.sources.model import LoadedModel

FAMILIES = ("clip", "siglip", "chinese_clip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A model and the float32 bundle that was made of it."""

    model: LoadedModel
    bundle: Path

    def graph(self, tower: str) -> onnx.ModelProto:
        """A fresh copy of a tower's graph."""
        import onnx  # noqa: PLC0415 - the exporter's extra

        return onnx.load(self.bundle / f"{tower}.onnx")

    def without_tracing(self, patch: pytest.MonkeyPatch) -> None:
        """Let `export` take these graphs: torch needs seconds to write them anew."""
        patch.setattr("exporter.export.text_model", lambda *_: self.graph("text"))
        patch.setattr("exporter.export.image_model", lambda *_: self.graph("image"))


@pytest.fixture(scope="session", params=FAMILIES)
def exported(request: pytest.FixtureRequest, exports: dict[str, Exported]) -> Exported:
    """Every family in turn."""
    return _exported(str(request.param), exports, request)


@pytest.fixture(scope="session")
def exported_clip(request: pytest.FixtureRequest, exports: dict[str, Exported]) -> Exported:
    """The CLIP alone."""
    return _exported("clip", exports, request)


@pytest.fixture(scope="session")
def exports() -> Iterator[dict[str, Exported]]:
    """What has been exported so far, by family."""
    torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield {}
    torch.set_num_threads(threads)


def _exported(
    family: str, exports: dict[str, Exported], request: pytest.FixtureRequest
) -> Exported:
    if family not in exports:
        from exporter.export import export  # noqa: PLC0415 - the exporter's extra
        from exporter.sources.load import load_source  # noqa: PLC0415 - the same
        from tests.exporter.sources import small_models  # noqa: PLC0415 - the same

        folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        folder = folders.mktemp(family)
        written = getattr(small_models, f"small_{family}")(folder / family)
        model = load_source(str(written))
        export(model, output=folder / "bundle")
        exports[family] = Exported(model=model, bundle=folder / "bundle")
    return exports[family]
