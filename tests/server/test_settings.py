from pathlib import Path

import pytest

from server.errors import InvalidRequest, NotFound
from server.pipeline_options import PipelineOptions
from server.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMNISHELF_CONFIG", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text("data: from-file\nserver: {port: 8001, host: file.example}\n", "utf-8")
    return path


def test_flags_go_before_environment_before_file_before_defaults(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNISHELF__SERVER__PORT", "8002")
    monkeypatch.setenv("OMNISHELF__SERVER__MAX_IN_FLIGHT", "3")
    settings = load_settings(file, flags={"server.max_in_flight": 5, "server.port": None})
    assert settings.server.max_in_flight == 5
    assert settings.server.port == 8002
    assert settings.server.host == "file.example"
    assert settings.data == Path("from-file")
    assert settings.server.grace_seconds == 10.0


def test_the_environment_may_name_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNISHELF_CONFIG", str(file))
    assert load_settings().server.port == 8001


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--config"):
        load_settings(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "field", "reason", "says"),
    [
        ("server: {prot: 1}", "server.prot", "SETTING_UNKNOWN", "host, port, metrics_port"),
        ("servers: {}", "servers", "SETTING_UNKNOWN", "data, server, encoder"),
        ("server: {port: http}", "server.port", "SETTING_INVALID", "integer"),
        ("server: {port: 70000}", "server.port", "SETTING_INVALID", "65535"),
        ("ranking: {variety: .nan}", "ranking.variety", "SETTING_INVALID", ""),
        ("server: 8000", "server", "SETTING_INVALID", "dictionary"),
        ("server: {call_threads: 5}", "server", "SETTING_INVALID", "at least 20"),
        ("server: {page_token_key: short}", "server", "SETTING_INVALID", "at least 16"),
    ],
)
def test_what_a_file_may_not_say(
    tmp_path: Path, text: str, field: str, reason: str, says: str
) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidRequest) as caught:
        load_settings(path)
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == (field, reason)
    assert says in violation.description


@pytest.mark.parametrize("content", [b"- 1\n- 2\n", b"a: [", b"\xff\xfe", b"just words"])
def test_a_file_that_holds_no_settings(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        load_settings(path)
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == (str(path), "SETTINGS_FILE")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("", "utf-8")
    assert load_settings(path).server == Settings().server


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNISHELF__SERVER__PROT", "1")
    monkeypatch.setenv("OMNISHELF__LOG__LEVEL", "loud")
    with pytest.raises(InvalidRequest) as caught:
        load_settings(flags={"ranking.variety": 2})
    fields = {violation.field for violation in caught.value.violations}
    assert fields == {"server.prot", "log.level", "ranking.variety"}


def test_a_misspelt_section_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNISHELF__SERVR__PORT", "1")
    with pytest.raises(InvalidRequest) as caught:
        load_settings()
    assert caught.value.violations[0].field == "OMNISHELF__SERVR__PORT"


def test_defaults_are_those_of_the_pipeline() -> None:
    options = PipelineOptions()
    settings = Settings()
    assert settings.retrieval.candidates == options.candidates
    assert settings.retrieval.lexical_weight == options.lexical_weight
    assert settings.retrieval.image_share_text_query == options.image_share_text_query
    assert settings.retrieval.image_share_picture_query == options.image_share_picture_query
    assert settings.ranking.variety == options.variety


def test_paths_follow_the_data_directory() -> None:
    settings = load_settings(flags={"data": Path("shop")})
    assert settings.vectors_uri == "shop/vectors.db"
    assert settings.store_url == "sqlite:///shop/products.db"
    assert settings.address_file == Path("shop/server.address")


def test_secrets_do_not_show() -> None:
    settings = load_settings(flags={"store.url": "postgresql+psycopg://u:secret-word@h/n"})
    assert "secret-word" not in repr(settings)
    assert settings.store_url.endswith("secret-word@h/n")


def test_threads_leave_room_for_refusals() -> None:
    settings = load_settings(flags={"server.max_in_flight": 10, "server.max_imports": 2})
    assert settings.server.threads == 20
    assert load_settings(flags={"server.call_threads": 32}).server.threads == 32
