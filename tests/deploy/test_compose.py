"""The compose file pins its images, finds its files, and its parts agree on names and ports."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def image_variables() -> dict[str, str]:
    """Return the settings that the image itself makes."""
    return dict(re.findall(r"(OMNISHELF__\w+)=(\S+)", DOCKERFILE))


def test_every_part_of_the_product_has_its_place() -> None:
    assert set(SERVICES) == {"server", "triton", "milvus", "postgres", "prometheus"}


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_pinned(service: str) -> None:
    name, _, tag = SERVICES[service]["image"].rpartition(":")
    assert name
    assert re.search(r"\d+\.\d+", tag), f"{service} runs {tag}, not one release"


@pytest.mark.parametrize("service", SERVICES)
def test_mounts_exist(service: str) -> None:
    for mount in SERVICES[service].get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (DEPLOY / source).exists(), f"{service} mounts {source}, which is not there"
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_is_used() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts} >= set(COMPOSE["volumes"])


@pytest.mark.parametrize("service", SERVICES)
def test_dependencies_are_services_with_a_health_check(service: str) -> None:
    for name, wanted in SERVICES[service].get("depends_on", {}).items():
        assert wanted == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[name]


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_published_to_this_machine_alone(service: str) -> None:
    for port in SERVICES[service].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_the_server_is_built_from_the_dockerfile() -> None:
    build = SERVICES["server"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_the_server_finds_its_services(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = image_variables() | SERVICES["server"]["environment"]
    for name, value in variables.items():
        given = value.replace("${POSTGRES_PASSWORD}", "secret").replace(
            "${ENCODER:-embedded}", "triton"
        )
        monkeypatch.setenv(name, given)
    settings = load_settings()

    assert settings.encoder.kind == "triton"
    assert settings.triton.address == "triton:8001"

    assert settings.vectors_uri == "http://milvus:19530"
    assert settings.store_url == "postgresql+psycopg://omnishelf:secret@postgres/omnishelf"
    database = SERVICES["postgres"]["environment"]
    assert (database["POSTGRES_USER"], database["POSTGRES_DB"]) == ("omnishelf", "omnishelf")
    data = Path(settings.data).as_posix()
    assert [mount.split(":")[1] for mount in SERVICES["server"]["volumes"]] == [data]


def test_ports_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in image_variables().items():
        monkeypatch.setenv(name, value)
    server = load_settings().server

    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)
    assert exposed is not None
    assert exposed[1].split() == [str(server.port), str(server.metrics_port)]
    assert SERVICES["server"]["ports"] == [f"127.0.0.1:{server.port}:{server.port}"]


def test_running_calls_end_before_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in image_variables().items():
        monkeypatch.setenv(name, value)
    allowed = float(SERVICES["server"]["stop_grace_period"].removesuffix("s"))
    assert allowed > load_settings().server.grace_seconds


def test_triton_starts_only_when_asked_for() -> None:
    assert SERVICES["triton"]["profiles"] == ["triton"]
    assert "triton" not in SERVICES["server"]["depends_on"]


def test_no_password_has_a_default() -> None:
    database = SERVICES["postgres"]["environment"]
    assert database["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
