"""The settings tree: defaults, then the file, then the environment, then flags; later ones win.

The file is YAML, named by ``--config`` or ``OMNISHELF_CONFIG``. An environment variable is
``OMNISHELF__SECTION__FIELD`` (``OMNISHELF__SERVER__PORT=9000``). An unknown key is an error that
names it. This is the only module that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from exporter.spec import STARTER_DIRECTORY
from server.errors import InvalidRequest, NotFound, Violation

CONFIG_VARIABLE = "OMNISHELF_CONFIG"
PREFIX = "OMNISHELF__"

DEFAULT_CATALOG = "default"
"""The catalog that commands mean where none is named."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LogFormat(StrEnum):
    """How a log line looks."""

    JSON = "json"
    CONSOLE = "console"


class EncoderKind(StrEnum):
    """Where towers run."""

    EMBEDDED = "embedded"
    TRITON = "triton"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ServerSettings(_Section):
    """Where the server listens and how much it takes on."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for every interface."""
    port: Port = 8700
    """gRPC port; 0 lets the system choose one."""
    metrics_port: Port = 0
    """Port of the Prometheus page; 0 for none."""
    max_in_flight: Annotated[int, Field(ge=1, le=1_000)] = 16
    """Calls worked on at one time; further ones are refused at once with RESOURCE_EXHAUSTED."""
    max_imports: Annotated[int, Field(ge=1, le=100)] = 4
    """Import streams open at one time, counted apart from other calls."""
    workers: Annotated[int, Field(ge=0, le=2_000)] = 0
    """Threads that answer calls; 0 for max_in_flight + max_imports + 8, so that a refusal never
    waits behind the work that is the reason for it."""
    default_deadline_seconds: Seconds = 10.0
    """Time allowed to a call that brings no deadline of its own."""
    grace_seconds: Seconds = 10.0
    """Time that running calls are given to end when the server stops."""
    page_token_key: SecretStr | None = None
    """Key that signs page tokens, at least 16 characters, the same on every replica; null for one
    kept in the store."""

    @model_validator(mode="after")
    def _enough(self) -> ServerSettings:
        if self.workers and self.workers < self.max_in_flight + self.max_imports:
            least = self.max_in_flight + self.max_imports
            raise ValueError(f"workers is {self.workers}; set it to 0 or to at least {least}")
        key = self.page_token_key
        if key is not None and len(key.get_secret_value()) < 16:  # noqa: PLR2004 - said in the text
            raise ValueError("page_token_key is too short; take at least 16 random characters")
        return self

    @property
    def threads(self) -> int:
        """Size of the thread pool."""
        return self.workers or self.max_in_flight + self.max_imports + 8


class EncoderSettings(_Section):
    """What turns words and pictures into vectors."""

    kind: EncoderKind = EncoderKind.EMBEDDED
    """Where towers run: `embedded` in this process, `triton` on a Triton server."""
    bundle: Path | None = None
    """Directory of the encoder bundle; null for the starter that ships."""
    beside: list[Path] = []
    """Directories of further bundles to open, for catalogs that were indexed with them."""
    shelf: Path | None = None
    """Folder of bundles that may be opened while the server runs; null for `bundles` in the data
    directory."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Threads of one tower's run in this process."""
    cache_bytes: Annotated[int, Field(ge=0)] = 64 * 2**20
    """Memory for the vectors of earlier queries; 0 for none."""
    twin: bool = True
    """Whether this process runs the towers itself while Triton is away, if it has their files."""


class TritonSettings(_Section):
    """The Triton server that runs the towers, where encoder.kind is `triton`."""

    address: str = "127.0.0.1:8001"
    """HOST:PORT of its gRPC endpoint; not used when it is managed."""
    managed: bool = False
    """Whether the server starts a Triton of its own, watches it, and stops it at the end."""
    environment: Path = Path(".venv-triton")
    """Virtual environment of the managed Triton, made by `make triton`."""
    ready_seconds: Seconds = 120.0
    """Time a Triton is given to answer rightly before the server gives up starting."""
    max_in_flight: Annotated[int, Field(ge=1, le=1_000)] = 16
    """Requests under way to it at one time; further ones wait for as long as their deadline lets
    them."""
    rows_a_request: Annotated[int, Field(ge=1, le=1_024)] = 32
    """Most texts or pictures in one request; larger batches are split and joined."""
    shared_memory: Literal["auto", "on", "off"] = "auto"
    """Whether tensors go through system shared memory: `auto` where Triton is on this host."""


class RetrievalSettings(_Section):
    """How candidates are found."""

    uri: str | None = None
    """Milvus: a file for the embedded engine, or http://host:19530; null for vectors.db in the data
    directory."""
    index_type: Literal["FLAT", "AUTOINDEX"] = "FLAT"
    """How Milvus searches dense vectors: FLAT compares with every one, AUTOINDEX is made for
    millions and needs a Milvus server; the embedded engine takes FLAT."""
    candidates: Annotated[int, Field(ge=1, le=1_000)] = 200
    """Candidates asked of each view."""
    lexical_weight: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.1
    """What the best word match adds to a cosine in retrieval order."""
    image_share_text_query: Share = 0.2
    """Share a of the picture in F = aI + (1 - a)T when a query is words."""
    image_share_picture_query: Share = 0.6
    """The same when a query has a picture."""


class RankingSettings(_Section):
    """How candidates are put in order."""

    enabled: bool = True
    """Whether the model orders; otherwise retrieval order is served."""
    ranker: Path | None = None
    """Directory of the ranker; null for the one that ships."""
    variety: Share = 0.1
    """Strength of maximal marginal relevance when the model orders; 0 for none."""


class StoreSettings(_Section):
    """Where products are kept."""

    url: SecretStr | None = None
    """SQLAlchemy URL (postgresql+psycopg://user:password@host/name); null for SQLite in the data
    directory."""


class LogSettings(_Section):
    """What the server says of itself, on stderr."""

    format: LogFormat = LogFormat.CONSOLE
    """`json` for machines, `console` for people."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level written; info writes one line a call, without the text of queries."""


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data: Path = Path("data")
    """Directory of everything that is kept on this machine; made when absent."""
    server: ServerSettings = ServerSettings()
    encoder: EncoderSettings = EncoderSettings()
    triton: TritonSettings = TritonSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    ranking: RankingSettings = RankingSettings()
    store: StoreSettings = StoreSettings()
    log: LogSettings = LogSettings()

    @property
    def bundle_directory(self) -> Path:
        """Where the encoder bundle is."""
        return self.encoder.bundle or STARTER_DIRECTORY

    @property
    def shelf_directory(self) -> Path:
        """Where bundles lie that may be opened while the server runs."""
        return self.encoder.shelf or self.data / "bundles"

    @property
    def vectors_uri(self) -> str:
        """Where the vector engine is."""
        return self.retrieval.uri or str(self.data / "vectors.db")

    @property
    def store_url(self) -> str:
        """Where the product store is; carries a password, so never to be logged."""
        url = self.store.url
        return url.get_secret_value() if url else f"sqlite:///{self.data / 'products.db'}"

    @property
    def address_file(self) -> Path:
        """Where a running server leaves its address for commands on the same data directory."""
        return self.data / "server.address"


def load_settings(
    config: Path | None = None, *, flags: Mapping[str, object] | None = None
) -> Settings:
    """Read the tree. ``flags`` maps dotted fields to values; None stands for "not given".

    Raises:
        NotFound: ``config`` (or what OMNISHELF_CONFIG names) is not there.
        InvalidRequest: with every key that is unknown or has a value it cannot have.

    Example:
        >>> load_settings(flags={"server.port": 9000, "server.host": None}).server.port
        9000
    """
    named = os.environ.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    document = _read(path) if path else {}
    _refuse_unknown_variables()

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file_settings = InitSettingsSource(settings_cls, init_kwargs=document)
            return init_settings, env_settings, file_settings

    try:
        return Layered(**_tree(flags or {}))
    except ValidationError as error:
        raise InvalidRequest([_violation(entry) for entry in error.errors()]) from None
    except SettingsError as error:
        violation = Violation(field=PREFIX, reason="SETTING_INVALID", description=str(error))
        raise InvalidRequest([violation]) from None


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise NotFound(f"{path} is not there; name a settings file with --config", file=str(path))
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from None
    if not isinstance(document, dict | None):
        raise _unreadable(path, "it holds no sections")
    return {str(key): value for key, value in (document or {}).items()}


def _unreadable(path: Path, why: str) -> InvalidRequest:
    description = f"it is not a YAML file of settings ({why}); see deploy/settings.example.yaml"
    return InvalidRequest(
        [Violation(field=str(path), reason="SETTINGS_FILE", description=description)]
    )


def _tree(flags: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for dotted, value in flags.items():
        if value is None:
            continue
        *sections, leaf = dotted.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[leaf] = value
    return tree


def _violation(entry: Any) -> Violation:  # noqa: ANN401 - pydantic's own error entry
    path = ".".join(str(step) for step in entry["loc"]) or "settings"
    if entry["type"] != "extra_forbidden":
        return Violation(field=path, reason="SETTING_INVALID", description=entry["msg"])
    section = Settings.model_fields.get(str(entry["loc"][0]))
    kind = section.annotation if section and len(entry["loc"]) > 1 else Settings
    known = ", ".join(getattr(kind, "model_fields", {}))
    description = f"there is no such setting; take one of {known}"
    return Violation(field=path, reason="SETTING_UNKNOWN", description=description)


def _refuse_unknown_variables() -> None:
    """Refuse misspelt sections, which pydantic-settings passes over in silence."""
    violations = []
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX):
            continue
        section = name[len(PREFIX) :].split("__")[0].lower()
        if section not in Settings.model_fields:
            known = ", ".join(Settings.model_fields)
            description = f"there is no such setting; after {PREFIX} write one of {known}"
            violations.append(
                Violation(field=name, reason="SETTING_UNKNOWN", description=description)
            )
    if violations:
        raise InvalidRequest(violations)
