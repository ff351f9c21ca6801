"""The committed stubs are what the protos give, and a difference is named."""

from pathlib import Path

import pytest

from protos.stubs import STUBS_ROOT, differences, generate, main


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("stubs")
    generate(destination)
    return destination


def test_committed_stubs_are_fresh(generated: Path) -> None:
    assert differences(generated, STUBS_ROOT) == ()
    assert main(["--check"]) == 0


@pytest.mark.parametrize("kind", ["_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi"])
def test_every_kind_of_stub_is_written(generated: Path, kind: str) -> None:
    assert (generated / "omnishelf/v1" / f"search_service{kind}").stat().st_size > 0


def test_stubs_are_of_the_synchronous_api(generated: Path) -> None:
    text = (generated / "omnishelf/v1/search_service_pb2_grpc.pyi").read_text()
    assert "grpc.UnaryUnaryMultiCallable[" in text.replace("_grpc", "grpc")
    assert "aio" not in text


def test_packages_say_where_they_come_from(generated: Path) -> None:
    for package in ("omnishelf", "omnishelf/v1"):
        assert "make protos" in (generated / package / "__init__.py").read_text()


@pytest.mark.parametrize(
    ("expected", "actual", "named"),
    [
        pytest.param({"a_pb2.py": "1"}, {"a_pb2.py": "1"}, (), id="same"),
        pytest.param({"a_pb2.py": "1"}, {"a_pb2.py": "2"}, ("a_pb2.py",), id="edited"),
        pytest.param({"a_pb2.py": "1"}, {}, ("a_pb2.py",), id="missing"),
        pytest.param({}, {"v1/b_pb2.pyi": "1"}, ("v1/b_pb2.pyi",), id="left behind"),
        pytest.param({}, {"v1/__pycache__/b.pyc": "1"}, (), id="not a stub"),
    ],
)
def test_differences(
    tmp_path: Path, expected: dict[str, str], actual: dict[str, str], named: tuple[str, ...]
) -> None:
    for side, files in (("expected", expected), ("actual", actual)):
        (tmp_path / side).mkdir()
        for name, text in files.items():
            (tmp_path / side / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / side / name).write_text(text)
    assert differences(tmp_path / "expected", tmp_path / "actual") == named
