"""How a Triton is started, and what an environment that cannot run one is told."""

import json
import sys
import sysconfig
from pathlib import Path

import pytest

from exporter.triton import server_environment as module
from exporter.triton.errors import ServerEnvironmentError
from exporter.triton.server_environment import prepare, read_environment, server_command

NUMBER = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment whose record says where everything is."""
    server = tmp_path / "tritonserver"
    server.touch()
    record = {
        "server": str(server), "backends": "/env/backends", "libraries": ["/env/libs", "/python"],
        "python": "3.11.7", "numpy": "1.26.4", "onnxruntime": "1.31.1",
    }  # fmt: skip
    (tmp_path / "triton.json").write_text(json.dumps(record), "utf-8")
    return tmp_path


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packages of an environment in which the server's wheel is installed."""
    carried = tmp_path / "packages" / "pytriton" / "tritonserver"
    for file in (
        "bin/tritonserver",
        "backends/python/libtriton_python.so",
        "backends/python/__pycache__/old.pyc",
        f"python_backend_stubs/{NUMBER}/triton_python_backend_stub",
    ):
        (carried / file).parent.mkdir(parents=True, exist_ok=True)
        (carried / file).touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "packages"))
    monkeypatch.setattr(module, "_version", {"numpy": "1.26.4", "onnxruntime": "1.31"}.__getitem__)
    monkeypatch.setattr(module, "_python_libraries", lambda: ["/python"])
    return carried


def test_the_command(environment: Path, tmp_path: Path) -> None:
    command = server_command(environment, repository=tmp_path / "models", grpc_port=8001)
    assert command.argv == (
        str(tmp_path / "tritonserver"),
        f"--model-repository={tmp_path}/models",
        "--backend-directory=/env/backends",
        "--model-control-mode=explicit",
        "--load-model=*",
        "--disable-auto-complete-config",
        "--exit-on-error=false",
        "--strict-readiness=false",
        "--exit-timeout-secs=10",
        "--grpc-address=127.0.0.1",
        "--grpc-port=8001",
        "--allow-http=false",
        "--allow-metrics=false",
        "--log-verbose=0",
    )
    assert command.env == {
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": "/env/libs:/python",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def test_models_and_ports_are_chosen(environment: Path, tmp_path: Path) -> None:
    argv = server_command(
        environment, repository=tmp_path, grpc_port=1, http_port=2, metrics_port=3, host="0.0.0.0",  # noqa: S104
        models=("a", "b"),
    ).argv  # fmt: skip
    assert {"--load-model=a", "--load-model=b", "--http-port=2", "--metrics-port=3"} <= set(argv)
    assert {"--http-address=0.0.0.0", "--metrics-address=0.0.0.0"} <= set(argv)
    assert "--allow-http=false" not in argv


def test_few_variables_of_the_caller_are_kept(environment: Path, tmp_path: Path) -> None:
    surroundings = {
        "CUDA_VISIBLE_DEVICES": "1", "OMP_NUM_THREADS": "2", "PYTHONPATH": "/product", "PATH": "/x",
        "LD_LIBRARY_PATH": "/y", "OMNISHELF__STORE__URL": "secret",
    }  # fmt: skip
    command = server_command(
        environment, repository=tmp_path, grpc_port=1, surroundings=surroundings
    )
    assert command.env["PATH"].startswith(str(tmp_path))
    assert set(command.env) == {
        "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "PATH", "LD_LIBRARY_PATH",
        "PYTHONDONTWRITEBYTECODE",
    }  # fmt: skip


@pytest.mark.parametrize("spoil", ["absent", "nonsense", "a list", "server gone"])
def test_an_unusable_environment_says_how_to_build_one(environment: Path, spoil: str) -> None:
    record = environment / "triton.json"
    if spoil == "server gone":
        (environment / "tritonserver").unlink()
    else:
        record.unlink()
    if spoil in {"nonsense", "a list"}:
        record.write_text("{" if spoil == "nonsense" else "[]", "utf-8")
    with pytest.raises(ServerEnvironmentError, match="make triton") as refused:
        read_environment(environment)
    assert refused.value.reason == "TRITON_ENVIRONMENT"


@pytest.mark.usefixtures("wheel")
def test_an_environment_is_completed_for_its_python(tmp_path: Path) -> None:
    for _ in range(2):  # again is the same
        record = prepare(tmp_path)
        backend = tmp_path / "backends" / "python"
        assert sorted(path.name for path in backend.iterdir()) == [
            "libtriton_python.so",
            "triton_python_backend_stub",
        ]
        assert read_environment(tmp_path) == record
    assert record.libraries == (str(tmp_path / "packages" / "nvidia_pytriton.libs"), "/python")


def test_the_products_own_environment_has_no_triton(tmp_path: Path) -> None:
    with pytest.raises(ServerEnvironmentError, match="no Triton server") as refused:
        prepare(tmp_path)
    assert refused.value.reason == "TRITON_WHEEL"


def test_a_numpy_that_answers_nothing_is_refused(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_version", lambda _: "2.0.1")
    with pytest.raises(ServerEnvironmentError, match="install numpy<2") as refused:
        prepare(tmp_path)
    assert refused.value.reason == "TRITON_NUMPY"
    assert not (tmp_path / "triton.json").exists()


def test_a_python_without_a_stub_is_refused(wheel: Path, tmp_path: Path) -> None:
    (wheel / "python_backend_stubs" / NUMBER / "triton_python_backend_stub").unlink()
    with pytest.raises(ServerEnvironmentError, match="no backend for Python") as refused:
        prepare(tmp_path)
    assert refused.value.reason == "TRITON_STUB"


def test_a_python_without_its_library_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_loads(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", nothing_loads)
    with pytest.raises(ServerEnvironmentError, match=f"install libpython{NUMBER}") as refused:
        module._python_libraries()
    assert refused.value.reason == "TRITON_LIBPYTHON"


def test_a_package_that_is_absent_is_named() -> None:
    with pytest.raises(ServerEnvironmentError, match="no_such_package") as refused:
        module._version("no_such_package")
    assert refused.value.reason == "TRITON_NO_SUCH_PACKAGE"
