"""The settings tree: defaults, then the file, then the environment, then flags; later ones win.

The file is YAML, named by ``--config`` or ``OMNISHELF_CONFIG``. An environment variable is
``OMNISHELF__SECTION__FIELD`` (``OMNISHELF__SERVER__PORT=9000``). An unknown key is an error that
names it. This is the only module that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from exporter.spec import STARTER_DIRECTORY
from server.errors import InvalidRequest, NotFound, Violation
from server.settings_sections import (
    EncoderKind,
    EncoderSettings,
    FeedbackSettings,
    LogFormat,
    LogSettings,
    RankingSettings,
    RetrievalSettings,
    ServerSettings,
    StoreSettings,
    TritonSettings,
)

__all__ = [
    "DEFAULT_CATALOG",
    "EncoderKind",
    "EncoderSettings",
    "FeedbackSettings",
    "LogFormat",
    "LogSettings",
    "RankingSettings",
    "RetrievalSettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "TritonSettings",
    "load_settings",
    "surroundings",
]

CONFIG_VARIABLE = "OMNISHELF_CONFIG"
PREFIX = "OMNISHELF__"

DEFAULT_CATALOG = "default"
"""The catalog that commands mean where none is named."""


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
    feedback: FeedbackSettings = FeedbackSettings()
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


def surroundings() -> dict[str, str]:
    """The environment variables this process was given, for a process that it starts."""
    return dict(os.environ)


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
