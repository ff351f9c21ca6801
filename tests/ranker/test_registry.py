"""Ranker directories: what is saved is what loads, and whatever else is refused with its reason."""

import hashlib
import json
import pickle
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranker import engine_gate, trial
from ranker.errors import ModelRefused, RankingError
from ranker.features.schema import FEATURES, fingerprint
from ranker.manifest import read_manifest
from ranker.registry import load, save
from ranker.train import TrainedRanker

Tamper = Callable[[Path], None]


@pytest.fixture
def saved(tmp_path: Path, trained: TrainedRanker) -> Path:
    directory = tmp_path / "versions" / "one"
    save(directory, trained, provenance={"data": "made up"})
    return directory


def edit(name: str, change: Callable[[bytes], bytes]) -> Tamper:
    def tamper(directory: Path) -> None:
        path = directory / name
        path.write_bytes(change(path.read_bytes()))

    return tamper


def signed(name: str, change: Callable[[bytes], bytes]) -> Tamper:
    """Edit a file and its hash in the manifest, as someone would who wants it loaded."""

    def tamper(directory: Path) -> None:
        edit(name, change)(directory)
        manifest = json.loads((directory / "manifest.json").read_bytes())
        manifest["files"][name] = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    return tamper


def manifest_with(**fields: object) -> Tamper:
    return edit("manifest.json", lambda data: json.dumps(json.loads(data) | fields).encode())


def remove(name: str) -> Tamper:
    return lambda directory: (directory / name).unlink()


def with_leaves(data: bytes, value: bytes, *, of: slice) -> bytes:
    """Some leaves of the first tree as ``value``, in as many bytes, for LightGBM counts them."""
    start = data.index(b"leaf_value=") + len(b"leaf_value=")
    end = data.index(b"\n", start)
    leaves = data[start:end].split()
    leaves[of] = [value + b"0" * (len(leaf) - len(value)) for leaf in leaves[of]]
    return data[:start] + b" ".join(leaves) + data[end:]


def flip_a_leaf(data: bytes) -> bytes:
    start = data.index(b"leaf_value=") + len(b"leaf_value=")
    return data[:start] + b"9" + data[start + 1 :]


def test_loads_what_was_saved(saved: Path, trained: TrainedRanker) -> None:
    loaded = load(saved, engine="lightgbm")
    assert loaded.id == trained.ranker().id
    np.testing.assert_array_equal(
        loaded.score(trained.sample), trained.ranker().score(trained.sample)
    )
    manifest = read_manifest(saved)
    assert manifest.name == "taught"
    assert manifest.fingerprint == fingerprint()
    assert manifest.features == tuple(feature.name for feature in FEATURES)
    assert manifest.metrics == trained.metrics
    assert manifest.provenance == {"data": "made up"}


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        pytest.param(remove("manifest.json"), "RANKER_NOT_FOUND", id="no manifest"),
        pytest.param(remove("model.txt"), "RANKER_NOT_FOUND", id="no model"),
        pytest.param(remove("sample.json"), "RANKER_NOT_FOUND", id="no sample"),
        pytest.param(edit("model.txt", lambda data: data[:-9]), "RANKER_HASH", id="cut"),
        pytest.param(edit("model.txt", flip_a_leaf), "RANKER_HASH", id="edited"),
        pytest.param(edit("schema.json", lambda data: data + b" "), "RANKER_HASH", id="schema"),
        pytest.param(edit("sample.json", lambda data: data + b" "), "RANKER_HASH", id="sample"),
        pytest.param(manifest_with(fingerprint="0" * 64), "RANKER_SCHEMA", id="other features"),
        pytest.param(signed("schema.json", lambda _: b"{}"), "RANKER_SCHEMA", id="schema, signed"),
        pytest.param(
            edit("manifest.json", lambda data: data[:40]), "RANKER_UNPARSABLE", id="cut manifest"
        ),
        pytest.param(manifest_with(files={}), "RANKER_UNPARSABLE", id="manifest without hashes"),
        pytest.param(manifest_with(metrics=[1]), "RANKER_UNPARSABLE", id="manifest of other types"),
        pytest.param(edit("manifest.json", lambda _: b"[]"), "RANKER_UNPARSABLE", id="a list"),
        pytest.param(edit("manifest.json", lambda _: b"\xff"), "RANKER_UNPARSABLE", id="bytes"),
        pytest.param(
            edit("manifest.json", lambda _: b"[" * 99_999), "RANKER_UNPARSABLE", id="deep"
        ),
        pytest.param(manifest_with(metrics={"a": 10**400}), "RANKER_UNPARSABLE", id="endless"),
        pytest.param(
            edit("model.txt", lambda _: pickle.dumps([1])), "RANKER_PICKLE", id="a pickle"
        ),
        pytest.param(
            signed("model.txt", lambda _: pickle.dumps([1], protocol=0)),
            "RANKER_PICKLE",
            id="an old pickle, signed",
        ),
        pytest.param(manifest_with(name="../up"), "RANKER_UNPARSABLE", id="a name with a path"),
        # These pass their hashes, and would end a process that parsed them.
        pytest.param(
            signed("model.txt", lambda data: data[: len(data) // 2]),
            "RANKER_UNPARSABLE",
            id="cut and signed",
        ),
        pytest.param(
            signed("model.txt", lambda data: data.replace(b"num_leaves=", b"num_leaves=9", 1)),
            "RANKER_UNPARSABLE",
            id="more leaves than there are, signed",
        ),
        pytest.param(signed("model.txt", lambda _: b""), "RANKER_UNPARSABLE", id="empty, signed"),
        pytest.param(signed("model.txt", flip_a_leaf), "RANKER_UNPARSABLE", id="edited, signed"),
        pytest.param(
            signed("model.txt", lambda _: b"\xff\xfe"), "RANKER_UNPARSABLE", id="no text, signed"
        ),
        pytest.param(
            signed("model.txt", lambda data: with_leaves(data, b"nan", of=slice(None))),
            "RANKER_UNPARSABLE",
            id="leaves that are no numbers, signed",
        ),
        pytest.param(
            signed("model.txt", lambda data: with_leaves(data, b"9e9", of=slice(1))),
            "RANKER_NOT_FINITE",
            id="one leaf that is too large, signed",
        ),
        pytest.param(
            signed("sample.json", lambda _: b'{"matrix": [], "scores": []}'),
            "RANKER_UNPARSABLE",
            id="no rows, signed",
        ),
        pytest.param(
            signed("sample.json", lambda _: b"{}"), "RANKER_UNPARSABLE", id="empty sample, signed"
        ),
        pytest.param(remove("linear.json"), "RANKER_NOT_FOUND", id="no twin, though named"),
        pytest.param(edit("linear.json", lambda data: data + b" "), "RANKER_HASH", id="twin"),
        pytest.param(
            signed("linear.json", lambda data: data[:-9]),
            "RANKER_UNPARSABLE",
            id="cut twin, signed",
        ),
        pytest.param(
            signed("linear.json", lambda data: data.replace(b"price", b"prize", 1)),
            "RANKER_SCHEMA",
            id="twin of other features, signed",
        ),
        pytest.param(
            signed("linear.json", lambda data: re.sub(rb'ghts": \[[^,]+', b'ghts": [1e39', data)),
            "RANKER_NOT_FINITE",
            id="twin with a weight that is too large, signed",
        ),
    ],
)
def test_refuses(saved: Path, tamper: Tamper, reason: str) -> None:
    tamper(saved)
    with pytest.raises(ModelRefused) as refusal:
        load(saved)
    assert refusal.value.reason == reason
    assert str(saved) in str(refusal.value)


def test_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused) as refusal:
        load(tmp_path / "nowhere")
    assert refusal.value.reason == "RANKER_NOT_FOUND"


def test_refuses_a_model_that_takes_too_long(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    monkeypatch.setattr(trial, "PROBE", sleeper)
    started = time.monotonic()
    with pytest.raises(ModelRefused, match=r"more than 0\.2 s") as refusal:
        load(saved, probe_timeout_seconds=0.2)
    assert refusal.value.reason == "RANKER_UNPARSABLE"
    assert time.monotonic() - started < 30


def test_onnx_runtime_serves_where_it_agrees(saved: Path, trained: TrainedRanker) -> None:
    pytest.importorskip("onnx")
    loaded = load(saved)
    assert (loaded.engine, loaded.engine_reason) == ("onnxruntime", "")
    by_lightgbm = load(saved, engine="lightgbm")
    assert by_lightgbm.engine == "lightgbm"
    np.testing.assert_allclose(
        loaded.score(trained.sample), by_lightgbm.score(trained.sample), rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(
        sum(loaded.contributions(trained.sample).values()), loaded.score(trained.sample), atol=1e-4
    )


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        pytest.param(signed("model.onnx", lambda _: b"\x08\x08"), "ended with code 1", id="broken"),
        pytest.param(signed("model.onnx", lambda _: b"\x80\x05N."), "code 1", id="a pickle"),
    ],
)
def test_lightgbm_serves_where_the_onnx_model_does_not_run(
    saved: Path, trained: TrainedRanker, tamper: Tamper, reason: str
) -> None:
    pytest.importorskip("onnx")
    tamper(saved)
    loaded = load(saved)
    assert loaded.engine == "lightgbm"
    assert reason in loaded.engine_reason
    np.testing.assert_array_equal(
        loaded.score(trained.sample), trained.ranker().score(trained.sample)
    )


def test_lightgbm_serves_where_the_gate_objects(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(engine_gate, "MOST_DIFFERENCE", -1.0)
    loaded = load(saved)
    assert loaded.engine == "lightgbm"
    assert "scores differ" in loaded.engine_reason


def test_an_edited_onnx_model_is_refused(saved: Path) -> None:
    pytest.importorskip("onnx")
    edit("model.onnx", lambda data: data + b" ")(saved)
    with pytest.raises(ModelRefused) as refusal:
        load(saved)
    assert refusal.value.reason == "RANKER_HASH"


def test_a_version_from_before_onnx_is_served_by_lightgbm(saved: Path) -> None:
    pytest.importorskip("onnx")
    manifest = json.loads((saved / "manifest.json").read_bytes())
    del manifest["files"]["model.onnx"]
    (saved / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (saved / "model.onnx").unlink()
    assert load(saved).engine_reason == "the version has no model.onnx"


def test_the_linear_twin_is_loaded_beside_the_trees(saved: Path, trained: TrainedRanker) -> None:
    loaded = load(saved)
    assert trained.linear is not None
    assert loaded.twin is not None
    assert loaded.twin.id == f"{loaded.id}/linear"
    np.testing.assert_array_equal(
        loaded.twin.score(trained.sample), trained.linear.score(trained.sample)
    )
    parts = loaded.twin.contributions(trained.sample)
    np.testing.assert_allclose(sum(parts.values()), loaded.twin.score(trained.sample), atol=1e-4)


def test_a_version_from_before_the_twin_has_none(tmp_path: Path, trained: TrainedRanker) -> None:
    save(tmp_path / "one", replace(trained, linear=None), provenance={})
    assert not (tmp_path / "one" / "linear.json").exists()
    assert load(tmp_path / "one").twin is None


def test_saving_takes_no_name_that_is_a_path(tmp_path: Path, trained: TrainedRanker) -> None:
    with pytest.raises(RankingError, match="cannot name a ranker"):
        save(tmp_path / "one", replace(trained, name="../up"), provenance={})
    assert not (tmp_path / "one").exists()


def test_saving_again_replaces_the_whole(saved: Path, trained: TrainedRanker) -> None:
    (saved / "left over").touch()
    save(saved, trained, provenance={"data": "newer"})
    assert read_manifest(saved).provenance == {"data": "newer"}
    assert not (saved / "left over").exists()
    assert [path.name for path in saved.parent.iterdir()] == ["one"]


def test_saving_spares_what_is_no_ranker(tmp_path: Path, trained: TrainedRanker) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(RankingError, match="not a ranker"):
        save(tmp_path / "photos", trained, provenance={})
    assert (tmp_path / "photos" / "cat.jpg").exists()
