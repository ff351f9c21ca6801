"""The server's program is unpacked, and its settings are written with ports that it was given."""

import json
import lzma
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.scale import milvus_environment


class Held:
    """A socket that keeps a port until the answer is made."""

    closed = False

    def close(self) -> None:
        self.closed = True


class FakeConfig:
    """What the wheel's module does, as far as it is used."""

    def __init__(self, *, data_dir: str) -> None:
        self.folder = Path(data_dir)
        self.values = {"proxy_port": "0"}
        self.held = Held()

    def set(self, key: str, value: str) -> None:
        self.values[key] = value

    def get(self, key: str) -> int:
        return int(self.values[key])

    def resolve(self) -> None:
        sys.stdout.write("ports are looked for\n")
        self.values["proxy_port"] = "19530"
        (self.folder / "settings.json").write_text(json.dumps(self.values))

    def resolve_port(self, start: int) -> tuple[int, Held]:
        return start + 1, self.held


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the environment, with the wheel's module and one packed file."""
    packed = tmp_path / "site" / "data" / "bin"
    packed.mkdir(parents=True)
    (packed / "milvus.lzma").write_bytes(lzma.compress(b"a program"))
    module = ModuleType("milvus")
    module.__file__ = str(tmp_path / "site" / "__init__.py")
    module.MilvusServerConfig = FakeConfig  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "milvus", module)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


def test_prepare_unpacks_an_executable_and_again_does_the_same(wheel: Path) -> None:
    for _ in range(2):
        assert milvus_environment.main(["prepare"]) == 0
        program = wheel / "server" / "milvus"
        assert program.read_bytes() == b"a program"
        assert program.stat().st_mode & 0o111
        (wheel / "server" / "left").write_text("from an earlier release")


def test_write_says_how_the_server_is_started(
    wheel: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("SECRET", "not for the server")
    folder = wheel / "data"
    folder.mkdir()
    assert milvus_environment.main(["write", str(folder), "a.b=1", "c=x=y"]) == 0
    started = json.loads(capsys.readouterr().out)
    assert started["argv"] == [str(wheel / "server" / "milvus"), "run", "standalone"]
    assert started["port"] == 19530
    assert started["env"]["METRICS_PORT"] == "9092"
    assert started["env"]["HOME"] == "/home/somebody"
    assert "SECRET" not in started["env"]
    written = json.loads((folder / "settings.json").read_text())
    assert (written["a.b"], written["c"]) == ("1", "x=y")


@pytest.mark.parametrize("arguments", [[], ["write"], ["begin"]])
def test_anything_else_is_asked_wrongly(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert milvus_environment.main(arguments) == 2
    assert "write FOLDER" in capsys.readouterr().err
