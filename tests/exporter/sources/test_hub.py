"""The hub: a real server on this machine that answers as it does, and none at all."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import pytest

hub_constants = pytest.importorskip("huggingface_hub.constants", reason="no exporter's extra")
pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.sources.errors import SourceError  # noqa: E402
from exporter.sources.hub import locate  # noqa: E402
from exporter.sources.load import load_source  # noqa: E402

COMMIT = "0123456789abcdef0123456789abcdef01234567"
EXTRA = ("pytorch_model.bin", "onnx/config.json", "flax_model.msgpack")


@pytest.fixture
def hub(models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve the small CLIP as ``shop/small``; the fixture lists the files that were asked for."""
    directory, asked = models("clip"), []
    names = [path.name for path in directory.iterdir()]

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = urlparse(self.path).path
            parts = path.strip("/").split("/")
            if parts[:4] == ["api", "models", "shop", "small"]:
                siblings = [*names, *EXTRA]
                entries = [
                    {"type": "file", "path": name, "size": 1, "oid": name} for name in siblings
                ]
                document = {
                    "id": "shop/small", "sha": COMMIT,
                    "siblings": [{"rfilename": name} for name in siblings],
                }  # fmt: skip
                self.answer(json.dumps(entries if "tree" in parts else document).encode())
            elif parts[:3] == ["shop", "small", "resolve"]:
                asked.append("/".join(parts[4:]))
                self.answer((directory / parts[-1]).read_bytes(), etag=parts[-1])
            else:
                self.answer(b"", status=404, error="RepoNotFound")

        def answer(
            self, body: bytes, *, status: int = 200, etag: str = "", error: str = ""
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            for name, value in (("ETag", etag), ("X-Error-Code", error)):
                if value:
                    self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        reach(monkeypatch, address)
        yield asked
        server.shutdown()
        thread.join()


def reach(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Point the hub's client at an address; it has read its own from the environment already."""
    from huggingface_hub import file_download, hf_api  # noqa: PLC0415

    monkeypatch.setattr(hub_constants, "ENDPOINT", address)
    monkeypatch.setattr(hf_api.api, "endpoint", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (hub_constants, file_download):
        if hasattr(module, "HUGGINGFACE_CO_URL_TEMPLATE"):
            monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def test_an_id_is_fetched_once_and_only_what_is_read(hub: list[str], tmp_path: Path) -> None:
    loaded = load_source("shop/small@main", cache=tmp_path)

    assert (loaded.name, loaded.source.name) == ("small", "shop/small")
    assert loaded.source.version == COMMIT
    assert "model.safetensors" in hub
    assert not set(EXTRA) & set(hub)
    fetched = len(hub)
    again = locate("shop/small@main", cache=tmp_path)
    assert again.revision == COMMIT
    assert "model.safetensors" not in hub[fetched:]


def test_an_id_that_nobody_has_is_not_found(hub: list[str], tmp_path: Path) -> None:
    assert_not_found("shop/unknown", tmp_path, "check the id and the network")
    assert hub == []


def test_no_network_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(monkeypatch, "http://127.0.0.1:9")  # the discard port, which nobody serves

    assert_not_found("shop/small", tmp_path, "check the id and the network")


@pytest.mark.parametrize("source", ["nowhere", "./a/b/c", "a/b/c", "org/name@", "org/na me"])
def test_what_cannot_be_an_id_is_not_asked_for(source: str, tmp_path: Path) -> None:
    assert_not_found(source, tmp_path, "neither a directory nor a hub id")


def test_a_file_is_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    (tmp_path / "org/name").write_text("", "utf-8")

    assert_not_found("org/name", tmp_path, "neither a directory nor a hub id")


def assert_not_found(source: str, cache: Path, said: str) -> None:
    with pytest.raises(SourceError, match=said) as refusal:
        locate(source, cache=cache)
    assert refusal.value.reason == "SOURCE_NOT_FOUND"
