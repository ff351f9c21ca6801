"""Models of OpenCLIP, compared with what OpenCLIP itself computed in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tokenizers import Tokenizer

torch = pytest.importorskip("torch", reason="the exporter's extra is not installed")

from safetensors.torch import load_file, save_file  # noqa: E402

from exporter.sources.errors import SourceError  # noqa: E402
from exporter.sources.load import load_source  # noqa: E402
from exporter.sources.model import LoadedModel  # noqa: E402
from tests.exporter.sources.awkward_texts import AWKWARD, ESCAPED  # noqa: E402

FOLDER = Path(sys.prefix) / "openclip"
VOCABULARY = FOLDER / "open_clip/bpe_simple_vocab_16e6.txt.gz"
SCRIPT = Path(__file__).with_name("openclip_reference.py")
# What ftfy and html repair and a tokenizer's normalizers cannot, and what is text on purpose.
UNLIKE = ("cafÃ© latte", "itâ€™s", "&hearts;", "&#1044;", "<end_of_text>")
TEXTS = (*AWKWARD, *ESCAPED, *UNLIKE)

pytestmark = pytest.mark.skipif(not VOCABULARY.is_file(), reason="run `make exporter` first")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold a small model, every way OpenCLIP saves one, and what OpenCLIP makes of `TEXTS`."""
    made = tmp_path_factory.mktemp("openclip")
    (made / "texts.json").write_text(json.dumps(TEXTS), "utf-8")
    values = np.random.default_rng(5).integers(0, 256, (45, 70, 3), dtype=np.uint8)
    Image.fromarray(values).save(made / "picture.png")
    subprocess.run(
        [sys.executable, SCRIPT, made, made / "texts.json", made / "picture.png"],
        env={**os.environ, "PYTHONPATH": str(FOLDER), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    shutil.copy(VOCABULARY, made)
    return made


@pytest.fixture(scope="module")
def reference(directory: Path) -> dict[str, Any]:
    with np.load(directory / "reference.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def loaded(directory: Path) -> LoadedModel:
    return load_source(str(directory))


@pytest.fixture
def copy(directory: Path, tmp_path: Path) -> Path:
    wanted = ("open_clip_config.json", "open_clip_model.safetensors", VOCABULARY.name)
    for name in wanted:
        shutil.copy(directory / name, tmp_path)
    return tmp_path


def test_tokens_are_those_of_openclip(loaded: LoadedModel, reference: dict[str, Any]) -> None:
    text = loaded.text
    tokenizer = Tokenizer.from_str(text.tokenizer)
    tokenizer.enable_truncation(text.max_tokens)
    tokenizer.enable_padding(length=77, pad_id=text.pad_id)

    for said, expected in zip(TEXTS, reference["tokens"], strict=True):
        equal = tokenizer.encode(said).ids == expected.tolist()
        assert equal is (said not in UNLIKE), said


def test_texts_get_the_vectors_of_openclip(loaded: LoadedModel, reference: dict[str, Any]) -> None:
    ids = torch.tensor(reference["tokens"])
    found = loaded.text.module(ids, (ids > 0).long()).numpy()

    assert np.abs(found - reference["words"]).max() < 1e-6
    short = loaded.text.module(ids[:1, :8], torch.ones((1, 8), dtype=torch.long)).numpy()
    assert np.abs(short - reference["words"][:1]).max() < 1e-6


def test_pictures_get_the_vectors_of_openclip(
    directory: Path, loaded: LoadedModel, reference: dict[str, Any]
) -> None:
    image = loaded.image
    # 45 by 70: the shorter side to 32, the longer to int(32 * 70 / 45) = 49; of the 17 left over,
    # round(8.5) = 8 are cut on the left, where the other rounding would cut 8 as well.
    with Image.open(directory / "picture.png") as picture:
        pixels = picture.resize((49, 32), Image.Resampling.BICUBIC).crop((8, 0, 40, 32))
    batch = torch.tensor(np.asarray(pixels).copy())[None]

    assert (image.tower.fit, image.tower.crop_offset) == ("crop", "half_even")
    assert (image.tower.shortest_edge, image.tower.resample) == (32, "bicubic")
    arithmetic: Any = image.module.get_submodule("pixels")
    assert np.abs(arithmetic(batch).numpy() - reference["prepared"]).max() < 1e-5
    assert np.abs(image.module(batch).numpy() - reference["images"]).max() < 1e-6


def test_a_training_checkpoint_is_the_same_model(
    directory: Path, reference: dict[str, Any]
) -> None:
    loaded = load_source(
        f"openclip:{directory / 'ViT-tiny.json'}", checkpoint=directory / "epoch_3.pt"
    )
    ids = torch.tensor(reference["tokens"])

    assert (loaded.name, loaded.family, loaded.dimension) == ("ViT-tiny", "openclip", 32)
    found = loaded.text.module(ids, (ids > 0).long()).numpy()
    assert np.abs(found - reference["words"]).max() < 1e-6


def test_a_checkpoint_replaces_the_weights_beside(directory: Path, copy: Path) -> None:
    (copy / "open_clip_model.safetensors").unlink()
    loaded = load_source(str(copy), checkpoint=directory / "epoch_3.pt", name="mine")

    assert loaded.name == "mine"
    with pytest.raises(SourceError, match="no weights") as refusal:
        load_source(str(copy))
    assert refusal.value.reason == "SOURCE_WEIGHTS"


@pytest.mark.parametrize("file", ["whole.pt", "script.pt"])
def test_what_would_have_to_be_run_is_refused(directory: Path, file: str) -> None:
    with pytest.raises(SourceError, match="as safetensors") as refusal:
        load_source(str(directory), checkpoint=directory / file)
    assert refusal.value.reason == "SOURCE_PICKLED"


def test_weights_that_do_not_fit_are_named(copy: Path) -> None:
    path = copy / "open_clip_model.safetensors"
    weights = load_file(path)
    weights.pop("visual.ln_post.bias")
    weights["text_projection"] = torch.zeros(4, 4)
    weights["visual.attn_pool.query"] = torch.zeros(1)
    save_file(weights, path)

    with pytest.raises(SourceError) as refusal:
        load_source(str(copy))
    assert refusal.value.reason == "SOURCE_WEIGHTS"
    message = str(refusal.value)
    assert "1 missing (vision_model.post_layernorm.bias)" in message
    assert "1 unexpected (visual.attn_pool.query)" in message
    assert "1 misshapen (text_projection.weight)" in message
